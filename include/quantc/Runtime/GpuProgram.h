//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the compiler tells the runtime about a model that runs on an NVIDIA GPU:
// PTX text, constants and a table of launches, all of it data. Written by
// Target/GPU, run by lib/Runtime/Gpu.c. The layout is plain C.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_RUNTIME_GPUPROGRAM_H
#define QUANTC_RUNTIME_GPUPROGRAM_H

#include "quantc/Runtime/ModelDescriptor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  QRT_GPU_ARENA = 0,    /* a context's working memory */
  QRT_GPU_CONSTANTS = 1 /* the model's constants, shared by contexts */
};

/* An address that a kernel is given. */
typedef struct qrt_gpu_argument {
  int64_t base;   /* QRT_GPU_ARENA or QRT_GPU_CONSTANTS */
  int64_t offset; /* bytes */
} qrt_gpu_argument;

/* One launch, a step of the model. */
typedef struct qrt_gpu_launch {
  int32_t kernel; /* index into qrt_gpu_program.kernels */
  uint32_t grid_x, grid_y, grid_z;
  uint32_t threads;       /* of a block, in one dimension */
  uint32_t shared_bytes;  /* dynamic shared memory of a block */
  int32_t first_argument; /* index into qrt_gpu_program.arguments */
  int32_t num_arguments;
} qrt_gpu_launch;

/* Most arguments of a launch. */
#define QRT_GPU_MAX_ARGUMENTS 16

typedef struct qrt_gpu_program {
  const char *ptx;            /* NUL-terminated text */
  const char *const *kernels; /* names of its entries */
  const qrt_gpu_launch *launches;
  const qrt_gpu_argument *arguments;
  const void *constants;
  const int64_t *offsets; /* of inputs, then outputs, in the arena */
  int64_t constant_bytes;
  int32_t num_kernels;
  int32_t num_launches;       /* = qrt_model_desc.num_steps */
  int32_t compute_capability; /* least: major * 10 + minor */
} qrt_gpu_program;

/* Defined in lib/Runtime/Gpu.c. */
extern const qrt_device qrt_gpu_device __attribute__((visibility("hidden")));

#ifdef __cplusplus
}
#endif

#endif /* QUANTC_RUNTIME_GPUPROGRAM_H */
