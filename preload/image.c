/*
 * image.c - where an object's tables may be read: within one readable segment, or through the kernel.
 */
#include "preload/image.h"

#include <elf.h>
#include <string.h>

#define HEADERS_MAX 64
#define PAGE	    4096

/*
 * The loader gives an object's whole range, and between its segments there may be pages that cannot be
 * read. Which segment holds the tables is in the program headers; they lie in the first page, which
 * linkers map readable.
 */
bool cfi_image_live(const struct module_place *place, struct cfi_image *image)
{
	const Elf64_Ehdr *file = (const Elf64_Ehdr *)place->start;
	if (place->end - place->start < sizeof(*file) ||
		memcmp(file->e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (file->e_phoff % 8 || file->e_phoff > PAGE || file->e_phnum > HEADERS_MAX ||
		file->e_phoff + file->e_phnum * sizeof(Elf64_Phdr) > PAGE)
		return false;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(place->start + file->e_phoff);
	uintptr_t bias = 0;
	bool based = false;
	for (unsigned i = 0; i < file->e_phnum; i++, segment++) {
		if (segment->p_type != PT_LOAD)
			continue;
		if (!based)
			bias = place->start - (segment->p_vaddr & -(Elf64_Addr)PAGE);
		based = true;
		uintptr_t low = bias + segment->p_vaddr, high = low + segment->p_filesz;
		if (place->eh_frame_header < low || place->eh_frame_header >= high)
			continue;
		*image = (struct cfi_image){
			(const unsigned char *)low, low, high, place->eh_frame_header};
		return segment->p_flags & PF_R && low >= place->start && high <= place->end;
	}
	return false;
}

struct cfi_image cfi_image_guarded(const struct module_place *place)
{
	return (struct cfi_image){NULL, place->start, place->end, place->eh_frame_header};
}
