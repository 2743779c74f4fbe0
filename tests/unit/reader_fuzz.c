/*
 * reader_fuzz.c - golden dumps, damaged in a fixed series of ways, through the reader and every
 * renderer. It fails by crashing, by the sanitizers, and if no damage was ever survived or refused.
 */
#include "tests/fuzz/reader.c"

#include <setjmp.h>
#include <stdarg.h>
#include <glob.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define SEED		20261122u
#define SECONDS		3
#define ROUNDS_AT_LEAST 500 /* of each seed file, however slow the machine */
#define SIZE_MAX_SEED	65536 /* large dumps are slow and add nothing */

struct seed {
	char *bytes;
	size_t size;
};

static struct seed seeds[64];
static size_t seed_count;
static uint32_t random_state = SEED;

/* Marsaglia's xorshift: the same series everywhere. */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

static void seed_read(const char *path)
{
	static char buffer[SIZE_MAX_SEED + 1];
	FILE *file = fopen(path, "re");
	size_t size = file ? fread(buffer, 1, sizeof(buffer), file) : 0;
	if (file)
		fclose(file);
	if (!size || size > SIZE_MAX_SEED || seed_count == 64)
		return;
	struct seed *seed = &seeds[seed_count++];
	seed->bytes = memcpy(malloc(size), buffer, size);
	seed->size = size;
}

static int seeds_read(void **state)
{
	glob_t found;
	(void)state;
	if (glob("tests/golden/*/dump*", 0, NULL, &found))
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++)
		seed_read(found.gl_pathv[i]);
	globfree(&found);
	return seed_count ? 0 : -1;
}

static int seeds_free(void **state)
{
	(void)state;
	while (seed_count)
		free(seeds[--seed_count].bytes);
	return 0;
}

static size_t line_start(const struct seed *dump, size_t at)
{
	while (at && dump->bytes[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(const struct seed *dump, size_t at)
{
	while (at < dump->size && dump->bytes[at] != '\n')
		at++;
	return at < dump->size ? at + 1 : at;
}

/* Each damage works in place and never makes the dump larger, but for the doubled line. */
static void damage(struct seed *dump)
{
	static const char interesting[] = "0123456789abcdefx@-%= \n\r#\xff\x7f";
	size_t at = random_below((uint32_t)dump->size);
	size_t start = line_start(dump, at), end = line_end(dump, at);
	switch (random_below(6)) {
	case 0: /* a bit */
		dump->bytes[at] ^= (char)(1u << random_below(8));
		break;
	case 1: /* a byte that means something */
		dump->bytes[at] = interesting[random_below(sizeof(interesting))];
		break;
	case 2: /* bytes lost */
		memmove(dump->bytes + at, dump->bytes + at + 1, dump->size - at - 1);
		dump->size--;
		break;
	case 3: /* a line lost */
		memmove(dump->bytes + start, dump->bytes + end, dump->size - end);
		dump->size -= end - start;
		break;
	case 4: /* a line twice */
		memmove(dump->bytes + end, dump->bytes + start, dump->size - start);
		dump->size += end - start;
		break;
	default: /* cut short */
		if (!random_below(8))
			dump->size = at;
		break;
	}
}

/* A wrong count would hide all damage that the reader would otherwise accept. */
static void count_repair(struct seed *dump)
{
	const char key[] = "# leakwatch end lines=";
	size_t lines = 0;
	for (size_t i = 0; i < dump->size; i++)
		lines += dump->bytes[i] == '\n';
	dump->size = line_start(dump, dump->size ? dump->size - 1 : 0);
	dump->size += (size_t)sprintf(dump->bytes + dump->size, "%s%zu took_ns=1\n", key, lines);
}

static void test_damaged_dumps(void **state)
{
	time_t end = time(NULL) + SECONDS;
	(void)state;
	for (size_t round = 0; round < ROUNDS_AT_LEAST || time(NULL) < end; round++) {
		for (size_t i = 0; i < seed_count; i++) {
			/* Each damage may double the longest line; 4 of them. */
			struct seed copy = {malloc(16 * seeds[i].size + 128), seeds[i].size};
			memcpy(copy.bytes, seeds[i].bytes, copy.size);
			for (uint32_t n = random_below(4) + 1; n && copy.size; n--)
				damage(&copy);
			if (copy.size && random_below(2))
				count_repair(&copy);
			LLVMFuzzerTestOneInput((const unsigned char *)copy.bytes, copy.size);
			free(copy.bytes);
		}
	}
}

static void test_seeds_are_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < seed_count; i++) {
		struct dump *dump;
		struct complaint complaint;
		if (reader_read("seed", seeds[i].bytes, seeds[i].size, &dump, &complaint))
			fail_msg("%s", complaint.words);
		dump_free(dump);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds_are_good),
		cmocka_unit_test(test_damaged_dumps),
	};
	return cmocka_run_group_tests(tests, seeds_read, seeds_free);
}
