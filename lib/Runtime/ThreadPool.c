//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each worker has a word on a cache line of its own that says what it does:
// idle (spinning), sleeping, job, exit. The caller exchanges `job` into it and
// wakes the worker only if it slept. `pending` counts the workers still busy,
// with a bit that says that the caller sleeps on it.
//
// A lock and each pool remember the process id, so that a child made by fork
// neither waits for threads that it does not have nor for a lock whose owner
// stayed in the parent.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { QRT_CACHE_LINE = 64, QRT_SPIN_NS = 50000, QRT_SPIN_BATCH = 32 };

// Values of qrt_worker.state.
enum { QRT_IDLE = 0, QRT_SLEEPING = 1, QRT_JOB = 2, QRT_EXIT = 3 };

// The bit of qrt_pool.pending that says that the caller sleeps.
#define QRT_CALLER_SLEEPS 0x80000000u

typedef struct qrt_worker {
  _Alignas(QRT_CACHE_LINE) _Atomic uint32_t state;
  int32_t index;
  qrt_pool *pool;
  pthread_t thread;
} qrt_worker;

struct qrt_pool {
  // The job; written by the caller before it changes a worker's state.
  _Alignas(QRT_CACHE_LINE) qrt_step_fn fn;
  uint8_t *arena;
  void *const *io;
  int64_t workers;
  _Alignas(QRT_CACHE_LINE) _Atomic uint32_t pending;
  _Alignas(QRT_CACHE_LINE) atomic_int owned;
  // How long to spin; 0 in a run with more threads than CPUs, where it only
  // takes the time of those that could work.
  _Atomic int64_t spin_ns;
  // Fixed when made: pid and num_cpus; the others under the lock.
  pid_t pid;
  int32_t num_cpus;
  int32_t users;
  int32_t num_workers;
  qrt_worker slots[QRT_MAX_THREADS - 1];
};

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

static void qrt_futex_wait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void qrt_futex_wake(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// Spins until *word differs from `value`; false when the time is over first.
static bool qrt_spin_while(_Atomic uint32_t *word, uint32_t value, int64_t spin_ns) {
  int64_t end = 0;
  for (;;) {
    for (int i = 0; i < QRT_SPIN_BATCH; ++i) {
      if (atomic_load_explicit(word, memory_order_acquire) != value)
        return true;
      __builtin_ia32_pause();
    }
    int64_t now = qrt_now_ns();
    if (end == 0)
      end = now + spin_ns;
    if (now >= end)
      return false;
  }
}

static int64_t qrt_spin_ns(qrt_pool *pool) {
  return atomic_load_explicit(&pool->spin_ns, memory_order_relaxed);
}

// Returns the worker's next state, job or exit.
static uint32_t qrt_wait_for_work(qrt_worker *worker) {
  if (!qrt_spin_while(&worker->state, QRT_IDLE, qrt_spin_ns(worker->pool))) {
    uint32_t idle = QRT_IDLE;
    if (atomic_compare_exchange_strong(&worker->state, &idle, QRT_SLEEPING))
      while (atomic_load_explicit(&worker->state, memory_order_acquire) == QRT_SLEEPING)
        qrt_futex_wait(&worker->state, QRT_SLEEPING);
  }
  return atomic_load_explicit(&worker->state, memory_order_acquire);
}

static void qrt_signal_worker(qrt_worker *worker, uint32_t state) {
  if (atomic_exchange(&worker->state, state) == QRT_SLEEPING)
    qrt_futex_wake(&worker->state);
}

//===----------------------------------------------------------------------===//
// Jobs
//===----------------------------------------------------------------------===//

static void *qrt_worker_main(void *argument) {
  qrt_worker *worker = argument;
  qrt_pool *pool = worker->pool;
  prctl(PR_SET_NAME, "qrt-worker", 0, 0, 0);
  qrt_set_float_environment();
  while (qrt_wait_for_work(worker) == QRT_JOB) {
    atomic_store_explicit(&worker->state, QRT_IDLE, memory_order_relaxed);
    pool->fn(pool->arena, pool->io, worker->index, pool->workers);
    uint32_t before = atomic_fetch_sub(&pool->pending, 1);
    if (before == (QRT_CALLER_SLEEPS | 1))
      qrt_futex_wake(&pool->pending);
  }
  return NULL;
}

// Waits until no worker is busy.
static void qrt_join(qrt_pool *pool) {
  uint32_t seen;
  int64_t end = 0;
  for (int i = 1; (seen = atomic_load_explicit(&pool->pending, memory_order_acquire)); ++i) {
    __builtin_ia32_pause();
    if (i % QRT_SPIN_BATCH != 0)
      continue;
    int64_t now = qrt_now_ns();
    if (end == 0)
      end = now + qrt_spin_ns(pool);
    if (now >= end)
      break;
  }
  if (seen == 0)
    return;
  seen = atomic_fetch_or(&pool->pending, QRT_CALLER_SLEEPS) | QRT_CALLER_SLEEPS;
  while (seen != QRT_CALLER_SLEEPS) {
    qrt_futex_wait(&pool->pending, seen);
    seen = atomic_load_explicit(&pool->pending, memory_order_acquire);
  }
  atomic_store_explicit(&pool->pending, 0, memory_order_relaxed);
}

void qrt_pool_run(qrt_pool *pool, qrt_step_fn fn, uint8_t *arena, void *const *io,
                  int64_t workers) {
  pool->fn = fn;
  pool->arena = arena;
  pool->io = io;
  pool->workers = workers;
  atomic_store_explicit(&pool->pending, (uint32_t)(workers - 1), memory_order_relaxed);
  for (int64_t i = 0; i < workers - 1; ++i)
    qrt_signal_worker(&pool->slots[i], QRT_JOB);
  fn(arena, io, 0, workers);
  qrt_join(pool);
}

bool qrt_pool_acquire(qrt_pool *pool, int32_t threads) {
  if (pool->pid != getpid() || atomic_exchange_explicit(&pool->owned, 1, memory_order_acquire))
    return false;
  atomic_store_explicit(&pool->spin_ns, threads > pool->num_cpus ? 0 : QRT_SPIN_NS,
                        memory_order_relaxed);
  return true;
}

void qrt_pool_release(qrt_pool *pool) {
  atomic_store_explicit(&pool->owned, 0, memory_order_release);
}

//===----------------------------------------------------------------------===//
// Life of the pool
//===----------------------------------------------------------------------===//

// The process id of the holder, 0 when free.
static _Atomic pid_t qrt_pool_lock;
static qrt_pool *qrt_current_pool;

static void qrt_lock(void) {
  const pid_t self = getpid();
  for (;;) {
    pid_t holder = 0;
    if (atomic_compare_exchange_strong(&qrt_pool_lock, &holder, self))
      return;
    // Held in the parent when this process was forked: nobody will free it.
    if (holder != self && atomic_compare_exchange_strong(&qrt_pool_lock, &holder, self))
      return;
    sched_yield();
  }
}

static void qrt_unlock(void) { atomic_store(&qrt_pool_lock, 0); }

static qrt_pool *qrt_pool_new(void) {
  qrt_pool *pool = aligned_alloc(QRT_CACHE_LINE, sizeof(qrt_pool));
  if (!pool)
    return NULL;
  memset(pool, 0, sizeof *pool);
  pool->pid = getpid();
  pool->num_cpus = qrt_cpu_count();
  return pool;
}

// Adds workers up to `count`; false when a thread cannot be started.
static bool qrt_pool_grow(qrt_pool *pool, int32_t count) {
  // Signals are for the host's threads: the workers start with all blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  while (started && pool->num_workers < count) {
    qrt_worker *worker = &pool->slots[pool->num_workers];
    worker->pool = pool;
    worker->index = pool->num_workers + 1;
    started = pthread_create(&worker->thread, NULL, qrt_worker_main, worker) == 0;
    pool->num_workers += started;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

// Ends the pool if nobody uses it. Under the lock.
static void qrt_pool_end_if_unused(qrt_pool *pool) {
  if (pool->users != 0)
    return;
  if (qrt_current_pool == pool)
    qrt_current_pool = NULL;
  if (pool->pid == getpid()) {
    for (int32_t i = 0; i < pool->num_workers; ++i)
      qrt_signal_worker(&pool->slots[i], QRT_EXIT);
    for (int32_t i = 0; i < pool->num_workers; ++i)
      pthread_join(pool->slots[i].thread, NULL);
  }
  free(pool);
}

qrt_pool *qrt_pool_retain(int32_t threads) {
  qrt_lock();
  qrt_pool *pool = qrt_current_pool;
  if (!pool || pool->pid != getpid())
    pool = qrt_current_pool = qrt_pool_new();
  if (pool && qrt_pool_grow(pool, threads - 1)) {
    ++pool->users;
  } else if (pool) {
    qrt_pool_end_if_unused(pool);
    pool = NULL;
  }
  qrt_unlock();
  return pool;
}

void qrt_pool_drop(qrt_pool *pool) {
  qrt_lock();
  --pool->users;
  qrt_pool_end_if_unused(pool);
  qrt_unlock();
}
