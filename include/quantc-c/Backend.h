/*===----------------------------------------------------------------------===*\
|*
|* Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
|* See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* A float ONNX model, compiled into this process and run on arrays. What
|* python/quantc/backend.py stands on.
|*
\*===----------------------------------------------------------------------===*/

#ifndef QUANTC_C_BACKEND_H
#define QUANTC_C_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quantc_backend quantc_backend;

/* Row-major elements; `dtype` is an ONNX TensorProto.DataType code, and elements narrower than a
   byte take one byte each. */
typedef struct quantc_array {
  int32_t dtype;
  int32_t rank;
  const int64_t *shape;
  const void *data;
} quantc_array;

/* Flags of quantc_backend_create. PROFILE takes the time of every node. */
enum { QUANTC_BACKEND_PROFILE = 1 };

/* Reads and compiles the model in the file. Null on failure, with all reasons as text in `message`
   (cut to `room` bytes, always terminated). */
quantc_backend *quantc_backend_create(const char *path, uint32_t flags, char *message, size_t room);
void quantc_backend_destroy(quantc_backend *backend);

int32_t quantc_backend_input_count(const quantc_backend *backend);
int32_t quantc_backend_output_count(const quantc_backend *backend);
const char *quantc_backend_input_name(const quantc_backend *backend, int32_t index);
const char *quantc_backend_output_name(const quantc_backend *backend, int32_t index);

/* Runs once on `count` inputs in the model's order. 0, or 1 with the reason in `message`. */
int32_t quantc_backend_run(quantc_backend *backend, const quantc_array *inputs, int32_t count,
                           char *message, size_t room);
/* Output `index` of the last run; its memory lasts until the next one. */
quantc_array quantc_backend_output(const quantc_backend *backend, int32_t index);

/* With QUANTC_BACKEND_PROFILE: steps in the model's order, and the nanoseconds that all runs spent
   in each. */
int32_t quantc_backend_step_count(const quantc_backend *backend);
const char *quantc_backend_step_name(const quantc_backend *backend, int32_t index);
uint64_t quantc_backend_step_time(const quantc_backend *backend, int32_t index);

#ifdef __cplusplus
}
#endif

#endif
