/*
 * image.h - the bytes of a loaded object that its unwind tables are read from.
 */
#ifndef LEAKWATCH_IMAGE_H
#define LEAKWATCH_IMAGE_H

#include "preload/modules.h"

#include <stdbool.h>
#include <stdint.h>

/* The bytes of an object: from address low up to high. */
struct cfi_image {
	const unsigned char *bytes; /* of address low; NULL: read this process through the kernel */
	uintptr_t low, high;
	uintptr_t header; /* address of .eh_frame_hdr */
};

/* The image of a loaded object that cannot be unloaded while it is used, read in place: the segment
 * that holds the tables. False where that segment cannot be made out. */
bool cfi_image_live(const struct module_place *place, struct cfi_image *image);

/* The image of an object that may be unloaded at any moment. */
struct cfi_image cfi_image_guarded(const struct module_place *place);

#endif
