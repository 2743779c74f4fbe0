/*
 * sys.h - system calls by hand, for the shim's own use.
 *
 * libc's functions would lead back into the interposers, set errno, or be cancellation points. These
 * do none of that: they return the kernel's answer, a negative errno on failure. Any thread, any time.
 */
#ifndef LEAKWATCH_SYS_H
#define LEAKWATCH_SYS_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef __x86_64__
#error "leakwatch's shim knows x86-64 only: see docs/limits.md"
#endif

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long sys_call4(long number, long a, long b, long c, long d)
{
	return sys_call6(number, a, b, c, d, 0, 0);
}

static inline long sys_call3(long number, long a, long b, long c)
{
	return sys_call6(number, a, b, c, 0, 0, 0);
}

static inline long sys_call2(long number, long a, long b)
{
	return sys_call6(number, a, b, 0, 0, 0, 0);
}

static inline long sys_call1(long number, long a)
{
	return sys_call6(number, a, 0, 0, 0, 0, 0);
}

static inline long sys_call0(long number)
{
	return sys_call6(number, 0, 0, 0, 0, 0, 0);
}

/* Maps bytes that may not be accessed yet. */
static inline long sys_reserve(size_t bytes)
{
	return sys_call6(SYS_mmap, 0, (long)bytes, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static inline int sys_open(int directory, const char *path, int flags, int mode)
{
	return (int)sys_call4(SYS_openat, directory, (long)path, flags | O_CLOEXEC, mode);
}

static inline long sys_read(int fd, void *buffer, size_t bytes)
{
	return sys_call3(SYS_read, fd, (long)buffer, (long)bytes);
}

static inline long sys_write(int fd, const void *buffer, size_t bytes)
{
	return sys_call3(SYS_write, fd, (long)buffer, (long)bytes);
}

static inline void sys_close(int fd)
{
	sys_call1(SYS_close, fd);
}

static inline int sys_getpid(void)
{
	return (int)sys_call0(SYS_getpid);
}

static inline int sys_gettid(void)
{
	return (int)sys_call0(SYS_gettid);
}

/* Copies bytes of this process's own memory through the kernel, so that a bad address is an answer and
 * not a fault. The number of bytes copied, which may be less than asked for. The process is named by the
 * calling thread: its main thread may have ended, and has no memory then. */
static inline long sys_peek(void *to, uintptr_t from, size_t bytes)
{
	const size_t here[2] = {(size_t)to, bytes}, there[2] = {from, bytes};
	return sys_call6(SYS_process_vm_readv, sys_gettid(), (long)here, 1, (long)there, 1, 0);
}

static inline uint64_t sys_clock_ns(clockid_t clock)
{
	struct timespec now = {0, 0};
	sys_call2(SYS_clock_gettime, clock, (long)&now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
