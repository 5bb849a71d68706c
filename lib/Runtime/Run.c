//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A run: arguments checked, then the steps in order, each on one thread, on the
// library's pool, or through the host's parallel loop.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "ThreadPool.h"

// A step as a task of the host's parallel loop. `done` has a bit for each
// worker, so that a host that skips or repeats an index is noticed.
typedef struct qrt_host_job {
  qrt_step_fn fn;
  uint8_t *arena;
  void *const *io;
  int64_t workers;
  _Atomic uint64_t done[QRT_MAX_THREADS / 64];
  atomic_int broken;
} qrt_host_job;

static void qrt_host_task(void *argument, int64_t index) {
  qrt_host_job *job = argument;
  if (index < 0 || index >= job->workers) {
    atomic_store(&job->broken, 1);
    return;
  }
  uint64_t bit = (uint64_t)1 << (index % 64);
  if (atomic_fetch_or(&job->done[index / 64], bit) & bit) {
    atomic_store(&job->broken, 1);
    return;
  }
  uint32_t saved = qrt_set_float_environment();
  job->fn(job->arena, job->io, index, job->workers);
  qrt_restore_float_environment(saved);
}

static int32_t qrt_run_on_host(qrt_context *context, const qrt_step *step, int64_t workers) {
  qrt_host_job job = {
      .fn = step->fn, .arena = context->arena, .io = context->io, .workers = workers};
  context->parallel_for(context->parallel_for_user, workers, qrt_host_task, &job);
  bool complete = !atomic_load(&job.broken);
  for (int64_t i = 0; i < workers; ++i)
    complete &= atomic_load(&job.done[i / 64]) >> (i % 64) & 1;
  if (complete)
    return QRT_OK;
  qrt_format(context->error, sizeof context->error,
             "step '%s': the host's parallel_for did not run each of %d indices "
             "exactly once",
             step->name, (int)workers);
  return QRT_PARALLEL_FOR_ERROR;
}

// Runs one step; `pooled` says that this run owns the pool.
static int32_t qrt_run_step(qrt_context *context, const qrt_step *step, bool pooled) {
  int64_t workers =
      step->max_workers < context->num_threads ? step->max_workers : context->num_threads;
  if (step->flags & QRT_STEP_SERIAL || workers < 1)
    workers = 1;
  if (workers > 1 && context->parallel_for)
    return qrt_run_on_host(context, step, workers);
  if (workers > 1 && pooled)
    qrt_pool_run(context->pool, step->fn, context->arena, context->io, workers);
  else
    step->fn(context->arena, context->io, 0, 1);
  return QRT_OK;
}

static int32_t qrt_walk_steps(qrt_context *context, bool pooled) {
  const qrt_model_desc *model = context->model;
  int32_t status = QRT_OK;
  int64_t before = context->profile ? qrt_now_ns() : 0;
  context->has_profile = false;
  for (int32_t i = 0; i < model->num_steps && status == QRT_OK; ++i) {
    status = qrt_run_step(context, &model->steps[i], pooled);
    if (context->profile) {
      int64_t after = qrt_now_ns();
      context->profile[i] = after - before;
      before = after;
    }
  }
  context->has_profile = context->profile && status == QRT_OK;
  return status;
}

typedef struct qrt_walk {
  qrt_context *context;
  bool pooled;
  int32_t status;
} qrt_walk;

static void qrt_walk_body(void *argument) {
  qrt_walk *walk = argument;
  walk->status = qrt_walk_steps(walk->context, walk->pooled);
}

// A node's failed check ends the walk.
static int32_t qrt_walk_guarded(qrt_context *context, bool pooled) {
  qrt_walk walk = {.context = context, .pooled = pooled, .status = QRT_OK};
  int32_t outcome = qrt_nodes_guard(context->nodes, qrt_walk_body, &walk);
  if (outcome == QRT_NODES_DONE)
    return walk.status;
  if (outcome == QRT_NODES_NO_MEMORY)
    return QRT_OUT_OF_MEMORY;
  qrt_format(context->error, sizeof context->error, "%s", context->model->messages[outcome]);
  return QRT_NODE_ERROR;
}

static int32_t qrt_run_steps(qrt_context *context) {
  bool pooled = context->pool && qrt_pool_acquire(context->pool, context->num_threads);
  int32_t status =
      context->nodes ? qrt_walk_guarded(context, pooled) : qrt_walk_steps(context, pooled);
  if (pooled)
    qrt_pool_release(context->pool);
  return status;
}

int32_t qrt_run(qrt_context *context, const qrt_tensor *inputs, int32_t num_inputs,
                const qrt_tensor *outputs, int32_t num_outputs) {
  if (!context)
    return QRT_NULL_POINTER;
  if (atomic_exchange_explicit(&context->running, 1, memory_order_acquire))
    return QRT_BUSY;
  context->error[0] = 0;
  int32_t status = qrt_bind_arguments(context, inputs, num_inputs, outputs, num_outputs);
  if (status == QRT_OK) {
    uint32_t saved = qrt_set_float_environment();
    const qrt_device *device = context->model->device;
    status = device ? device->run(context) : qrt_run_steps(context);
    qrt_restore_float_environment(saved);
  }
  atomic_store_explicit(&context->running, 0, memory_order_release);
  return status;
}

const char *qrt_last_error(const qrt_context *context) { return context ? context->error : ""; }

int32_t qrt_profile(const qrt_context *context, int64_t *nanoseconds, int32_t count) {
  if (!context || !nanoseconds)
    return QRT_NULL_POINTER;
  if (count != context->model->num_steps)
    return QRT_INVALID_COUNT;
  if (!context->has_profile)
    return QRT_NOT_AVAILABLE;
  for (int32_t i = 0; i < count; ++i)
    nanoseconds[i] = context->profile[i];
  return QRT_OK;
}
