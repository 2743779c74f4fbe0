/*
 * place.c - address -> module and offset, by binary search in the dump's modules.
 */
#include "analyzer/place.h"

#include <string.h>

static bool module_holds(const struct dump_module *module, uint64_t address)
{
	return module->start.known && module->end.known && address >= module->start.value &&
	       address < module->end.value;
}

/* The last module that starts at or before the address. */
static const struct dump_module *module_find(const struct dump *dump, uint64_t address)
{
	size_t low = 0, high = dump->module_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (dump->modules[middle].start.value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	const struct dump_module *module = low ? &dump->modules[low - 1] : NULL;
	return module && module_holds(module, address) ? module : NULL;
}

struct place place_of_entry(const struct dump *dump, uint64_t address)
{
	const struct dump_module *module = module_find(dump, address);
	/* Without its bias a module says a name, but no address that its file would know. */
	uint64_t bias = module && module->bias.known ? module->bias.value : 0;
	return (struct place){.module = module, .address = address, .offset = address - bias};
}

struct place place_of_return(const struct dump *dump, uint64_t return_address)
{
	return place_of_entry(dump, return_address - 1);
}

const char *place_module_name(const struct place *place)
{
	if (!place->module || !place->module->path)
		return "?";
	const char *slash = strrchr(place->module->path, '/');
	return slash ? slash + 1 : place->module->path;
}

const char *place_module_identity(const struct place *place)
{
	if (place->module && place->module->build_id)
		return place->module->build_id;
	return place_module_name(place);
}
