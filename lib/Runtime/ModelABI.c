//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of ModelABI.h, bound to the one descriptor of this library.
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"

#define QRT_MODEL (&qrt_model_descriptor)

int32_t quantc_model_abi_version(void) { return QRT_MODEL->abi_version; }

const char *quantc_model_name(void) { return QRT_MODEL->name; }

const char *quantc_model_version(void) { return QRT_MODEL->version; }

const char *quantc_model_cpu_level(void) { return QRT_MODEL->cpu_level; }

const char *quantc_model_certificate(void) { return QRT_MODEL->certificate; }

int32_t quantc_model_input_count(void) { return QRT_MODEL->num_inputs; }

int32_t quantc_model_output_count(void) { return QRT_MODEL->num_outputs; }

const qrt_tensor_info *quantc_model_input(int32_t index) {
  bool exists = index >= 0 && index < QRT_MODEL->num_inputs;
  return exists ? &QRT_MODEL->inputs[index] : NULL;
}

const qrt_tensor_info *quantc_model_output(int32_t index) {
  bool exists = index >= 0 && index < QRT_MODEL->num_outputs;
  return exists ? &QRT_MODEL->outputs[index] : NULL;
}

int32_t quantc_model_dim_count(void) { return QRT_MODEL->num_dims; }

const char *quantc_model_dim_name(int32_t index) {
  bool exists = index >= 0 && index < QRT_MODEL->num_dims;
  return exists ? QRT_MODEL->dim_names[index] : NULL;
}

int64_t quantc_model_arena_bytes(const int64_t *max_dims, int32_t num_max_dims) {
  return qrt_arena_bytes(QRT_MODEL, max_dims, num_max_dims);
}

int32_t quantc_model_create(const qrt_options *options, qrt_context **context) {
  return qrt_create(QRT_MODEL, options, context);
}

int32_t quantc_model_run(qrt_context *context, const qrt_tensor *inputs, int32_t num_inputs,
                         const qrt_tensor *outputs, int32_t num_outputs) {
  return qrt_run(context, inputs, num_inputs, outputs, num_outputs);
}

void quantc_model_destroy(qrt_context *context) { qrt_destroy(context); }

int32_t quantc_model_self_test(qrt_context *context, char *message, int32_t message_size) {
  return qrt_run_self_tests(QRT_MODEL, context, message, message_size);
}

const char *quantc_model_error_string(int32_t status) { return qrt_status_string(status); }

const char *quantc_model_last_error(const qrt_context *context) { return qrt_last_error(context); }

int32_t quantc_model_step_count(void) { return QRT_MODEL->num_steps; }

const char *quantc_model_step_name(int32_t index) {
  bool exists = index >= 0 && index < QRT_MODEL->num_steps;
  return exists ? QRT_MODEL->steps[index].name : NULL;
}

const char *quantc_model_step_kind(int32_t index) {
  bool exists = index >= 0 && index < QRT_MODEL->num_steps;
  return exists ? QRT_MODEL->steps[index].kind : NULL;
}

int32_t quantc_model_profile(const qrt_context *context, int64_t *nanoseconds, int32_t count) {
  return qrt_profile(context, nanoseconds, count);
}
