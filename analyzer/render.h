/*
 * render.h - the forms of a report, one render_NAME.c each. They only print.
 */
#ifndef LEAKWATCH_RENDER_H
#define LEAKWATCH_RENDER_H

#include "analyzer/report.h"

#include <stdio.h>

/* A count profile in the form of Go's goroutine?debug=1, which go tool pprof opens, with the summary and all
 * else in comment lines. */
void render_debug1(const struct report *report, FILE *out);

/* A thread a paragraph, in the form of Go's goroutine?debug=2. */
void render_debug2(const struct report *report, FILE *out);

/* One JSON object, schema 1. */
void render_json(const struct report *report, FILE *out);

#endif
