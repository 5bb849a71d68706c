//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Running a model on an NVIDIA GPU: the launch table in order, first captured
// into a graph, then replayed. Module and constants are loaded once a process,
// a context owns its arena and its stream.
//
//===----------------------------------------------------------------------===//

#include "quantc/Runtime/GpuProgram.h"

#include "GpuDriver.h"

#include <sched.h>
#include <stdlib.h>

// What all contexts of this library share.
typedef struct qrt_gpu_shared {
  atomic_flag lock;
  int32_t users;
  qrt_driver driver;
  int device;
  qrt_cu_handle context; // the device's primary one
  qrt_cu_handle module;
  qrt_cu_address constants;
  qrt_cu_handle *functions; // of the program's kernels
} qrt_gpu_shared;

static qrt_gpu_shared qrt_gpu = {.lock = ATOMIC_FLAG_INIT};

// What one context has.
typedef struct qrt_gpu_state {
  qrt_cu_address arena;
  qrt_cu_handle stream;
  qrt_cu_handle graph;   // executable; made by the first run
  qrt_cu_handle *events; // num_launches + 1 with `profile`, else null
} qrt_gpu_state;

static const qrt_gpu_program *qrt_gpu_program_of(const qrt_model_desc *model) {
  return model->device_program;
}

static int32_t qrt_gpu_check(int result, const char *call, char *message, size_t size) {
  if (result == 0)
    return QRT_OK;
  const char *text = NULL;
  qrt_gpu.driver.error_string(result, &text);
  qrt_format(message, size, "%s: %s (%d)", call, text ? text : "unknown error", result);
  return QRT_GPU_ERROR;
}

// Calls the driver; on failure leaves the enclosing function with its status.
#define QRT_GPU_TRY(CALL, MESSAGE, SIZE)                                                           \
  do {                                                                                             \
    int32_t status_ = qrt_gpu_check(qrt_gpu.driver.CALL, #CALL, MESSAGE, SIZE);                    \
    if (status_ != QRT_OK)                                                                         \
      return status_;                                                                              \
  } while (0)

//===----------------------------------------------------------------------===//
// What is shared
//===----------------------------------------------------------------------===//

static void qrt_gpu_lock(void) {
  while (atomic_flag_test_and_set_explicit(&qrt_gpu.lock, memory_order_acquire))
    sched_yield();
}

static void qrt_gpu_unlock(void) {
  atomic_flag_clear_explicit(&qrt_gpu.lock, memory_order_release);
}

static int32_t qrt_gpu_load_module(const qrt_gpu_program *program, char *message, size_t size) {
  // The driver compiles the PTX; what it says about an error is worth more than its number.
  char log[QRT_MESSAGE_SIZE] = "";
  int options[] = {QRT_CU_JIT_ERROR_LOG, QRT_CU_JIT_ERROR_LOG_BYTES};
  void *values[] = {log, (void *)(uintptr_t)sizeof log};
  int result = qrt_gpu.driver.module_load(&qrt_gpu.module, program->ptx, 2, options, values);
  if (result == 0)
    return QRT_OK;
  qrt_gpu.module = NULL;
  if (!log[0])
    return qrt_gpu_check(result, "cuModuleLoadDataEx", message, size);
  qrt_format(message, size, "cuModuleLoadDataEx: %s", log);
  return QRT_GPU_ERROR;
}

static int32_t qrt_gpu_load_functions(const qrt_gpu_program *program, char *message, size_t size) {
  qrt_gpu.functions = calloc((size_t)program->num_kernels + 1, sizeof *qrt_gpu.functions);
  if (!qrt_gpu.functions)
    return QRT_OUT_OF_MEMORY;
  for (int32_t i = 0; i < program->num_kernels; ++i)
    QRT_GPU_TRY(module_function(&qrt_gpu.functions[i], qrt_gpu.module, program->kernels[i]),
                message, size);
  for (int32_t i = 0; i < program->num_launches; ++i) {
    const qrt_gpu_launch *launch = &program->launches[i];
    if (launch->shared_bytes > QRT_CU_SHARED_WITHOUT_ASKING)
      QRT_GPU_TRY(function_set(qrt_gpu.functions[launch->kernel], QRT_CU_MAX_DYNAMIC_SHARED,
                               (int)launch->shared_bytes),
                  message, size);
  }
  return QRT_OK;
}

static int32_t qrt_gpu_load(const qrt_gpu_program *program, char *message, size_t size) {
  int32_t status = qrt_gpu_load_module(program, message, size);
  if (status == QRT_OK)
    status = qrt_gpu_load_functions(program, message, size);
  if (status != QRT_OK)
    return status;
  size_t bytes = (size_t)program->constant_bytes;
  if (qrt_gpu.driver.allocate(&qrt_gpu.constants, bytes ? bytes : 1) != 0) {
    qrt_gpu.constants = 0;
    qrt_format(message, size, "no GPU memory for constants of %lld bytes", (long long)bytes);
    return QRT_OUT_OF_MEMORY;
  }
  QRT_GPU_TRY(copy(qrt_gpu.constants, (qrt_cu_address)(uintptr_t)program->constants, bytes, NULL),
              message, size);
  QRT_GPU_TRY(stream_wait(NULL), message, size);
  return QRT_OK;
}

// Undoes qrt_gpu_load, also a partial one.
static void qrt_gpu_unload(void) {
  if (qrt_gpu.constants)
    qrt_gpu.driver.free(qrt_gpu.constants);
  if (qrt_gpu.module)
    qrt_gpu.driver.module_unload(qrt_gpu.module);
  free(qrt_gpu.functions);
  qrt_gpu.constants = 0;
  qrt_gpu.module = NULL;
  qrt_gpu.functions = NULL;
}

// Takes a share in what the process has loaded, loading it for the first user.
static int32_t qrt_gpu_retain(const qrt_gpu_program *program, char *message, size_t size) {
  if (qrt_gpu.users++ > 0)
    return QRT_OK;
  int32_t status = qrt_driver_open("libcuda.so.1", &qrt_gpu.driver, message, size);
  if (status == QRT_OK)
    status = qrt_driver_find_device(&qrt_gpu.driver, program->compute_capability, &qrt_gpu.device,
                                    message, size);
  if (status == QRT_OK)
    status = qrt_gpu_check(qrt_gpu.driver.context_retain(&qrt_gpu.context, qrt_gpu.device),
                           "cuDevicePrimaryCtxRetain", message, size);
  if (status == QRT_OK) {
    status = qrt_gpu_check(qrt_gpu.driver.context_push(qrt_gpu.context), "cuCtxPushCurrent",
                           message, size);
    if (status == QRT_OK) {
      status = qrt_gpu_load(program, message, size);
      if (status != QRT_OK)
        qrt_gpu_unload();
      qrt_cu_handle popped;
      qrt_gpu.driver.context_pop(&popped);
    }
    if (status != QRT_OK)
      qrt_gpu.driver.context_release(qrt_gpu.device);
  }
  if (status != QRT_OK)
    qrt_gpu.users = 0;
  return status;
}

static void qrt_gpu_release(void) {
  if (--qrt_gpu.users > 0)
    return;
  if (qrt_gpu.driver.context_push(qrt_gpu.context) == 0) {
    qrt_cu_handle popped;
    qrt_gpu_unload();
    qrt_gpu.driver.context_pop(&popped);
  }
  qrt_gpu.driver.context_release(qrt_gpu.device);
}

//===----------------------------------------------------------------------===//
// A context
//===----------------------------------------------------------------------===//

static int32_t qrt_gpu_make_state(qrt_context *context, qrt_gpu_state *state, char *message,
                                  size_t size) {
  const qrt_model_desc *model = context->model;
  size_t bytes = (size_t)model->arena_bytes;
  if (qrt_gpu.driver.allocate(&state->arena, bytes ? bytes : 1) != 0) {
    state->arena = 0;
    qrt_format(message, size, "no GPU memory for an arena of %lld bytes", (long long)bytes);
    return QRT_OUT_OF_MEMORY;
  }
  QRT_GPU_TRY(stream_create(&state->stream, QRT_CU_STREAM_NON_BLOCKING), message, size);
  // What a kernel reads past the end of a buffer has no effect, but is defined.
  QRT_GPU_TRY(fill(state->arena, 0, bytes, state->stream), message, size);
  QRT_GPU_TRY(stream_wait(state->stream), message, size);
  if (!context->profile)
    return QRT_OK;
  state->events = calloc((size_t)model->num_steps + 1, sizeof *state->events);
  if (!state->events)
    return QRT_OUT_OF_MEMORY;
  for (int32_t i = 0; i <= model->num_steps; ++i)
    QRT_GPU_TRY(event_create(&state->events[i], 0), message, size);
  return QRT_OK;
}

static void qrt_gpu_free_state(const qrt_model_desc *model, qrt_gpu_state *state) {
  for (int32_t i = 0; state->events && i <= model->num_steps; ++i)
    if (state->events[i])
      qrt_gpu.driver.event_destroy(state->events[i]);
  if (state->graph)
    qrt_gpu.driver.graph_free(state->graph);
  if (state->stream)
    qrt_gpu.driver.stream_destroy(state->stream);
  if (state->arena)
    qrt_gpu.driver.free(state->arena);
  free(state->events);
  free(state);
}

static int32_t qrt_gpu_open(qrt_context *context, char *message, size_t size) {
  qrt_gpu_state *state = calloc(1, sizeof *state);
  if (!state)
    return QRT_OUT_OF_MEMORY;
  qrt_gpu_lock();
  int32_t status = qrt_gpu_retain(qrt_gpu_program_of(context->model), message, size);
  bool retained = status == QRT_OK;
  if (retained)
    status = qrt_gpu_check(qrt_gpu.driver.context_push(qrt_gpu.context), "cuCtxPushCurrent",
                           message, size);
  if (retained && status == QRT_OK) {
    qrt_cu_handle popped;
    status = qrt_gpu_make_state(context, state, message, size);
    if (status != QRT_OK) {
      qrt_gpu_free_state(context->model, state);
      state = NULL;
    }
    qrt_gpu.driver.context_pop(&popped);
  }
  if (retained && status != QRT_OK)
    qrt_gpu_release();
  qrt_gpu_unlock();
  if (status == QRT_OK)
    context->device_state = state;
  else
    free(state);
  return status;
}

static void qrt_gpu_close(qrt_context *context) {
  qrt_gpu_lock();
  if (qrt_gpu.driver.context_push(qrt_gpu.context) == 0) {
    qrt_cu_handle popped;
    qrt_gpu_free_state(context->model, context->device_state);
    qrt_gpu.driver.context_pop(&popped);
  }
  qrt_gpu_release();
  qrt_gpu_unlock();
}

//===----------------------------------------------------------------------===//
// A run
//===----------------------------------------------------------------------===//

static int32_t qrt_gpu_launch_step(const qrt_context *context, int32_t step, char *message,
                                   size_t size) {
  const qrt_gpu_state *state = context->device_state;
  const qrt_gpu_program *program = qrt_gpu_program_of(context->model);
  const qrt_gpu_launch *launch = &program->launches[step];
  qrt_cu_address addresses[QRT_GPU_MAX_ARGUMENTS];
  void *parameters[QRT_GPU_MAX_ARGUMENTS];
  for (int32_t i = 0; i < launch->num_arguments; ++i) {
    const qrt_gpu_argument *argument = &program->arguments[launch->first_argument + i];
    qrt_cu_address base = argument->base == QRT_GPU_ARENA ? state->arena : qrt_gpu.constants;
    addresses[i] = base + (qrt_cu_address)argument->offset;
    parameters[i] = &addresses[i];
  }
  int result = qrt_gpu.driver.launch(qrt_gpu.functions[launch->kernel], launch->grid_x,
                                     launch->grid_y, launch->grid_z, launch->threads, 1, 1,
                                     launch->shared_bytes, state->stream, parameters, NULL);
  if (result == 0)
    return QRT_OK;
  char call[QRT_MESSAGE_SIZE / 2];
  qrt_format(call, sizeof call, "step '%s', cuLaunchKernel", context->model->steps[step].name);
  return qrt_gpu_check(result, call, message, size);
}

// Launches every step; with events, one before, between and after them.
static int32_t qrt_gpu_launch_all(const qrt_context *context, char *message, size_t size) {
  const qrt_gpu_state *state = context->device_state;
  const qrt_gpu_program *program = qrt_gpu_program_of(context->model);
  if (state->events)
    QRT_GPU_TRY(event_record(state->events[0], state->stream), message, size);
  for (int32_t i = 0; i < program->num_launches; ++i) {
    int32_t status = qrt_gpu_launch_step(context, i, message, size);
    if (status != QRT_OK)
      return status;
    if (state->events)
      QRT_GPU_TRY(event_record(state->events[i + 1], state->stream), message, size);
  }
  return QRT_OK;
}

static int32_t qrt_gpu_capture(qrt_context *context, char *message, size_t size) {
  qrt_gpu_state *state = context->device_state;
  qrt_cu_handle graph = NULL;
  QRT_GPU_TRY(capture_begin(state->stream, QRT_CU_CAPTURE_THREAD_LOCAL), message, size);
  int32_t status = qrt_gpu_launch_all(context, message, size);
  // A capture is ended even if a launch failed, else the stream stays unusable.
  int result = qrt_gpu.driver.capture_end(state->stream, &graph);
  if (status == QRT_OK)
    status = qrt_gpu_check(result, "cuStreamEndCapture", message, size);
  if (status == QRT_OK)
    status = qrt_gpu_check(qrt_gpu.driver.graph_make(&state->graph, graph, 0),
                           "cuGraphInstantiateWithFlags", message, size);
  if (graph)
    qrt_gpu.driver.graph_destroy(graph);
  if (status != QRT_OK)
    state->graph = NULL;
  return status;
}

static int64_t qrt_gpu_tensor_bytes(const qrt_tensor_info *info) {
  int64_t bytes = qrt_dtype_size(info->dtype);
  for (int32_t i = 0; i < info->rank; ++i)
    bytes *= info->shape[i];
  return bytes;
}

// Copies the inputs to their places in the arena, or the outputs from them. The
// driver tells addresses of the host and of the device apart.
static int32_t qrt_gpu_transfer(qrt_context *context, bool in, char *message, size_t size) {
  const qrt_model_desc *model = context->model;
  const qrt_gpu_program *program = qrt_gpu_program_of(model);
  const qrt_gpu_state *state = context->device_state;
  int32_t first = in ? 0 : model->num_inputs;
  int32_t count = in ? model->num_inputs : model->num_outputs;
  for (int32_t i = 0; i < count; ++i) {
    size_t bytes = (size_t)qrt_gpu_tensor_bytes(in ? &model->inputs[i] : &model->outputs[i]);
    qrt_cu_address there = state->arena + (qrt_cu_address)program->offsets[first + i];
    qrt_cu_address here = (qrt_cu_address)(uintptr_t)context->io[first + i];
    if (bytes)
      QRT_GPU_TRY(copy(in ? there : here, in ? here : there, bytes, state->stream), message, size);
  }
  return QRT_OK;
}

static int32_t qrt_gpu_read_profile(qrt_context *context, char *message, size_t size) {
  const qrt_gpu_state *state = context->device_state;
  for (int32_t i = 0; i < context->model->num_steps; ++i) {
    float milliseconds = 0;
    QRT_GPU_TRY(event_elapsed(&milliseconds, state->events[i], state->events[i + 1]), message,
                size);
    context->profile[i] = (int64_t)((double)milliseconds * 1e6);
  }
  context->has_profile = true;
  return QRT_OK;
}

static int32_t qrt_gpu_run_here(qrt_context *context, char *message, size_t size) {
  qrt_gpu_state *state = context->device_state;
  bool profile = state->events != NULL;
  int32_t status = QRT_OK;
  if (!profile && !state->graph)
    status = qrt_gpu_capture(context, message, size);
  if (status == QRT_OK)
    status = qrt_gpu_transfer(context, true, message, size);
  if (status == QRT_OK && profile)
    status = qrt_gpu_launch_all(context, message, size);
  else if (status == QRT_OK)
    status = qrt_gpu_check(qrt_gpu.driver.graph_launch(state->graph, state->stream),
                           "cuGraphLaunch", message, size);
  if (status == QRT_OK)
    status = qrt_gpu_transfer(context, false, message, size);
  // Also after a failure: nothing of this run may still use the caller's memory.
  int result = qrt_gpu.driver.stream_wait(state->stream);
  if (status == QRT_OK)
    status = qrt_gpu_check(result, "cuStreamSynchronize", message, size);
  if (status == QRT_OK && profile)
    status = qrt_gpu_read_profile(context, message, size);
  return status;
}

static int32_t qrt_gpu_run(qrt_context *context) {
  char *message = context->error;
  context->has_profile = false;
  QRT_GPU_TRY(context_push(qrt_gpu.context), message, QRT_MESSAGE_SIZE);
  int32_t status = qrt_gpu_run_here(context, message, QRT_MESSAGE_SIZE);
  qrt_cu_handle popped;
  qrt_gpu.driver.context_pop(&popped);
  return status;
}

const qrt_device qrt_gpu_device = {qrt_gpu_open, qrt_gpu_run, qrt_gpu_close};
