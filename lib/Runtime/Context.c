//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Making and ending a context: every check and every allocation that a run must
// not do. Weights are constants of the library, so a context owns only its
// arena and a few small tables.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "ThreadPool.h"

#include <stdlib.h>
#include <string.h>

int64_t qrt_arena_bytes(const qrt_model_desc *model, const int64_t *max_dims,
                        int32_t num_max_dims) {
  if (num_max_dims != model->num_dims || (num_max_dims > 0 && !max_dims))
    return -1;
  for (int32_t i = 0; i < num_max_dims; ++i)
    if (max_dims[i] < 1)
      return -1;
  int64_t bytes = model->arena_bytes_fn ? model->arena_bytes_fn(max_dims) : model->arena_bytes;
  return bytes < 0 ? -1 : bytes;
}

static int32_t qrt_check_cpu(const qrt_model_desc *model, char *message, size_t size) {
  uint32_t missing = model->cpu_features & ~qrt_cpu_features();
  if (!missing)
    return QRT_OK;
  char names[QRT_MESSAGE_SIZE];
  qrt_cpu_feature_names(missing, names, sizeof names);
  qrt_format(message, size, "the model needs %s, but this CPU lacks %s", model->cpu_level, names);
  return QRT_UNSUPPORTED_CPU;
}

static int32_t qrt_check_options(const qrt_model_desc *model, const qrt_options *options,
                                 char *message, size_t size) {
  if (options->num_threads < 0 || options->num_threads > QRT_MAX_THREADS) {
    qrt_format(message, size, "expected num_threads in 0..%d, but found %d", QRT_MAX_THREADS,
               options->num_threads);
    return QRT_INVALID_OPTION;
  }
  if (options->num_max_dims != model->num_dims) {
    qrt_format(message, size, "expected %d max_dims, but found %d", model->num_dims,
               options->num_max_dims);
    return QRT_INVALID_COUNT;
  }
  if (model->num_dims > 0 && !options->max_dims) {
    qrt_format(message, size, "expected max_dims, but found a null pointer");
    return QRT_NULL_POINTER;
  }
  if (qrt_arena_bytes(model, options->max_dims, options->num_max_dims) < 0) {
    qrt_format(message, size, "max_dims are not positive, or their arena is too large");
    return QRT_INVALID_OPTION;
  }
  return QRT_OK;
}

// The number of threads that the options ask for and the steps can use.
static int32_t qrt_choose_threads(const qrt_model_desc *model, int32_t requested) {
  int32_t threads = requested == 0 ? qrt_cpu_count() : requested;
  int32_t useful = 1;
  for (int32_t i = 0; i < model->num_steps; ++i) {
    const qrt_step *step = &model->steps[i];
    if (!(step->flags & QRT_STEP_SERIAL) && step->max_workers > useful)
      useful = step->max_workers;
  }
  threads = threads < useful ? threads : useful;
  return threads < QRT_MAX_THREADS ? threads : QRT_MAX_THREADS;
}

static void *qrt_allocate_zeroed(size_t alignment, int64_t bytes) {
  if (bytes < 0 || (uint64_t)bytes > SIZE_MAX / 2)
    return NULL;
  size_t size = ((size_t)bytes + alignment - 1) / alignment * alignment;
  size = size ? size : alignment;
  void *memory = aligned_alloc(alignment, size);
  if (memory)
    memset(memory, 0, size);
  return memory;
}

// The context and its tables in one block; null without memory.
static qrt_context *qrt_allocate_context(const qrt_model_desc *model, bool profile) {
  const size_t alignment = 64;
  size_t pointers = (size_t)model->num_inputs + (size_t)model->num_outputs + 2;
  size_t dims = (size_t)model->num_dims;
  size_t times = profile ? (size_t)model->num_steps : 0;
  size_t bytes =
      sizeof(qrt_context) + pointers * sizeof(void *) + (2 * dims + times) * sizeof(int64_t);
  qrt_context *context = qrt_allocate_zeroed(alignment, (int64_t)bytes);
  if (!context)
    return NULL;
  context->model = model;
  context->io = (void **)(context + 1);
  context->dims = (int64_t *)(context->io + pointers);
  context->max_dims = context->dims + dims;
  context->profile = profile ? context->max_dims + dims : NULL;
  context->io[pointers - 2] = dims ? context->dims : NULL;
  return context;
}

static int32_t qrt_prepare(qrt_context *context, const qrt_options *options, char *message,
                           size_t size) {
  const qrt_model_desc *model = context->model;
  int64_t bytes = qrt_arena_bytes(model, options->max_dims, options->num_max_dims);
  for (int32_t i = 0; i < model->num_dims; ++i)
    context->max_dims[i] = options->max_dims[i];
  context->num_threads = 1;
  if (model->device)
    return model->device->open(context, message, size);
  if (model->messages) {
    context->nodes = qrt_nodes_create();
    if (!context->nodes) {
      qrt_format(message, size, "no memory for a context");
      return QRT_OUT_OF_MEMORY;
    }
    context->io[model->num_inputs + model->num_outputs + 1] = context->nodes;
  }
  context->arena = qrt_allocate_zeroed((size_t)model->arena_alignment, bytes);
  if (!context->arena) {
    qrt_format(message, size, "no memory for an arena of %lld bytes", (long long)bytes);
    return QRT_OUT_OF_MEMORY;
  }
  if (model->init) {
    uint32_t saved = qrt_set_float_environment();
    model->init(context->arena, model->num_dims ? context->max_dims : NULL);
    qrt_restore_float_environment(saved);
  }
  context->num_threads = qrt_choose_threads(model, options->num_threads);
  context->parallel_for = options->parallel_for;
  context->parallel_for_user = options->parallel_for_user;
  if (context->num_threads == 1 || context->parallel_for)
    return QRT_OK;
  context->pool = qrt_pool_retain(context->num_threads);
  if (context->pool)
    return QRT_OK;
  qrt_format(message, size, "could not start %d worker threads", context->num_threads - 1);
  return QRT_THREAD_ERROR;
}

int32_t qrt_create(const qrt_model_desc *model, const qrt_options *options, qrt_context **context) {
  if (!context)
    return QRT_NULL_POINTER;
  *context = NULL;
  static const qrt_options defaults = {.struct_size = sizeof(qrt_options), .num_threads = 1};
  if (!options)
    options = &defaults;
  // Another size is another version of the struct: none of it can be trusted.
  if (options->struct_size != sizeof(qrt_options))
    return QRT_INVALID_OPTION;
  char *message = options->message;
  size_t size = message && options->message_size > 0 ? (size_t)options->message_size : 0;
  qrt_format(message, size, "%s", "");

  int32_t status = qrt_check_options(model, options, message, size);
  if (status == QRT_OK)
    status = qrt_check_cpu(model, message, size);
  if (status != QRT_OK)
    return status;
  qrt_context *made = qrt_allocate_context(model, options->profile != 0);
  if (!made) {
    qrt_format(message, size, "no memory for a context");
    return QRT_OUT_OF_MEMORY;
  }
  status = qrt_prepare(made, options, message, size);
  if (status != QRT_OK) {
    qrt_destroy(made);
    return status;
  }
  *context = made;
  return QRT_OK;
}

void qrt_destroy(qrt_context *context) {
  if (!context)
    return;
  if (context->device_state)
    context->model->device->close(context);
  if (context->pool)
    qrt_pool_drop(context->pool);
  qrt_nodes_destroy(context->nodes);
  free(context->arena);
  free(context);
}

int32_t qrt_thread_count(const qrt_context *context) { return context->num_threads; }
