//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two models written by hand for the runtime's tests.
//
// `staticModel`: int32 a[64], b[64] -> int32 total[64] (running sum of a + b)
// and float32 half[64] (total / 2), in three steps of which the second is
// serial. `dynamicModel`: uint8 x[n, 4], uint8 y[n] -> uint8 z[n], the sum of
// x's row and y, modulo 256.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_RUNTIME_TESTMODELS_H
#define QUANTC_TEST_UNIT_RUNTIME_TESTMODELS_H

#include "quantc/Runtime/ModelRuntime.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace quantc::test {

constexpr int64_t length = 64;

qrt_model_desc staticModel();
qrt_model_desc dynamicModel();

/// Called, when set, by each worker of the static model's first step.
extern std::function<void(int64_t worker, int64_t workers)> stepHook;

/// Buffers and tensors for the static model.
struct StaticArguments {
  std::array<int32_t, length> a, b, total{};
  std::array<float, length> half{};
  int64_t shape[1] = {length};
  std::array<qrt_tensor, 2> inputs, outputs;

  explicit StaticArguments(int32_t seed = 1);
  StaticArguments(const StaticArguments &) = delete;

  int32_t run(qrt_context *context);
  /// Whether the outputs are right.
  bool correct() const;
};

qrt_options threads(int32_t count);

/// A context that lives as long as this.
class Context {
public:
  Context(const qrt_model_desc &model, const qrt_options &options)
      : status(qrt_create(&model, &options, &context)) {}
  ~Context() { qrt_destroy(context); }
  Context(const Context &) = delete;

  operator qrt_context *() const { return context; }

private:
  qrt_context *context = nullptr;

public:
  int32_t status;
};

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_RUNTIME_TESTMODELS_H
