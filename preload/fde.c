/*
 * fde.c - reads .eh_frame_hdr and the records of .eh_frame.
 *
 * Understood is what linkers and compilers write for x86-64: a sorted table of one format, augmentations
 * of the letters z, R, P, L and S, a return address in column 16. Other well-formed records are
 * FOUND_UNUSUAL, among them those of 64-bit DWARF; bytes that make no sense are FOUND_NONE.
 */
#include "preload/fde.h"
#include "preload/cursor.h"

#define RECORD_MAX   65536 /* bytes of one record, a bound for the time spent on it */
#define TABLE_ROW    8
#define TABLE_OFFSET 12 /* of the table in .eh_frame_hdr */

/* --- records -------------------------------------------------------------------------------------- */

static enum found found_failure(const struct cursor *cursor)
{
	return cursor->failed ? FOUND_NONE : FOUND_UNUSUAL;
}

/* Opens the record at an address and narrows the cursor to it. */
static enum found record_open(struct cursor *cursor, const struct cfi_image *image, uintptr_t at)
{
	cursor_open(cursor, image, at, 4);
	uint64_t bytes = cursor_number(cursor, 4);
	if (cursor->failed || bytes == 0)
		return FOUND_NONE;
	if (bytes > RECORD_MAX)
		return FOUND_UNUSUAL;
	if (image->high - cursor->at < bytes)
		return FOUND_NONE;
	cursor->end = cursor->at + bytes;
	return FOUND;
}

static struct program program_rest(const struct cursor *cursor)
{
	return (struct program){cursor->at, cursor->failed ? 0 : cursor->end - cursor->at};
}

/* The letters of the augmentation, and the data for each. */
static bool cie_augmentation(struct cie *cie, const char *letters, struct cursor *cursor)
{
	uint64_t bytes = cursor_uleb(cursor);
	uintptr_t start = cursor->at;
	for (; *letters && !cursor->failed; letters++) {
		unsigned encoding;
		switch (*letters) {
		case 'R':
			cie->encoding = cursor_byte(cursor);
			break;
		case 'L':
			cursor_byte(cursor);
			break;
		case 'P':
			encoding = cursor_byte(cursor) & ~(unsigned)ENC_INDIRECT;
			if (!encoded_bytes(encoding))
				return false;
			cursor_skip(cursor, encoded_bytes(encoding));
			break;
		case 'S':
			cie->signal_frame = true;
			break;
		default:
			return false;
		}
	}
	cursor->at = start;
	cursor_skip(cursor, bytes);
	return true;
}

static enum found cie_read(const struct cfi_image *image, uintptr_t at, struct cie *cie)
{
	struct cursor cursor;
	char letters[8] = "";
	enum found found = record_open(&cursor, image, at);
	if (found != FOUND)
		return found;
	if (cursor_number(&cursor, 4) != 0)
		return FOUND_NONE;
	unsigned version = cursor_byte(&cursor);
	if (version != 1 && version != 3)
		return found_failure(&cursor);
	for (unsigned i = 0; (letters[i] = (char)cursor_byte(&cursor)) != 0; i++)
		if (i + 1 == sizeof(letters))
			return FOUND_UNUSUAL;
	*cie = (struct cie){.augmented = letters[0] == 'z', .encoding = ENC_ABSPTR};
	cie->code_align = cursor_uleb(&cursor);
	cie->data_align = cursor_sleb(&cursor);
	uint64_t ra = version == 1 ? cursor_byte(&cursor) : cursor_uleb(&cursor);
	if (cie->augmented ? !cie_augmentation(cie, letters + 1, &cursor) : letters[0] != 0)
		return found_failure(&cursor);
	if (cursor.failed)
		return FOUND_NONE;
	if (ra != 16 || !encoding_known(cie->encoding))
		return FOUND_UNUSUAL;
	cie->program = program_rest(&cursor);
	return FOUND;
}

static enum found fde_read(const struct cfi_image *image, uintptr_t at, struct fde *fde)
{
	struct cursor cursor;
	enum found found = record_open(&cursor, image, at);
	if (found != FOUND)
		return found;
	uintptr_t here = cursor.at;
	uint64_t back = cursor_number(&cursor, 4);
	if (back == 0 || back > here)
		return FOUND_NONE;
	found = cie_read(image, here - back, &fde->cie);
	if (found != FOUND)
		return found;
	fde->start = cursor_pointer(&cursor, fde->cie.encoding);
	fde->end = fde->start + cursor_pointer(&cursor, fde->cie.encoding & ENC_FORMAT);
	if (fde->cie.augmented)
		cursor_skip(&cursor, cursor_uleb(&cursor));
	fde->program = program_rest(&cursor);
	return cursor.failed || fde->end < fde->start ? FOUND_NONE : FOUND;
}

/* --- the sorted table ----------------------------------------------------------------------------- */

static enum found table_count(const struct cfi_image *image, uint64_t *count)
{
	struct cursor cursor;
	cursor_open(&cursor, image, image->header, TABLE_OFFSET);
	unsigned version = cursor_byte(&cursor), frame_enc = cursor_byte(&cursor);
	unsigned count_enc = cursor_byte(&cursor), table_enc = cursor_byte(&cursor);
	cursor_skip(&cursor, encoded_bytes(frame_enc) == 4 ? 4 : UINT64_MAX);
	*count = cursor_number(&cursor, 4);
	if (cursor.failed || version != 1)
		return FOUND_NONE;
	return count_enc == ENC_UDATA4 && table_enc == ENC_TABLE ? FOUND : FOUND_UNUSUAL;
}

/* The row at an index: where its code starts and where its FDE lies. */
static bool table_row(struct cursor *cursor, uint64_t index, uintptr_t *start, uintptr_t *fde)
{
	uintptr_t header = cursor->image->header;
	cursor->at = header + TABLE_OFFSET + index * TABLE_ROW;
	if (cursor->at < header)
		return false;
	*start = header + (uintptr_t)cursor_s32(cursor);
	*fde = header + (uintptr_t)cursor_s32(cursor);
	return !cursor->failed;
}

enum found fde_find(const struct cfi_image *image, uintptr_t pc, struct fde *fde)
{
	uint64_t low = 0, high;
	uintptr_t start, at, best = 0;
	struct cursor cursor;
	enum found found = table_count(image, &high);
	if (found != FOUND)
		return found;
	cursor_open(&cursor, image, image->header, high * TABLE_ROW + TABLE_OFFSET);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (!table_row(&cursor, middle, &start, &at))
			return FOUND_NONE;
		if (start <= pc) {
			best = at;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (!best)
		return FOUND_NONE;
	found = fde_read(image, best, fde);
	if (found == FOUND && (pc < fde->start || pc >= fde->end))
		return FOUND_NONE;
	return found;
}
