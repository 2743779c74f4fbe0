/*
 * writer_proof.c - verdicts, reasons and chains as words.
 */
#include "preload/writer_proof.h"
#include "preload/modules.h"

static const char *const reason_words[] = {
#define REASON(enumerator, word, words) [REASON_##enumerator] = word,
#include "preload/contract/reasons.def"
#undef REASON
};

static const char *const link_words[] = {
#define LINK(enumerator, word, words) [LINK_##enumerator] = word,
#include "preload/contract/links.def"
#undef LINK
};

static const char *const verdict_words[] = {
	[PROOF_REACHED] = DUMP_REACHED,
	[PROOF_UNREACHABLE] = DUMP_UNREACHABLE,
	[PROOF_UNMEASURED] = DUMP_UNMEASURED,
};

void proof_header_write(struct text *text, const struct proving *proving)
{
	text_put(text, "# proof pictures=");
	text_put_u64(text, proving->pictures);
	text_put(text, " took_ns=");
	text_put_u64(text, proving->took_ns);
	text_put(text, " stall_ns=");
	text_put_u64(text, proving->stall_ns);
	text_put(text, " scanned_bytes=");
	text_put_u64(text, proving->scanned_bytes);
	text_put(text, " cpu_ns=");
	text_put_u64(text, proving->cpu_ns);
	text_newline(text);
}

static void put_number(struct text *text, bool known, uint64_t number)
{
	text_put(text, ":");
	if (known)
		text_put_u64(text, number);
	else
		text_put(text, DUMP_ABSENT);
}

static void put_hex(struct text *text, bool known, uint64_t number)
{
	text_put(text, ":");
	if (known)
		text_put_hex(text, number);
	else
		text_put(text, DUMP_ABSENT);
}

static void put_link(struct text *text, const struct link_shown *link)
{
	text_put(text, link_words[link->kind]);
	switch ((enum link_kind)link->kind) {
	case LINK_STACK:
		put_number(text, link->number != 0, link->number);
		put_hex(text, link->detail != 0, link->detail);
		put_hex(text, true, link->address);
		return;
	case LINK_LOCAL:
		put_number(text, link->number != 0, link->number);
		put_hex(text, true, link->address);
		return;
	case LINK_REGISTERS:
	case LINK_THREAD:
		put_number(text, link->number != 0, link->number);
		return;
	case LINK_HEAP:
		put_hex(text, true, link->address);
		put_number(text, true, link->detail);
		return;
	case LINK_STATIC:
	case LINK_ANONYMOUS:
	case LINK_SHARED:
		put_hex(text, true, link->address);
		return;
	case LINK_EPOLL:
	case LINK_EVENTFD:
		put_number(text, true, link->number);
		return;
	case LINK_TIMER:
	case LINK_MORE:
	case LINK_KINDS:
		return;
	}
}

static void put_reasons(struct text *text, uint32_t reasons)
{
	const char *between = " ";
	for (unsigned reason = 0; reason < REASONS; reason++) {
		if (!(reasons >> reason & 1))
			continue;
		text_put(text, between);
		text_put(text, reason_words[reason]);
		between = ",";
	}
	if (!reasons)
		text_put(text, " " DUMP_ABSENT);
}

static void put_row(struct text *text, const struct proven *row)
{
	text_put_u64(text, row->id);
	text_put(text, " ");
	text_put(text, verdict_words[row->verdict]);
	put_reasons(text, row->reasons);
	text_put(text, row->link_count ? " " : " " DUMP_ABSENT);
	for (uint32_t i = 0; i < row->link_count; i++) {
		text_put(text, i ? "," : "");
		put_link(text, &row->links[i]);
	}
	text_newline(text);
}

void proof_write(struct text *text, const struct proving *proving)
{
	text_put(text, DUMP_SECTION_PROOF);
	text_newline(text);
	text_put(text, DUMP_COLUMNS_PROOF);
	text_newline(text);
	for (uint32_t i = 0; i < proving->count; i++)
		put_row(text, &proving->rows[i]);
	text_newline(text);
}

void proof_modules(const struct proving *proving)
{
	for (uint32_t i = 0; i < proving->count; i++)
		for (uint32_t at = 0; at < proving->rows[i].link_count; at++) {
			const struct link_shown *link = &proving->rows[i].links[at];
			if (link->kind == LINK_STATIC)
				modules_note(link->address);
			else if (link->kind == LINK_STACK && link->detail)
				modules_note(link->detail - 1);
		}
}
