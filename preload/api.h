/*
 * api.h - what the host may call by itself. include/leakwatch.h finds these by name, and says what they promise.
 */
#ifndef LEAKWATCH_API_H
#define LEAKWATCH_API_H

int leakwatch_api_dump(void);
int leakwatch_api_check(unsigned grace_ms);
void leakwatch_api_ignore_thread(void);
void leakwatch_api_scope_begin(const char *name);
void leakwatch_api_scope_end(void);

#endif
