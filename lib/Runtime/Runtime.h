//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime's inside: the context, and what its files offer each other. The
// functions take a descriptor or a context, so that tests can drive several
// models; ModelABI.c binds them to the one descriptor of a model library.
//
// Built twice: natively for the unit tests, and to bitcode that the compiler
// links into every module it emits. Depends on libc only; allocates in create
// and self-test only.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_RUNTIME_RUNTIME_H
#define QUANTC_LIB_RUNTIME_RUNTIME_H

#include "quantc/Runtime/ModelRuntime.h"

#include <stdatomic.h>
#include <stdbool.h>

#ifdef __cplusplus
#error "the runtime is C11; C++ includes quantc/Runtime/ModelRuntime.h"
#endif

// Keeps a function a symbol of its own: what computes in floating point must
// stay inside qrt_*, where the check for float-free code expects it.
#define QRT_NOINLINE __attribute__((noinline))

#define QRT_MESSAGE_SIZE 256

typedef struct qrt_model_desc qrt_model_desc;
typedef struct qrt_pool qrt_pool;

struct qrt_context {
  const qrt_model_desc *model;
  uint8_t *arena;
  // Pointers given to steps: inputs, outputs, dims, nodes; see qrt_step_fn.
  void **io;
  // Values of the dynamic dimensions in the current run, and their largest.
  int64_t *dims;
  int64_t *max_dims;
  // Nanoseconds of each step of the last good run; null without `profile`.
  int64_t *profile;
  bool has_profile;
  int32_t num_threads;
  // The library's pool, or the host's loop, or neither with one thread.
  qrt_pool *pool;
  qrt_parallel_for_fn parallel_for;
  void *parallel_for_user;
  // What model->device keeps for this context.
  void *device_state;
  // Null unless steps of the model are nodes in loops.
  struct qrt_nodes *nodes;
  // Not 0 during a run.
  atomic_int running;
  char error[QRT_MESSAGE_SIZE];
};

//===----------------------------------------------------------------------===//
// Status.c
//===----------------------------------------------------------------------===//

// snprintf that accepts a null or empty buffer; always NUL-terminates.
void qrt_format(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Bytes of an element, 0 for a type that tensors of a model cannot have, and
// the type's name.
int64_t qrt_dtype_size(int32_t dtype);
const char *qrt_dtype_name(int32_t dtype);

//===----------------------------------------------------------------------===//
// Cpu.c
//===----------------------------------------------------------------------===//

// Writes the names of the features in `set`, separated by ", ".
void qrt_cpu_feature_names(uint32_t set, char *buffer, size_t size);

// CPUs that the process may use, at least 1.
int32_t qrt_cpu_count(void);

// The caller's MXCSR; sets round-to-nearest, all exceptions masked, denormals
// kept. qrt_restore_float_environment takes it back.
uint32_t qrt_set_float_environment(void);
void qrt_restore_float_environment(uint32_t saved);

int64_t qrt_now_ns(void);

//===----------------------------------------------------------------------===//
// Check.c
//===----------------------------------------------------------------------===//

// Checks the tensors of a run, binds context->dims and fills context->io.
int32_t qrt_bind_arguments(qrt_context *context, const qrt_tensor *inputs, int32_t num_inputs,
                           const qrt_tensor *outputs, int32_t num_outputs);

#endif // QUANTC_LIB_RUNTIME_RUNTIME_H
