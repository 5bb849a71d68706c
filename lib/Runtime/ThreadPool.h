//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fork-join threads of one model library. All its contexts share one pool,
// which grows to the largest number of threads asked for and ends with its last
// user. Workers spin for at most 50 us for the next job, then sleep on a futex.
// A run owns the pool from qrt_pool_acquire to qrt_pool_release; a second run
// meanwhile does without it.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_RUNTIME_THREADPOOL_H
#define QUANTC_LIB_RUNTIME_THREADPOOL_H

#include "Runtime.h"

// The library's pool with at least `threads` - 1 workers, 2 <= threads <=
// QRT_MAX_THREADS. Null when memory or threads are lacking.
qrt_pool *qrt_pool_retain(int32_t threads);

// Gives a retained pool back; the last user ends and joins the workers.
void qrt_pool_drop(qrt_pool *pool);

// Takes the pool for a run on `threads` threads; false when another run has it, or when the process
// is a fork of the one that made it.
bool qrt_pool_acquire(qrt_pool *pool, int32_t threads);
void qrt_pool_release(qrt_pool *pool);

// Calls fn(arena, io, w, workers) for every w in [0, workers), worker 0 on the
// calling thread; returns when all are done.
void qrt_pool_run(qrt_pool *pool, qrt_step_fn fn, uint8_t *arena, void *const *io, int64_t workers);

#endif // QUANTC_LIB_RUNTIME_THREADPOOL_H
