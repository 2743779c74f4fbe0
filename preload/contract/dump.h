/*
 * dump.h - the contract between the shim that writes a dump and the analyzer that reads it.
 *
 * The only header that both sides include. It holds words, numbers and enumerators, no functions.
 * docs/dump-format.md is the normative description; where the two disagree, that is a defect.
 */
#ifndef LEAKWATCH_CONTRACT_DUMP_H
#define LEAKWATCH_CONTRACT_DUMP_H

/* Raised when a reader of the old number would misread a dump. New columns, new header keys, new
 * sections, new words of waits.def and its like do not raise it: readers skip what they do not know, and
 * find columns by name. */
#define DUMP_VERSION 1

/* First and last line. The last proves that the dump is whole: lines=N counts every line, itself
 * included. */
#define DUMP_MAGIC "# leakwatch dump "
#define DUMP_END   "# leakwatch end "

/* Sections, in the order in which they are written. Each but the map opens with a "columns" line. */
#define DUMP_SECTION_THREADS  "--- leakwatch threads ---"
#define DUMP_SECTION_CREATORS "--- leakwatch creators ---"
#define DUMP_SECTION_TIMERS   "--- leakwatch timers ---"
#define DUMP_SECTION_UNJOINED "--- leakwatch unjoined ---"
#define DUMP_SECTION_WAKERS   "--- leakwatch wakers ---"
#define DUMP_SECTION_OWNERS   "--- leakwatch owners ---"
#define DUMP_SECTION_FDS      "--- leakwatch descriptors ---"
#define DUMP_SECTION_PROOF    "--- leakwatch proof ---"
#define DUMP_SECTION_LOSSES   "--- leakwatch losses ---"
#define DUMP_SECTION_MODULES  "--- leakwatch modules ---"
#define DUMP_SECTION_MAP      "--- Memory map: ---"

#define DUMP_COLUMNS_THREADS                                                                       \
	"columns id tid group since_ns object waits stable_ns creator start detached "             \
	"stack_bytes sleep_ns name scope ignored"
#define DUMP_COLUMNS_CREATORS "columns id kind made gone stack"
#define DUMP_COLUMNS_TIMERS                                                                        \
	"columns id kind creator object since_ns period_ns overruns clock notify server scope"
#define DUMP_COLUMNS_UNJOINED "columns id tid creator start since_ns stack_bytes name scope ignored"
#define DUMP_COLUMNS_WAKERS   "columns object thread place count since_ns alive sole"
#define DUMP_COLUMNS_OWNERS   "columns object kind owner_tid owner alive readers"
#define DUMP_COLUMNS_FDS                                                                           \
	"columns object kind inode state value unread unsent local remote other members"
#define DUMP_COLUMNS_PROOF   "columns thread verdict reasons chain"
#define DUMP_COLUMNS_LOSSES  "columns cause count"
#define DUMP_COLUMNS_MODULES "columns start end bias build_id path"

/* Limits that a writer keeps and a reader may rely on. */
#define DUMP_FRAMES_MAX	 256 /* frames of one stack; pprof's reader refuses lines of 64 KiB */
#define DUMP_LINE_MAX	 65000 /* bytes of one line, its newline included */
#define DUMP_THREADS_MAX 262144

/* Not measured, in any column. */
#define DUMP_ABSENT "-"

/* The control socket: DIRECTORY/PID.sock, one request a connection, one line each way; see
 * docs/dump-format.md, "The control socket". */
#define CONTROL_DUMP   "dump"
#define CONTROL_PROVE  "prove"
#define CONTROL_STATUS "status"

enum wait_kind {
#define WAIT(enumerator, word, object, words) WAIT_##enumerator,
#include "waits.def"
#undef WAIT
	WAIT_KINDS
};

/* What the number in a wait's object is. */
enum object_kind { OBJECT_NONE, OBJECT_MEMORY, OBJECT_FD, OBJECT_THREAD, OBJECT_ID };

enum loss {
#define LOSS(enumerator, word, words) LOSS_##enumerator,
#include "losses.def"
#undef LOSS
	LOSSES
};

enum reason {
#define REASON(enumerator, word, words) REASON_##enumerator,
#include "reasons.def"
#undef REASON
	REASONS
};

/* The first that stands for "not measured"; those before it lower "proven" to "likely". */
#define REASON_UNMEASURED REASON_NO_PICTURE

enum link_kind {
#define LINK(enumerator, word, words) LINK_##enumerator,
#include "links.def"
#undef LINK
	LINK_KINDS
};

/* Verdicts of the proof section, and how many links a chain has at most. */
#define DUMP_UNREACHABLE "unreachable"
#define DUMP_REACHED	 "reached"
#define DUMP_UNMEASURED	 "unmeasured"
#define DUMP_LINKS_MAX	 8

#endif
