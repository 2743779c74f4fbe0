/*
 * shim_sync.c - the interposers of condition variables, semaphores, mutexes, read-write locks,
 * barriers and futexes.
 *
 * Objects are recorded by address and never touched after the real call: the host may have destroyed
 * them by then.
 */
#include "preload/real.h"
#include "preload/slot.h"
#include "preload/syscalls.h"
#include "preload/wakers.h"

#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

/* --- condition variables: both symbol versions ---------------------------------------------------- */

INTERPOSE int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, UNTIMED);
	int error = REAL(pthread_cond_wait)(cond, mutex);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
	const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, TIMED);
	int error = REAL(pthread_cond_timedwait)(cond, mutex, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_cond_signal(pthread_cond_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(pthread_cond_signal)(cond);
}

INTERPOSE int pthread_cond_broadcast(pthread_cond_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(pthread_cond_broadcast)(cond);
}

/* The condition variables of programs linked before glibc 2.3.2: smaller, with an ABI of their own. */

INTERPOSE int pthread_cond_wait_2_2_5(
	pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, UNTIMED);
	int error = REAL(pthread_cond_wait_2_2_5)(cond, mutex);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_cond_timedwait_2_2_5(pthread_cond_t *restrict cond,
	pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, TIMED);
	int error = REAL(pthread_cond_timedwait_2_2_5)(cond, mutex, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_cond_signal_2_2_5(pthread_cond_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(pthread_cond_signal_2_2_5)(cond);
}

INTERPOSE int pthread_cond_broadcast_2_2_5(pthread_cond_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(pthread_cond_broadcast_2_2_5)(cond);
}

/* --- their lives: a new one, or none, at an address has been woken by nobody ------------------------- */

INTERPOSE int pthread_cond_init(
	pthread_cond_t *restrict cond, const pthread_condattr_t *restrict attributes)
{
	waker_renew((uintptr_t)cond);
	return REAL(pthread_cond_init)(cond, attributes);
}

INTERPOSE int pthread_cond_destroy(pthread_cond_t *cond)
{
	waker_renew((uintptr_t)cond);
	return REAL(pthread_cond_destroy)(cond);
}

INTERPOSE int pthread_cond_init_2_2_5(
	pthread_cond_t *restrict cond, const pthread_condattr_t *restrict attributes)
{
	waker_renew((uintptr_t)cond);
	return REAL(pthread_cond_init_2_2_5)(cond, attributes);
}

INTERPOSE int pthread_cond_destroy_2_2_5(pthread_cond_t *cond)
{
	waker_renew((uintptr_t)cond);
	return REAL(pthread_cond_destroy_2_2_5)(cond);
}

INTERPOSE int cnd_init(cnd_t *cond)
{
	waker_renew((uintptr_t)cond);
	return REAL(cnd_init)(cond);
}

INTERPOSE void cnd_destroy(cnd_t *cond)
{
	waker_renew((uintptr_t)cond);
	REAL(cnd_destroy)(cond);
}

__asm__(".symver pthread_cond_wait_2_2_5, pthread_cond_wait@GLIBC_2.2.5, remove");
__asm__(".symver pthread_cond_timedwait_2_2_5, pthread_cond_timedwait@GLIBC_2.2.5, remove");
__asm__(".symver pthread_cond_signal_2_2_5, pthread_cond_signal@GLIBC_2.2.5, remove");
__asm__(".symver pthread_cond_broadcast_2_2_5, pthread_cond_broadcast@GLIBC_2.2.5, remove");
__asm__(".symver pthread_cond_init_2_2_5, pthread_cond_init@GLIBC_2.2.5, remove");
__asm__(".symver pthread_cond_destroy_2_2_5, pthread_cond_destroy@GLIBC_2.2.5, remove");

INTERPOSE int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
	clockid_t clock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, TIMED);
	int error = REAL(pthread_cond_clockwait)(cond, mutex, clock, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, UNTIMED);
	int error = REAL(cnd_wait)(cond, mutex);
	wait_leave(stay);
	return error;
}

INTERPOSE int cnd_timedwait(
	cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_COND, (uintptr_t)cond, TIMED);
	int error = REAL(cnd_timedwait)(cond, mutex, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int cnd_signal(cnd_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(cnd_signal)(cond);
}

INTERPOSE int cnd_broadcast(cnd_t *cond)
{
	waker_note((uintptr_t)cond, HERE);
	return REAL(cnd_broadcast)(cond);
}

/* --- semaphores ----------------------------------------------------------------------------------- */

INTERPOSE int sem_wait(sem_t *sem)
{
	struct stay stay = wait_enter(WAIT_SEM, (uintptr_t)sem, UNTIMED);
	int result = REAL(sem_wait)(sem);
	if (!result)
		waker_pass_note((uintptr_t)sem, HERE);
	wait_leave(stay);
	return result;
}

INTERPOSE int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_SEM, (uintptr_t)sem, TIMED);
	int result = REAL(sem_timedwait)(sem, deadline);
	if (!result)
		waker_pass_note((uintptr_t)sem, HERE);
	wait_leave(stay);
	return result;
}

INTERPOSE int sem_clockwait(
	sem_t *restrict sem, clockid_t clock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_SEM, (uintptr_t)sem, TIMED);
	int result = REAL(sem_clockwait)(sem, clock, deadline);
	if (!result)
		waker_pass_note((uintptr_t)sem, HERE);
	wait_leave(stay);
	return result;
}

INTERPOSE int sem_trywait(sem_t *sem)
{
	int result = REAL(sem_trywait)(sem);
	if (!result)
		waker_pass_note((uintptr_t)sem, HERE);
	return result;
}

INTERPOSE int sem_post(sem_t *sem)
{
	waker_post_note((uintptr_t)sem, HERE);
	return REAL(sem_post)(sem);
}

static void sem_renew(const sem_t *sem)
{
	waker_renew((uintptr_t)sem);
	waker_renew(waker_passing((uintptr_t)sem));
}

INTERPOSE int sem_init(sem_t *sem, int shared, unsigned value)
{
	sem_renew(sem);
	return REAL(sem_init)(sem, shared, value);
}

INTERPOSE int sem_destroy(sem_t *sem)
{
	sem_renew(sem);
	return REAL(sem_destroy)(sem);
}

/* --- mutexes -------------------------------------------------------------------------------------- */

/*
 * Whether nobody seems to hold the mutex. The call then returns at once, and recording it would cost as much
 * as a fifth of it. If another thread comes between, the wait goes unrecorded, and the watcher finds it by way
 * of /proc. Read is the owner, not the lock word: that one was last written by a locked instruction, for whose
 * end the read would wait (4 ns instead of half of one). The recorded path is a function of its own to keep its
 * registers out of the short one.
 */
static inline bool mutex_free(const pthread_mutex_t *mutex)
{
	return __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED) == 0;
}

static __attribute__((noinline)) int pthread_mutex_lock_held(pthread_mutex_t *mutex)
{
	struct stay stay = wait_enter(WAIT_MUTEX, (uintptr_t)mutex, UNTIMED);
	int error = REAL(pthread_mutex_lock)(mutex);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	if (__builtin_expect(mutex_free(mutex), 1))
		return REAL(pthread_mutex_lock)(mutex);
	return pthread_mutex_lock_held(mutex);
}

INTERPOSE_ALSO(__pthread_mutex_lock, pthread_mutex_lock);

INTERPOSE int pthread_mutex_timedlock(
	pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_MUTEX, (uintptr_t)mutex, TIMED);
	int error = REAL(pthread_mutex_timedlock)(mutex, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_mutex_clocklock(
	pthread_mutex_t *restrict mutex, clockid_t clock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_MUTEX, (uintptr_t)mutex, TIMED);
	int error = REAL(pthread_mutex_clocklock)(mutex, clock, deadline);
	wait_leave(stay);
	return error;
}

static __attribute__((noinline)) int mtx_lock_held(mtx_t *mutex)
{
	struct stay stay = wait_enter(WAIT_MUTEX, (uintptr_t)mutex, UNTIMED);
	int error = REAL(mtx_lock)(mutex);
	wait_leave(stay);
	return error;
}

INTERPOSE int mtx_lock(mtx_t *mutex)
{
	if (__builtin_expect(mutex_free((const pthread_mutex_t *)mutex), 1))
		return REAL(mtx_lock)(mutex);
	return mtx_lock_held(mutex);
}

INTERPOSE int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_MUTEX, (uintptr_t)mutex, TIMED);
	int error = REAL(mtx_timedlock)(mutex, deadline);
	wait_leave(stay);
	return error;
}

/* --- read-write locks, barriers -------------------------------------------------------------------- */

/*
 * Whether a reader seems to be let in at once: no writer is inside, and the lock is of the default kind, where
 * one that waits does not keep readers out. As of a mutex, read is not the word that was last written by a locked
 * instruction, and a wait that is missed here is found by way of /proc.
 */
static inline bool rwlock_open(const pthread_rwlock_t *lock)
{
	return (__atomic_load_n(&lock->__data.__cur_writer, __ATOMIC_RELAXED) |
		       (int)__atomic_load_n(&lock->__data.__flags, __ATOMIC_RELAXED)) == 0;
}

static __attribute__((noinline)) int pthread_rwlock_rdlock_held(pthread_rwlock_t *lock)
{
	struct stay stay = wait_enter(WAIT_RDLOCK, (uintptr_t)lock, UNTIMED);
	int error = REAL(pthread_rwlock_rdlock)(lock);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	if (__builtin_expect(rwlock_open(lock), 1))
		return REAL(pthread_rwlock_rdlock)(lock);
	return pthread_rwlock_rdlock_held(lock);
}

INTERPOSE_ALSO(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);

INTERPOSE int pthread_rwlock_timedrdlock(
	pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_RDLOCK, (uintptr_t)lock, TIMED);
	int error = REAL(pthread_rwlock_timedrdlock)(lock, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_rwlock_clockrdlock(
	pthread_rwlock_t *restrict lock, clockid_t clock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_RDLOCK, (uintptr_t)lock, TIMED);
	int error = REAL(pthread_rwlock_clockrdlock)(lock, clock, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	struct stay stay = wait_enter(WAIT_WRLOCK, (uintptr_t)lock, UNTIMED);
	int error = REAL(pthread_rwlock_wrlock)(lock);
	wait_leave(stay);
	return error;
}

INTERPOSE_ALSO(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);

INTERPOSE int pthread_rwlock_timedwrlock(
	pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_WRLOCK, (uintptr_t)lock, TIMED);
	int error = REAL(pthread_rwlock_timedwrlock)(lock, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_rwlock_clockwrlock(
	pthread_rwlock_t *restrict lock, clockid_t clock, const struct timespec *restrict deadline)
{
	struct stay stay = wait_enter(WAIT_WRLOCK, (uintptr_t)lock, TIMED);
	int error = REAL(pthread_rwlock_clockwrlock)(lock, clock, deadline);
	wait_leave(stay);
	return error;
}

INTERPOSE int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct stay stay = wait_enter(WAIT_BARRIER, (uintptr_t)barrier, UNTIMED);
	int result = REAL(pthread_barrier_wait)(barrier);
	wait_leave(stay);
	return result;
}

/* --- one-time initialisation ----------------------------------------------------------------------- */

/* Whether the control says that another thread is inside the routine (glibc, nptl/pthread_once.c: bit 0 in
 * progress, bit 1 done). Otherwise the call returns at once or runs the routine itself, which is no wait. */
static inline bool once_in_progress(const void *control)
{
	return (__atomic_load_n((const int *)control, __ATOMIC_RELAXED) & 3) == 1;
}

/* The other thread may fail, by cancellation or an exception, and leave the routine to this one: that ends
 * the wait. */
static void once_inherited(void)
{
	struct slot *slot = slot_self;
	void (*routine)(void) = slot->once_routine;
	uint64_t depth = slot->word & SLOT_DEPTH_MASK;
	if (depth)
		wait_leave(stay_of(slot, depth - 1));
	routine();
}

static inline __attribute__((always_inline)) void once_leave(struct stay stay)
{
	if (stay_slot(stay) && (stay_slot(stay)->word & SLOT_DEPTH_MASK) > stay_depth(stay))
		wait_leave(stay);
}

static __attribute__((noinline)) int pthread_once_wait(
	pthread_once_t *control, void (*routine)(void))
{
	struct stay stay = wait_enter(WAIT_ONCE, (uintptr_t)control, UNTIMED);
	if (stay_slot(stay))
		stay_slot(stay)->once_routine = routine;
	int error = REAL(pthread_once)(control, stay_slot(stay) ? once_inherited : routine);
	once_leave(stay);
	return error;
}

INTERPOSE int pthread_once(pthread_once_t *control, void (*routine)(void))
{
	if (__builtin_expect(once_in_progress(control), 0))
		return pthread_once_wait(control, routine);
	return REAL(pthread_once)(control, routine);
}

INTERPOSE_ALSO(__pthread_once, pthread_once);

static __attribute__((noinline)) void call_once_wait(once_flag *control, void (*routine)(void))
{
	struct stay stay = wait_enter(WAIT_ONCE, (uintptr_t)control, UNTIMED);
	if (stay_slot(stay))
		stay_slot(stay)->once_routine = routine;
	REAL(call_once)(control, stay_slot(stay) ? once_inherited : routine);
	once_leave(stay);
}

INTERPOSE void call_once(once_flag *control, void (*routine)(void))
{
	if (__builtin_expect(once_in_progress(control), 0))
		call_once_wait(control, routine);
	else
		REAL(call_once)(control, routine);
}

/* --- calls by number: futexes (std::atomic::wait, std::counting_semaphore, Rust's std), libaio, liburing */

static bool futex_wakes(long operation)
{
	operation &= FUTEX_CMD_MASK;
	return operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET;
}

INTERPOSE long syscall(long number, ...)
{
	va_list list;
	va_start(list, number);
	long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
	long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
	va_end(list);
	if (number == SYS_futex && futex_wakes(b))
		waker_note((uintptr_t)a, HERE);
	const uint64_t arguments[6] = {
		(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, (uint64_t)f};
	struct syscall_wait wait;
	if (!syscall_waits(number, arguments, &wait))
		return REAL(syscall)(number, a, b, c, d, e, f);
	struct stay stay = wait_enter(wait.kind, wait.object, (uint32_t)wait.timed);
	long result = REAL(syscall)(number, a, b, c, d, e, f);
	wait_leave(stay);
	return result;
}
