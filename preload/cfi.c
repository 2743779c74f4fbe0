/*
 * cfi.c - reads .eh_frame_hdr and .eh_frame, and runs their programs up to one address.
 *
 * Guarantee: every byte is fetched by reader_byte(), which stays within the image and within the record
 * at hand. Bytes that make no sense give RULE_NONE. Every loop consumes bytes or is counted.
 *
 * Understood is what compilers and glibc's hand-written code emit for x86-64: augmentations of the
 * letters z, R, P, L and S; a CFA that is a register plus an offset, possibly dereferenced (realigned
 * stacks, signal frames), or the formula of a procedure linkage table; registers saved relative to the
 * CFA or to one other register. All else is RULE_UNUSUAL and left to libunwind: the sorted table must
 * be of the one format that linkers write, and val_expression, 64-bit DWARF, set_loc and a return
 * address kept in a register are refused.
 */
#include "preload/cfi.h"
#include "preload/registers.h"
#include "preload/sys.h"

#include <elf.h>
#include <string.h>

/* Pointer encodings (LSB, "DWARF Exception Header Encoding"). */
enum {
	ENC_FORMAT = 0x0f,
	ENC_ABSPTR = 0x00,
	ENC_UDATA4 = 0x03,
	ENC_UDATA8 = 0x04,
	ENC_SDATA4 = 0x0b,
	ENC_SDATA8 = 0x0c,
	ENC_PCREL = 0x10,
	ENC_TABLE = 0x3b, /* datarel sdata4: the only sorted table that linkers write */
	ENC_INDIRECT = 0x80,
};

enum {
	OP_DEREF = 0x06,
	OP_PLUS_UCONST = 0x23,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

#define CFA_UNKNOWN   0xff /* a cfa_base that is no register of ours */
#define STATES_MAX    8 /* depth of remember_state; compilers use 1, hand-written code 2 */
#define PROGRAM_MAX   65536 /* bytes of one record, a bound for the time spent on it */
#define SEGMENTS_MAX  64
#define REFILL_BYTES  256
#define TABLE_ROW     8
#define TABLE_OFFSET  12 /* of the table in .eh_frame_hdr */
#define DW_REGISTERS  17
#define DW_BIT(index) (1u << (index))

/* --- bytes ---------------------------------------------------------------------------------------- */

struct reader {
	const struct cfi_image *image;
	uintptr_t at, end;
	const unsigned char *window; /* bytes of addresses window_low to window_high */
	uintptr_t window_low, window_high;
	bool failed;
	unsigned char refill[REFILL_BYTES];
};

static void reader_open(
	struct reader *reader, const struct cfi_image *image, uintptr_t at, uintptr_t bytes)
{
	reader->image = image;
	reader->at = at;
	reader->failed = at < image->low || at >= image->high;
	reader->end = !reader->failed && bytes < image->high - at ? at + bytes : image->high;
	reader->window = image->bytes;
	reader->window_low = image->bytes ? image->low : 0;
	reader->window_high = image->bytes ? image->high : 0;
}

/* A reader of its own over what is left. Readers are never copied: a copy's window would lie in the
 * refill of the original. */
static void reader_rest(struct reader *rest, const struct reader *reader)
{
	reader_open(rest, reader->image, reader->at, reader->failed ? 0 : reader->end - reader->at);
	rest->failed |= reader->failed;
}

/* Whole blocks, so that the last steps of a search in the table find their rows in the window, and no
 * block lies across two pages, of which one might be missing. */
static bool reader_refill(struct reader *reader)
{
	const struct cfi_image *image = reader->image;
	uintptr_t low = reader->at & -(uintptr_t)REFILL_BYTES, high = low + REFILL_BYTES;
	if (image->bytes)
		return false;
	if (low < image->low)
		low = image->low;
	if (high > image->high)
		high = image->high;
	reader->window = reader->refill;
	reader->window_low = low;
	reader->window_high = low;
	if (sys_peek(reader->refill, low, high - low) != (long)(high - low))
		return false;
	reader->window_high = high;
	return true;
}

static bool reader_more(const struct reader *reader)
{
	return !reader->failed && reader->at < reader->end;
}

/* The next byte; 0 and failed where there is none. */
static unsigned reader_byte(struct reader *reader)
{
	bool inside = reader->at >= reader->window_low && reader->at < reader->window_high;
	if (!reader_more(reader) || (!inside && !reader_refill(reader))) {
		reader->failed = true;
		return 0;
	}
	return reader->window[reader->at++ - reader->window_low];
}

static uint64_t reader_number(struct reader *reader, unsigned bytes)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)reader_byte(reader) << (8 * i);
	return number;
}

static int64_t reader_s32(struct reader *reader)
{
	return (int32_t)reader_number(reader, 4);
}

static uint64_t reader_uleb(struct reader *reader)
{
	uint64_t number = 0;
	unsigned byte, shift = 0;
	do {
		byte = reader_byte(reader);
		if (shift < 64)
			number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return number;
}

static int64_t reader_sleb(struct reader *reader)
{
	uint64_t number = 0;
	unsigned byte, shift = 0;
	do {
		byte = reader_byte(reader);
		if (shift < 64)
			number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		number |= ~(uint64_t)0 << shift;
	return (int64_t)number;
}

static void reader_skip(struct reader *reader, uint64_t bytes)
{
	if (reader->failed || bytes > reader->end - reader->at)
		reader->failed = true;
	else
		reader->at += bytes;
}

static unsigned encoded_bytes(unsigned encoding)
{
	switch (encoding & ENC_FORMAT) {
	case ENC_UDATA4:
	case ENC_SDATA4:
		return 4;
	case ENC_ABSPTR:
	case ENC_UDATA8:
	case ENC_SDATA8:
		return 8;
	}
	return 0;
}

static uintptr_t reader_pointer(struct reader *reader, unsigned encoding)
{
	uintptr_t base = encoding & ENC_PCREL ? reader->at : 0;
	if ((encoding & ENC_FORMAT) == ENC_SDATA4)
		return base + (uintptr_t)reader_s32(reader);
	return base + reader_number(reader, encoded_bytes(encoding));
}

static bool encoding_known(unsigned encoding)
{
	return encoded_bytes(encoding) && !(encoding & ~(ENC_FORMAT | ENC_PCREL));
}

/* --- images --------------------------------------------------------------------------------------- */

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
	if (file->e_phoff % 8 || file->e_phoff > 4096 || file->e_phnum > SEGMENTS_MAX ||
		file->e_phoff + file->e_phnum * sizeof(Elf64_Phdr) > 4096)
		return false;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(place->start + file->e_phoff);
	uintptr_t bias = 0;
	bool based = false;
	for (unsigned i = 0; i < file->e_phnum; i++, segment++) {
		if (segment->p_type != PT_LOAD)
			continue;
		if (!based)
			bias = place->start - (segment->p_vaddr & -(Elf64_Addr)4096);
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

/* --- records -------------------------------------------------------------------------------------- */

struct program {
	uintptr_t at;
	uintptr_t bytes;
};

struct cie {
	uint64_t code_align;
	int64_t data_align;
	unsigned encoding; /* of addresses in its FDEs */
	bool augmented; /* FDEs carry a length of augmentation data */
	bool signal_frame;
	struct program program;
};

struct fde {
	uintptr_t start, end; /* the code that it describes */
	struct cie cie;
	struct program program;
};

/* What becomes of a look-up: unusual is left to libunwind, none is final. */
enum found { FOUND, FOUND_NONE, FOUND_UNUSUAL };

static enum found found_failure(const struct reader *reader)
{
	return reader->failed ? FOUND_NONE : FOUND_UNUSUAL;
}

/* Opens the record at an address and narrows the reader to it. */
static enum found record_open(struct reader *reader, const struct cfi_image *image, uintptr_t at)
{
	reader_open(reader, image, at, 4);
	uint64_t bytes = reader_number(reader, 4);
	if (reader->failed || bytes == 0)
		return FOUND_NONE;
	if (bytes > PROGRAM_MAX)
		return FOUND_UNUSUAL;
	if (image->high - reader->at < bytes)
		return FOUND_NONE;
	reader->end = reader->at + bytes;
	return FOUND;
}

static struct program program_rest(const struct reader *reader)
{
	return (struct program){reader->at, reader->failed ? 0 : reader->end - reader->at};
}

/* The letters of the augmentation, and the data for each. */
static bool cie_augmentation(struct cie *cie, const char *letters, struct reader *reader)
{
	uint64_t bytes = reader_uleb(reader);
	uintptr_t start = reader->at;
	for (; *letters && !reader->failed; letters++) {
		unsigned encoding;
		switch (*letters) {
		case 'R':
			cie->encoding = reader_byte(reader);
			break;
		case 'L':
			reader_byte(reader);
			break;
		case 'P':
			encoding = reader_byte(reader) & ~(unsigned)ENC_INDIRECT;
			if (!encoded_bytes(encoding))
				return false;
			reader_skip(reader, encoded_bytes(encoding));
			break;
		case 'S':
			cie->signal_frame = true;
			break;
		default:
			return false;
		}
	}
	reader->at = start;
	reader_skip(reader, bytes);
	return true;
}

static enum found cie_read(const struct cfi_image *image, uintptr_t at, struct cie *cie)
{
	struct reader reader;
	char letters[8] = "";
	enum found found = record_open(&reader, image, at);
	if (found != FOUND)
		return found;
	if (reader_number(&reader, 4) != 0)
		return FOUND_NONE;
	unsigned version = reader_byte(&reader);
	if (version != 1 && version != 3)
		return found_failure(&reader);
	for (unsigned i = 0; (letters[i] = (char)reader_byte(&reader)) != 0; i++)
		if (i + 1 == sizeof(letters))
			return FOUND_UNUSUAL;
	*cie = (struct cie){.augmented = letters[0] == 'z', .encoding = ENC_ABSPTR};
	cie->code_align = reader_uleb(&reader);
	cie->data_align = reader_sleb(&reader);
	uint64_t ra = version == 1 ? reader_byte(&reader) : reader_uleb(&reader);
	if (cie->augmented ? !cie_augmentation(cie, letters + 1, &reader) : letters[0] != 0)
		return found_failure(&reader);
	if (reader.failed)
		return FOUND_NONE;
	if (ra != 16 || !encoding_known(cie->encoding))
		return FOUND_UNUSUAL;
	cie->program = program_rest(&reader);
	return FOUND;
}

static enum found fde_read(const struct cfi_image *image, uintptr_t at, struct fde *fde)
{
	struct reader reader;
	enum found found = record_open(&reader, image, at);
	if (found != FOUND)
		return found;
	uintptr_t here = reader.at;
	uint64_t back = reader_number(&reader, 4);
	if (back == 0 || back > here)
		return FOUND_NONE;
	found = cie_read(image, here - back, &fde->cie);
	if (found != FOUND)
		return found;
	fde->start = reader_pointer(&reader, fde->cie.encoding);
	fde->end = fde->start + reader_pointer(&reader, fde->cie.encoding & ENC_FORMAT);
	if (fde->cie.augmented)
		reader_skip(&reader, reader_uleb(&reader));
	fde->program = program_rest(&reader);
	return reader.failed || fde->end < fde->start ? FOUND_NONE : FOUND;
}

/* --- the sorted table ----------------------------------------------------------------------------- */

static enum found table_count(const struct cfi_image *image, uint64_t *count)
{
	struct reader reader;
	reader_open(&reader, image, image->header, TABLE_OFFSET);
	unsigned version = reader_byte(&reader), frame_enc = reader_byte(&reader);
	unsigned count_enc = reader_byte(&reader), table_enc = reader_byte(&reader);
	reader_skip(&reader, encoded_bytes(frame_enc) == 4 ? 4 : UINT64_MAX);
	*count = reader_number(&reader, 4);
	if (reader.failed || version != 1)
		return FOUND_NONE;
	return count_enc == ENC_UDATA4 && table_enc == ENC_TABLE ? FOUND : FOUND_UNUSUAL;
}

/* The row at an index: where its code starts and where its FDE lies. */
static bool table_row(struct reader *reader, uint64_t index, uintptr_t *start, uintptr_t *fde)
{
	uintptr_t header = reader->image->header;
	reader->at = header + TABLE_OFFSET + index * TABLE_ROW;
	if (reader->at < header)
		return false;
	*start = header + (uintptr_t)reader_s32(reader);
	*fde = header + (uintptr_t)reader_s32(reader);
	return !reader->failed;
}

static enum found fde_find(const struct cfi_image *image, uintptr_t pc, struct fde *fde)
{
	uint64_t low = 0, high;
	uintptr_t start, at, best = 0;
	struct reader reader;
	enum found found = table_count(image, &high);
	if (found != FOUND)
		return found;
	reader_open(&reader, image, image->header, high * TABLE_ROW + TABLE_OFFSET);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (!table_row(&reader, middle, &start, &at))
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

bool cfi_function(const struct cfi_image *image, uintptr_t pc, uintptr_t *start, uintptr_t *end)
{
	struct fde fde;
	if (fde_find(image, pc, &fde) != FOUND)
		return false;
	*start = fde.start;
	*end = fde.end;
	return true;
}

/* --- programs ------------------------------------------------------------------------------------- */

struct state {
	struct rule rule;
	uint8_t strange; /* registers whose rule is not plain */
};

struct machine {
	struct state now, initial, remembered[STATES_MAX];
	unsigned depth;
	uintptr_t pc, location; /* looked for; reached */
	const struct cie *cie;
	bool unusual; /* met what this machine does not know */
};

/* The place of a DWARF register in ours; REGISTERS for one that nobody needs. */
static unsigned register_of(uint64_t dwarf)
{
	static const uint8_t ours[DW_REGISTERS] = {[0] = REGISTERS,
		[1] = REGISTERS,
		[2] = REGISTERS,
		[3] = AT_BX,
		[4] = REGISTERS,
		[5] = REGISTERS,
		[6] = AT_BP,
		[7] = AT_SP,
		[8] = REGISTERS,
		[9] = REGISTERS,
		[10] = REGISTERS,
		[11] = REGISTERS,
		[12] = AT_R12,
		[13] = AT_R13,
		[14] = AT_R14,
		[15] = AT_R15,
		[16] = AT_PC};
	return dwarf < DW_REGISTERS ? ours[dwarf] : REGISTERS;
}

static void state_clear(struct state *state, unsigned index)
{
	uint8_t others = (uint8_t)~DW_BIT(index);
	state->rule.saved &= others;
	state->rule.elsewhere &= others;
	state->rule.lost &= others;
	state->strange &= others;
}

static void state_same(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index < REGISTERS)
		state_clear(state, index);
}

static void state_lost(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->rule.lost |= (uint8_t)DW_BIT(index);
}

static void state_strange(struct state *state, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->strange |= (uint8_t)DW_BIT(index);
}

static void state_saved(struct state *state, uint64_t dwarf, int64_t offset)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	state_clear(state, index);
	state->rule.offset[index] = (int16_t)offset;
	if (offset == (int16_t)offset)
		state->rule.saved |= (uint8_t)DW_BIT(index);
	else
		state->strange |= (uint8_t)DW_BIT(index);
}

static void state_elsewhere(struct state *state, uint64_t dwarf, uint64_t base, int64_t offset)
{
	unsigned index = register_of(dwarf), from = register_of(base);
	state_saved(state, dwarf, offset);
	if (index == REGISTERS || !(state->rule.saved & DW_BIT(index)))
		return;
	if (from == REGISTERS || (state->rule.elsewhere && state->rule.elsewhere_base != from)) {
		state_strange(state, dwarf);
		return;
	}
	state->rule.saved &= (uint8_t)~DW_BIT(index);
	state->rule.elsewhere |= (uint8_t)DW_BIT(index);
	state->rule.elsewhere_base = (uint8_t)from;
}

static void state_restore(struct machine *machine, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	if (index == REGISTERS)
		return;
	const struct state *initial = &machine->initial;
	struct state *now = &machine->now;
	uint8_t bit = (uint8_t)DW_BIT(index);
	state_clear(now, index);
	now->rule.saved |= initial->rule.saved & bit;
	now->rule.lost |= initial->rule.lost & bit;
	/* CIEs do not save relative to other registers; one that did would need its base as well. */
	now->strange |= (initial->strange | initial->rule.elsewhere) & bit;
	now->rule.offset[index] = initial->rule.offset[index];
}

static void cfa_offset(struct rule *rule, int64_t offset)
{
	rule->cfa_offset = (int32_t)offset;
	if (offset != (int32_t)offset || rule->cfa_deref)
		rule->cfa_base = CFA_UNKNOWN;
}

static void cfa_register(struct rule *rule, uint64_t dwarf)
{
	unsigned index = register_of(dwarf);
	rule->cfa_base = index < REGISTERS && !rule->cfa_deref ? (uint8_t)index : CFA_UNKNOWN;
}

static void cfa_set(struct rule *rule, uint64_t dwarf, int64_t offset)
{
	rule->cfa_deref = false;
	rule->cfa_plus = 0;
	cfa_register(rule, dwarf);
	cfa_offset(rule, offset);
}

/* A base register plus an offset: how every expression that we know begins. False leaves it unread. */
static bool expression_base(struct reader *block, uint64_t *dwarf, int64_t *offset)
{
	unsigned op = reader_byte(block);
	*dwarf = op - OP_BREG0;
	*offset = reader_sleb(block);
	return op >= OP_BREG0 && op < OP_BREG0 + 32 && !block->failed;
}

/*
 * Linkers describe a procedure linkage table, whose entries all push at the same offset, as
 * "rsp + 8, and 8 more from byte N of each 16 on": breg7 8, breg16 0, lit15, and, litN, ge, lit3, shl,
 * plus. The pc is known here, so it is a plain rule after all.
 */
static bool cfa_linkage_table(struct reader *block, uintptr_t pc, struct rule *rule)
{
	static const uint8_t formula[] = {0x80, 0x00, 0x3f, 0x1a, OP_LIT0, 0x2a, 0x33, 0x24, 0x22};
	unsigned from = 0;
	for (unsigned i = 0; i < sizeof(formula); i++) {
		unsigned byte = reader_byte(block);
		if (formula[i] == OP_LIT0)
			from = byte - OP_LIT0;
		else if (byte != formula[i])
			return false;
	}
	if (from > 15 || reader_more(block))
		return false;
	rule->cfa_offset += (pc & 15) >= from ? 8 : 0;
	return true;
}

static bool cfa_dereferenced(struct reader *block, struct rule *rule)
{
	uint64_t plus = 0;
	if (reader_byte(block) != OP_DEREF)
		return false;
	if (reader_more(block)) {
		if (reader_byte(block) != OP_PLUS_UCONST)
			return false;
		plus = reader_uleb(block);
	}
	rule->cfa_deref = true;
	rule->cfa_plus = (int16_t)plus;
	return plus <= INT16_MAX && !reader_more(block);
}

/* Opens the block at the reader, which is moved past it. */
static void block_take(struct reader *reader, struct reader *block)
{
	uint64_t bytes = reader_uleb(reader);
	uintptr_t at = reader->at;
	reader_skip(reader, bytes);
	reader_open(block, reader->image, at, reader->failed ? 0 : bytes);
	block->failed |= reader->failed;
}

static void cfa_expression(struct machine *machine, struct reader *reader)
{
	struct rule *rule = &machine->now.rule;
	struct reader block, again;
	uint64_t dwarf;
	int64_t offset;
	block_take(reader, &block);
	if (!expression_base(&block, &dwarf, &offset)) {
		rule->cfa_base = CFA_UNKNOWN;
		return;
	}
	cfa_set(rule, dwarf, offset);
	if (!reader_more(&block))
		return;
	reader_rest(&again, &block);
	if (!cfa_linkage_table(&block, machine->pc, rule) && !cfa_dereferenced(&again, rule))
		rule->cfa_base = CFA_UNKNOWN;
}

static void saved_expression(struct state *state, struct reader *reader)
{
	uint64_t target = reader_uleb(reader), base;
	struct reader block;
	int64_t offset;
	block_take(reader, &block);
	if (expression_base(&block, &base, &offset) && !reader_more(&block))
		state_elsewhere(state, target, base, offset);
	else
		state_strange(state, target);
}

static int64_t reader_factored(struct reader *reader, const struct machine *machine)
{
	return (int64_t)(reader_uleb(reader) * (uint64_t)machine->cie->data_align);
}

static int64_t reader_factored_sf(struct reader *reader, const struct machine *machine)
{
	return (int64_t)((uint64_t)reader_sleb(reader) * (uint64_t)machine->cie->data_align);
}

/* The opcodes that say where the CFA is (DWARF 5, 6.4.2.2). False for one that does not. */
static bool machine_cfa(struct machine *machine, unsigned op, struct reader *reader)
{
	struct rule *rule = &machine->now.rule;
	uint64_t dwarf;
	switch (op) {
	case 0x0c: /* def_cfa */
		dwarf = reader_uleb(reader);
		cfa_set(rule, dwarf, (int64_t)reader_uleb(reader));
		return true;
	case 0x0d: /* def_cfa_register */
		cfa_register(rule, reader_uleb(reader));
		return true;
	case 0x0e: /* def_cfa_offset */
		cfa_offset(rule, (int64_t)reader_uleb(reader));
		return true;
	case 0x0f: /* def_cfa_expression */
		cfa_expression(machine, reader);
		return true;
	case 0x12: /* def_cfa_sf */
		dwarf = reader_uleb(reader);
		cfa_set(rule, dwarf, reader_factored_sf(reader, machine));
		return true;
	case 0x13: /* def_cfa_offset_sf */
		cfa_offset(rule, reader_factored_sf(reader, machine));
		return true;
	}
	return false;
}

/* The opcodes that say where a register is (6.4.2.3). False for one that does not. */
static bool machine_register(struct machine *machine, unsigned op, struct reader *reader)
{
	struct state *now = &machine->now;
	uint64_t dwarf;
	switch (op) {
	case 0x05: /* offset_extended */
		dwarf = reader_uleb(reader);
		state_saved(now, dwarf, reader_factored(reader, machine));
		return true;
	case 0x06: /* restore_extended */
		state_restore(machine, reader_uleb(reader));
		return true;
	case 0x07: /* undefined */
		state_lost(now, reader_uleb(reader));
		return true;
	case 0x08: /* same_value */
		state_same(now, reader_uleb(reader));
		return true;
	case 0x09: /* register */
		state_strange(now, reader_uleb(reader));
		reader_uleb(reader);
		return true;
	case 0x10: /* expression */
		saved_expression(now, reader);
		return true;
	case 0x11: /* offset_extended_sf */
		dwarf = reader_uleb(reader);
		state_saved(now, dwarf, reader_factored_sf(reader, machine));
		return true;
	}
	return false;
}

/* The opcodes without operand bits in them. False for one that is not known. */
static bool machine_extended(struct machine *machine, unsigned op, struct reader *reader)
{
	switch (op) {
	case 0x00: /* nop */
		return true;
	case 0x02: /* advance_loc1, 2, 4 */
	case 0x03:
	case 0x04:
		machine->location +=
			reader_number(reader, 1u << (op - 2)) * machine->cie->code_align;
		return true;
	case 0x0a: /* remember_state */
		if (machine->depth == STATES_MAX)
			return false;
		machine->remembered[machine->depth++] = machine->now;
		return true;
	case 0x0b: /* restore_state */
		if (!machine->depth)
			return false;
		machine->now = machine->remembered[--machine->depth];
		return true;
	case 0x2e: /* GNU_args_size */
		reader_uleb(reader);
		return true;
	}
	return machine_cfa(machine, op, reader) || machine_register(machine, op, reader);
}

static bool machine_step(struct machine *machine, struct reader *reader)
{
	unsigned op = reader_byte(reader), operand = op & 0x3f;
	switch (op >> 6) {
	case 1:
		machine->location += operand * machine->cie->code_align;
		return true;
	case 2:
		state_saved(&machine->now, operand, reader_factored(reader, machine));
		return true;
	case 3:
		state_restore(machine, operand);
		return true;
	}
	return machine_extended(machine, op, reader);
}

/* Runs a program until it ends or describes code past the pc. False for bytes that make no sense. */
static bool machine_run(
	struct machine *machine, const struct cfi_image *image, const struct program *program)
{
	struct reader reader;
	if (!program->bytes)
		return true;
	reader_open(&reader, image, program->at, program->bytes);
	while (reader_more(&reader)) {
		if (!machine_step(machine, &reader)) {
			machine->unusual = true;
			break;
		}
		if (machine->location > machine->pc)
			break;
	}
	return !reader.failed;
}

/* Nearly every rule is simple. What is not saved gets an offset that can be read, so that a step need
 * not branch on each register. */
static void rule_reach(struct rule *rule)
{
	int reach = 8;
	if (rule->cfa_deref || rule->elsewhere || rule->lost || rule->signal_frame)
		return;
	for (unsigned i = 0; i < REGISTERS; i++) {
		if (!(rule->saved & DW_BIT(i)))
			rule->offset[i] = -8;
		if (rule->offset[i] > -8)
			return;
		if (-rule->offset[i] > reach)
			reach = -rule->offset[i];
	}
	rule->reach = (uint16_t)reach;
}

static enum rule_kind machine_kind(const struct machine *machine)
{
	const struct rule *rule = &machine->now.rule;
	if (machine->unusual)
		return RULE_UNUSUAL;
	if (rule->lost & HAVE_PC)
		return RULE_OUTERMOST;
	if (machine->now.strange || rule->cfa_base == CFA_UNKNOWN ||
		!((rule->saved | rule->elsewhere) & HAVE_PC))
		return RULE_UNUSUAL;
	return RULE_PLAIN;
}

/* Only a plain rule has more than its kind to say. */
static void machine_verdict(const struct machine *machine, struct rule *rule)
{
	enum rule_kind kind = machine_kind(machine);
	if (kind == RULE_PLAIN)
		*rule = machine->now.rule;
	rule->kind = (uint8_t)kind;
	rule->signal_frame = machine->cie->signal_frame;
	if (kind == RULE_PLAIN)
		rule_reach(rule);
}

void cfi_rule(const struct cfi_image *image, uintptr_t pc, struct rule *rule)
{
	struct fde fde;
	*rule = (struct rule){.kind = RULE_NONE};
	enum found found = fde_find(image, pc, &fde);
	if (found == FOUND_UNUSUAL)
		rule->kind = RULE_UNUSUAL;
	if (found != FOUND)
		return;
	struct machine machine = {.pc = pc, .location = fde.start, .cie = &fde.cie};
	machine.now.rule.cfa_base = CFA_UNKNOWN;
	if (!machine_run(&machine, image, &fde.cie.program))
		return;
	machine.initial = machine.now;
	if (!machine.unusual && !machine_run(&machine, image, &fde.program))
		return;
	machine_verdict(&machine, rule);
}
