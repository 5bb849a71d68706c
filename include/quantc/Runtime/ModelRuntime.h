//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime with the descriptor as an argument: what ModelABI.h's functions
// are bound to, each with the same contract. For programs that hold several
// models, that is, for tests. C and C++.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_RUNTIME_MODELRUNTIME_H
#define QUANTC_RUNTIME_MODELRUNTIME_H

#include "quantc/Runtime/ModelDescriptor.h"

#ifdef __cplusplus
extern "C" {
#endif

const char *qrt_status_string(int32_t status);

/* The QRT_CPU_* bits that this CPU has and this operating system enables. */
uint32_t qrt_cpu_features(void);

int64_t qrt_arena_bytes(const struct qrt_model_desc *model, const int64_t *max_dims,
                        int32_t num_max_dims);

int32_t qrt_create(const struct qrt_model_desc *model, const qrt_options *options,
                   qrt_context **context);
void qrt_destroy(qrt_context *context);

int32_t qrt_run(qrt_context *context, const qrt_tensor *inputs, int32_t num_inputs,
                const qrt_tensor *outputs, int32_t num_outputs);
const char *qrt_last_error(const qrt_context *context);
int32_t qrt_profile(const qrt_context *context, int64_t *nanoseconds, int32_t count);

/* The threads that the context uses at most, the caller's among them. */
int32_t qrt_thread_count(const qrt_context *context);

int32_t qrt_run_self_tests(const struct qrt_model_desc *model, qrt_context *context, char *message,
                           int32_t message_size);

#ifdef __cplusplus
}
#endif

#endif /* QUANTC_RUNTIME_MODELRUNTIME_H */
