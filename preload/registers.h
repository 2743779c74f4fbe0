/*
 * registers.h - the registers that a stack is unwound from: pc, sp, and the callee-saved ones.
 */
#ifndef LEAKWATCH_REGISTERS_H
#define LEAKWATCH_REGISTERS_H

#include <stdint.h>

/* In the order in which registers_here() stores them. */
struct registers {
	uint64_t pc, sp, bp, bx, r12, r13, r14, r15;
};

/* Which of them hold something: all of them from a wrapper, pc and sp alone from /proc. */
enum register_bit {
	HAVE_PC = 1 << 0,
	HAVE_SP = 1 << 1,
	HAVE_BP = 1 << 2,
	HAVE_BX = 1 << 3,
	HAVE_R12 = 1 << 4,
	HAVE_R13 = 1 << 5,
	HAVE_R14 = 1 << 6,
	HAVE_R15 = 1 << 7,
	HAVE_ALL = 0xff,
};

/* Stores the registers of the function that this is inlined into, as they are at the stored pc: the
 * unwind tables of that function describe them. Eight stores, nothing else. */
static inline __attribute__((always_inline)) void registers_here(struct registers *to)
{
	__asm__ volatile("leaq 0f(%%rip), %%rax\n"
			 "0:\tmovq %%rax, (%0)\n\t"
			 "movq %%rsp, 8(%0)\n\t"
			 "movq %%rbp, 16(%0)\n\t"
			 "movq %%rbx, 24(%0)\n\t"
			 "movq %%r12, 32(%0)\n\t"
			 "movq %%r13, 40(%0)\n\t"
			 "movq %%r14, 48(%0)\n\t"
			 "movq %%r15, 56(%0)"
			 :
			 : "r"(to)
			 : "rax", "memory");
}

/* What setjmp() mangles addresses with: of the calling thread's record, which has it where the architecture's ABI of
 * thread-local storage says. */
static inline uint64_t pointer_guard(void)
{
	uint64_t guard;
	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	return guard;
}

#endif
