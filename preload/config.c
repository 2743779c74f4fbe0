/*
 * config.c - environment -> struct config. The only reader of the environment.
 */
#include "preload/config.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS  1000000000ull
#define TICK_LEAST (SECOND_NS / 100)

struct config config = {
	.interval_ns = 60 * SECOND_NS,
	.tick_ns = SECOND_NS,
	.keep = 60,
	.prove_limit_ns = 10 * SECOND_NS,
};

bool config_seconds(const char *text, uint64_t *ns)
{
	uint64_t value = 0, unit = SECOND_NS;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > ENVIRONMENT_SECONDS_MAX)
			return false;
	}
	value *= SECOND_NS;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++) {
			unit /= 10;
			value += unit * (uint64_t)(*text - '0');
		}
	if (*text)
		return false;
	*ns = value;
	return true;
}

/* A whole number; false, and *count untouched, for anything else. */
static bool config_count(const char *text, uint32_t *count)
{
	uint64_t value = 0;
	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9' && value <= ENVIRONMENT_KEEP_MAX; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	if (*text || value > ENVIRONMENT_KEEP_MAX)
		return false;
	*count = (uint32_t)value;
	return true;
}

static bool config_flag(const char *name)
{
	const char *text = getenv(name);
	return text && *text && strcmp(text, "0") != 0;
}

static void config_number(const char *name, uint32_t *count)
{
	const char *text = getenv(name);
	if (text)
		config_count(text, count);
}

static void config_time(const char *name, uint64_t *ns)
{
	const char *text = getenv(name);
	if (text)
		config_seconds(text, ns);
}

void config_read(void)
{
	const char *directory = getenv("LEAKWATCH_DIR");
	if (directory && directory[0] == '/' && strlen(directory) < sizeof config.directory)
		strcpy(config.directory, directory);
	config_time("LEAKWATCH_INTERVAL", &config.interval_ns);
	config_time("LEAKWATCH_TICK", &config.tick_ns);
	if (config.tick_ns < TICK_LEAST)
		config.tick_ns = TICK_LEAST;
	config_number("LEAKWATCH_KEEP", &config.keep);
	config_time("LEAKWATCH_EXIT_GRACE", &config.exit_grace_ns);
	config.at_exit = config_flag("LEAKWATCH_AT_EXIT");
	config_time("LEAKWATCH_PROVE_LIMIT", &config.prove_limit_ns);
	config_number("LEAKWATCH_PROVE_EVERY", &config.prove_every);
	config.prove_exit = config_flag("LEAKWATCH_PROVE_EXIT");
	config.off = config_flag("LEAKWATCH_OFF");
}
