/*
 * symbols.c - remembers what a source said of each place: ten thousand threads stand at a few dozen.
 */
#include "analyzer/symbols.h"
#include "analyzer/table.h"

#include <stdlib.h>

struct symbols {
	struct pool *pool;
	struct table *known;
	struct symbol_source *source;
};

struct symbols *symbols_new(struct symbol_source *source)
{
	struct pool *pool = pool_new();
	struct symbols *symbols = pool_alloc(pool, sizeof(*symbols));
	*symbols = (struct symbols){.pool = pool, .known = table_new(), .source = source};
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	symbols->source->close(symbols->source);
	table_free(symbols->known);
	pool_free(symbols->pool);
}

const struct symbol_list *symbols_of_place(struct symbols *symbols, const struct place *place)
{
	const struct {
		const struct dump_module *module;
		uint64_t offset;
	} key = {place->module, place->offset};
	void **slot = table_slot(symbols->known, &key, sizeof(key));
	if (!*slot) {
		struct symbol_list *list = pool_alloc(symbols->pool, sizeof(*list));
		*list = symbols->source->look_up(symbols->source, symbols->pool, place);
		*slot = list;
	}
	return *slot;
}
