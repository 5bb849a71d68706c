//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs: right results for any number of threads, every wrong argument refused,
// the caller's floating-point environment, profiles, self-tests.
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <immintrin.h>
#include <limits>
#include <malloc.h>
#include <mutex>
#include <string>

using namespace quantc::test;

namespace {

TEST(Run, SameResultForAnyNumberOfThreads) {
  qrt_model_desc model = staticModel();
  for (int32_t count = 1; count <= 8; ++count) {
    Context context(model, threads(count));
    ASSERT_EQ(context.status, QRT_OK);
    StaticArguments arguments(count);
    EXPECT_EQ(arguments.run(context), QRT_OK);
    EXPECT_TRUE(arguments.correct()) << count;
  }
}

TEST(Run, GivesEachWorkerItsPart) {
  qrt_model_desc model = staticModel();
  for (int32_t count = 1; count <= 12; ++count) {
    std::mutex mutex;
    std::vector<int> calls(16);
    stepHook = [&](int64_t worker, int64_t workers) {
      std::lock_guard<std::mutex> guard(mutex);
      EXPECT_EQ(workers, std::min(count, 8));
      ++calls[worker];
    };
    Context context(model, threads(count));
    StaticArguments arguments;
    EXPECT_EQ(arguments.run(context), QRT_OK);
    stepHook = nullptr;
    for (int32_t i = 0; i < 16; ++i)
      EXPECT_EQ(calls[i], i < std::min(count, 8)) << i;
  }
}

TEST(Run, BindsDynamicDimensions) {
  qrt_model_desc model = dynamicModel();
  int64_t largest[] = {9};
  qrt_options options = threads(3);
  options.max_dims = largest;
  options.num_max_dims = 1;
  Context context(model, options);
  ASSERT_EQ(context.status, QRT_OK);
  for (int64_t n : {1, 9, 4}) {
    std::vector<uint8_t> x(n * 4), y(n), z(n);
    for (int64_t i = 0; i < n * 4; ++i)
      x[i] = static_cast<uint8_t>(i * 37);
    for (int64_t i = 0; i < n; ++i)
      y[i] = static_cast<uint8_t>(i + 200);
    int64_t xShape[] = {n, 4}, yShape[] = {n};
    qrt_tensor inputs[] = {{x.data(), QRT_UINT8, 2, xShape}, {y.data(), QRT_UINT8, 1, yShape}};
    qrt_tensor output = {z.data(), QRT_UINT8, 1, yShape};
    ASSERT_EQ(qrt_run(context, inputs, 2, &output, 1), QRT_OK) << qrt_last_error(context);
    for (int64_t i = 0; i < n; ++i)
      EXPECT_EQ(z[i],
                static_cast<uint8_t>(y[i] + x[i * 4] + x[i * 4 + 1] + x[i * 4 + 2] + x[i * 4 + 3]));
  }
}

TEST(Run, RefusesInconsistentDynamicDimensions) {
  qrt_model_desc model = dynamicModel();
  int64_t largest[] = {9};
  qrt_options options = threads(1);
  options.max_dims = largest;
  options.num_max_dims = 1;
  Context context(model, options);
  ASSERT_EQ(context.status, QRT_OK);
  std::vector<uint8_t> x(80), y(20), z(20);
  auto run = [&](int64_t nx, int64_t ny, int64_t nz) -> std::string {
    int64_t xShape[] = {nx, 4}, yShape[] = {ny}, zShape[] = {nz};
    qrt_tensor inputs[] = {{x.data(), QRT_UINT8, 2, xShape}, {y.data(), QRT_UINT8, 1, yShape}};
    qrt_tensor output = {z.data(), QRT_UINT8, 1, zShape};
    EXPECT_EQ(qrt_run(context, inputs, 2, &output, 1), QRT_SHAPE_MISMATCH);
    return qrt_last_error(context);
  };
  EXPECT_EQ(run(10, 10, 10), "input 'x', axis 0: expected at most 9, but found 10");
  EXPECT_EQ(run(0, 0, 0), "input 'x', axis 0: expected at least 1, but found 0");
  EXPECT_EQ(run(-1, -1, -1), "input 'x', axis 0: expected at least 1, but found -1");
  EXPECT_EQ(run(3, 4, 3), "input 'y', axis 0: expected 3, but found 4");
  EXPECT_EQ(run(3, 3, 2), "output 'z', axis 0: expected 3, but found 2");
}

//===----------------------------------------------------------------------===//
// Wrong arguments
//===----------------------------------------------------------------------===//

class RunArguments : public ::testing::Test {
protected:
  qrt_model_desc model = staticModel();
  Context context{model, threads(2)};
  StaticArguments arguments;

  /// Expects a refusal that leaves the outputs alone and a usable context.
  void expect(int32_t status, const std::string &message) {
    EXPECT_EQ(arguments.run(context), status);
    EXPECT_EQ(qrt_last_error(context), message);
    EXPECT_EQ(arguments.total[0], -1);
    StaticArguments good;
    EXPECT_EQ(good.run(context), QRT_OK);
    EXPECT_TRUE(good.correct());
    EXPECT_STREQ(qrt_last_error(context), "");
  }
};

TEST_F(RunArguments, NullContext) { EXPECT_EQ(arguments.run(nullptr), QRT_NULL_POINTER); }

TEST_F(RunArguments, NullArrays) {
  EXPECT_EQ(qrt_run(context, nullptr, 2, arguments.outputs.data(), 2), QRT_NULL_POINTER);
  EXPECT_STREQ(qrt_last_error(context), "expected an array of inputs, but found a null pointer");
  EXPECT_EQ(qrt_run(context, arguments.inputs.data(), 2, nullptr, 2), QRT_NULL_POINTER);
  EXPECT_STREQ(qrt_last_error(context), "expected an array of outputs, but found a null pointer");
}

TEST_F(RunArguments, Counts) {
  for (int32_t bad : {-1, 0, 1, 3, INT32_MAX}) {
    EXPECT_EQ(qrt_run(context, arguments.inputs.data(), bad, arguments.outputs.data(), 2),
              QRT_INVALID_COUNT);
    EXPECT_EQ(qrt_run(context, arguments.inputs.data(), 2, arguments.outputs.data(), bad),
              QRT_INVALID_COUNT);
  }
  EXPECT_STREQ(qrt_last_error(context), "expected 2 outputs, but found 2147483647");
}

TEST_F(RunArguments, NullData) {
  arguments.inputs[1].data = nullptr;
  expect(QRT_NULL_POINTER, "input 'b': expected data, but found a null pointer");
}

TEST_F(RunArguments, NullOutputData) {
  arguments.outputs[1].data = nullptr;
  expect(QRT_NULL_POINTER, "output 'half': expected data, but found a null pointer");
}

TEST_F(RunArguments, NullShape) {
  arguments.outputs[0].shape = nullptr;
  expect(QRT_NULL_POINTER, "output 'total': expected a shape, but found a null pointer");
}

TEST_F(RunArguments, Type) {
  arguments.inputs[0].dtype = QRT_FLOAT32;
  expect(QRT_DTYPE_MISMATCH, "input 'a': expected type int32, but found float32 (1)");
  arguments.inputs[0].dtype = 77;
  expect(QRT_DTYPE_MISMATCH, "input 'a': expected type int32, but found unknown (77)");
}

TEST_F(RunArguments, Rank) {
  arguments.outputs[1].rank = 2;
  expect(QRT_RANK_MISMATCH, "output 'half': expected rank 1, but found 2");
  arguments.outputs[1].rank = -1;
  expect(QRT_RANK_MISMATCH, "output 'half': expected rank 1, but found -1");
}

TEST_F(RunArguments, Shape) {
  int64_t shape[] = {63};
  arguments.inputs[0].shape = shape;
  expect(QRT_SHAPE_MISMATCH, "input 'a', axis 0: expected 64, but found 63");
  shape[0] = INT64_MIN;
  expect(QRT_SHAPE_MISMATCH, "input 'a', axis 0: expected 64, but found -9223372036854775808");
}

TEST_F(RunArguments, Alignment) {
  arguments.inputs[0].data = reinterpret_cast<char *>(arguments.a.data()) + 2;
  EXPECT_EQ(arguments.run(context), QRT_MISALIGNED);
  EXPECT_EQ(std::string(qrt_last_error(context)).rfind("input 'a': expected data aligned to 4", 0),
            0u);
}

TEST_F(RunArguments, Overlap) {
  arguments.outputs[1].data = arguments.total.data() + length - 1;
  expect(QRT_OVERLAP, "output 'half' overlaps output 'total'");
  arguments.outputs[1].data = arguments.b.data();
  expect(QRT_OVERLAP, "output 'half' overlaps input 'b'");
}

TEST_F(RunArguments, InputsMayOverlap) {
  arguments.inputs[1].data = arguments.a.data();
  EXPECT_EQ(arguments.run(context), QRT_OK);
  EXPECT_EQ(arguments.total[0], 2 * arguments.a[0]);
}

TEST_F(RunArguments, BusyContext) {
  int32_t inner = -1;
  stepHook = [&](int64_t worker, int64_t) {
    if (worker == 0)
      inner = qrt_run(context, nullptr, 0, nullptr, 0);
  };
  EXPECT_EQ(arguments.run(context), QRT_OK);
  stepHook = nullptr;
  EXPECT_EQ(inner, QRT_BUSY);
  EXPECT_TRUE(arguments.correct());
  EXPECT_EQ(arguments.run(context), QRT_OK);
}

//===----------------------------------------------------------------------===//
// Environment
//===----------------------------------------------------------------------===//

TEST(RunEnvironment, RoundsToNearestAndRestoresTheCallers) {
  // Round up, flush to zero, denormals are zero, all exceptions masked.
  const uint32_t mine = 0x1f80 | 0x4000 | 0x8000 | 0x0040;
  const uint32_t before = _mm_getcsr();
  _mm_setcsr(mine);
  qrt_model_desc model = staticModel();
  std::atomic<int> wrong{0};
  stepHook = [&](int64_t, int64_t) { wrong += (_mm_getcsr() & ~0x3fu) != 0x1f80u; };
  uint32_t after = 0;
  {
    Context context(model, threads(4));
    StaticArguments arguments;
    EXPECT_EQ(arguments.run(context), QRT_OK);
    after = _mm_getcsr();
  }
  stepHook = nullptr;
  _mm_setcsr(before);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(after, mine);
}

TEST(RunEnvironment, AllocatesNothing) {
  qrt_model_desc model = staticModel();
  qrt_options options = threads(4);
  options.profile = 1;
  Context context(model, options);
  StaticArguments arguments;
  EXPECT_EQ(arguments.run(context), QRT_OK);
  struct mallinfo2 before = mallinfo2();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(arguments.run(context), QRT_OK);
  struct mallinfo2 after = mallinfo2();
  EXPECT_EQ(before.uordblks, after.uordblks);
  EXPECT_EQ(before.hblkhd, after.hblkhd);
}

TEST(RunProfile, TimesEveryStep) {
  qrt_model_desc model = staticModel();
  qrt_options options = threads(2);
  options.profile = 1;
  Context context(model, options);
  int64_t times[3] = {-1, -1, -1};
  EXPECT_EQ(qrt_profile(context, times, 3), QRT_NOT_AVAILABLE);
  StaticArguments arguments;
  ASSERT_EQ(arguments.run(context), QRT_OK);
  EXPECT_EQ(qrt_profile(context, times, 2), QRT_INVALID_COUNT);
  EXPECT_EQ(qrt_profile(context, nullptr, 3), QRT_NULL_POINTER);
  EXPECT_EQ(qrt_profile(nullptr, times, 3), QRT_NULL_POINTER);
  ASSERT_EQ(qrt_profile(context, times, 3), QRT_OK);
  for (int64_t time : times)
    EXPECT_GE(time, 0);
  EXPECT_GT(times[0] + times[1] + times[2], 0);
  Context plain(model, threads(2));
  ASSERT_EQ(arguments.run(plain), QRT_OK);
  EXPECT_EQ(qrt_profile(plain, times, 3), QRT_NOT_AVAILABLE);
}

//===----------------------------------------------------------------------===//
// Self-test
//===----------------------------------------------------------------------===//

class SelfTest : public ::testing::Test {
protected:
  StaticArguments arguments{5};
  qrt_model_desc model = staticModel();
  std::array<int32_t, length> total;
  std::array<float, length> half;
  const void *inputs[2] = {arguments.a.data(), arguments.b.data()};
  const void *outputs[2] = {total.data(), half.data()};
  qrt_self_test tests[2] = {{inputs, outputs, nullptr}, {inputs, outputs, nullptr}};
  char message[200] = "";

  void SetUp() override {
    Context context(model, threads(1));
    ASSERT_EQ(arguments.run(context), QRT_OK);
    total = arguments.total;
    half = arguments.half;
    model.num_self_tests = 2;
    model.self_tests = tests;
  }

  int32_t run(qrt_context *context = nullptr) {
    return qrt_run_self_tests(&model, context, message, sizeof message);
  }
};

TEST_F(SelfTest, Passes) {
  EXPECT_EQ(run(), QRT_OK);
  EXPECT_STREQ(message, "2 of 2 vectors passed");
  Context context(model, threads(3));
  EXPECT_EQ(run(context), QRT_OK);
  EXPECT_EQ(qrt_run_self_tests(&model, nullptr, nullptr, 100), QRT_OK);
}

TEST_F(SelfTest, FindsAWrongInteger) {
  total[9] += 1;
  EXPECT_EQ(run(), QRT_SELF_TEST_FAILED);
  EXPECT_EQ(std::string(message), "vector 0, output 'total', element 9: expected " +
                                      std::to_string(total[9]) + ", but found " +
                                      std::to_string(total[9] - 1));
}

TEST_F(SelfTest, ComparesFloatsBitForBit) {
  half[63] = std::nextafter(half[63], std::numeric_limits<float>::infinity());
  EXPECT_EQ(run(), QRT_SELF_TEST_FAILED);
  EXPECT_EQ(std::string(message).rfind("vector 0, output 'half', element 63: ", 0), 0u);
}

TEST_F(SelfTest, HonoursTheTolerance) {
  float largest = 0;
  for (float value : half)
    largest = std::max(largest, std::abs(value));
  model.self_test_tolerance = 0.01f;
  half[3] += 0.009f * largest;
  EXPECT_EQ(run(), QRT_OK) << message;
  half[3] += 0.002f * largest;
  EXPECT_EQ(run(), QRT_SELF_TEST_FAILED);
  // Integers stay exact.
  half[3] = arguments.half[3];
  total[0] -= 1;
  EXPECT_EQ(run(), QRT_SELF_TEST_FAILED);
}

TEST_F(SelfTest, NaNMatchesNaNOnly) {
  model.self_test_tolerance = 0.01f;
  half[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(run(), QRT_SELF_TEST_FAILED);
}

TEST_F(SelfTest, ReportsABusyContext) {
  Context context(model, threads(1));
  int32_t inner = -1;
  stepHook = [&](int64_t, int64_t) { inner = run(context); };
  EXPECT_EQ(arguments.run(context), QRT_OK);
  stepHook = nullptr;
  EXPECT_EQ(inner, QRT_BUSY);
  EXPECT_STREQ(message, "vector 0: the context is in use by another thread");
}

TEST_F(SelfTest, ReportsAnUnsupportedCpu) {
  model.cpu_features = 1u << 30;
  EXPECT_EQ(run(), QRT_UNSUPPORTED_CPU);
  EXPECT_EQ(std::string(message).rfind("the model needs portable, but", 0), 0u);
}

TEST(SelfTestDynamic, UsesTheVectorsDimensions) {
  qrt_model_desc model = dynamicModel();
  const uint8_t x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, y[] = {0, 0, 1};
  const uint8_t z[] = {10, 26, 43};
  const void *inputs[] = {x, y}, *outputs[] = {z};
  const int64_t one[] = {1}, three[] = {3};
  const qrt_self_test tests[] = {{inputs, outputs, one}, {inputs, outputs, three}};
  model.num_self_tests = 2;
  model.self_tests = tests;
  char message[100];
  EXPECT_EQ(qrt_run_self_tests(&model, nullptr, message, sizeof message), QRT_OK) << message;
  EXPECT_STREQ(message, "2 of 2 vectors passed");
}

} // namespace

//===----------------------------------------------------------------------===//
// Nodes in loops
//===----------------------------------------------------------------------===//

namespace {
/// What the node of the test does with the state that it gets.
std::function<void(qrt_nodes *)> nodeHook;
} // namespace

static void nodeStep(uint8_t *, void *const *io, int64_t, int64_t) {
  nodeHook(static_cast<qrt_nodes *>(io[5])); // behind two inputs, two outputs and the dimensions
}

static qrt_model_desc nodeModel() {
  static const qrt_step steps[] = {{nodeStep, 1, QRT_STEP_SERIAL, "Gather_0", "node"}};
  static const char *const messages[] = {"node 'a': bad", "node 'b': worse", nullptr};
  qrt_model_desc model = staticModel();
  model.num_steps = 1;
  model.steps = steps;
  model.messages = messages;
  return model;
}

TEST(Run, NodesKeepTheirMemoryFromRunToRun) {
  qrt_model_desc model = nodeModel();
  Context context(model, threads(1));
  StaticArguments arguments;
  std::vector<void *> first, second;
  auto use = [](std::vector<void *> &blocks) {
    return [&](qrt_nodes *nodes) {
      for (uint64_t bytes : {uint64_t(0), uint64_t(1), uint64_t(100), uint64_t(1) << 20}) {
        blocks.push_back(qrt_nodes_alloc(nodes, bytes));
        std::memset(blocks.back(), 1, bytes + 64); // readable beyond the end
        EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % 64, 0u);
      }
      qrt_nodes_free(nodes, blocks.back());
      EXPECT_EQ(qrt_nodes_alloc(nodes, (uint64_t(1) << 20) - 8), blocks.back());
    };
  };
  nodeHook = use(first);
  EXPECT_EQ(arguments.run(context), QRT_OK);
  nodeHook = use(second);
  EXPECT_EQ(arguments.run(context), QRT_OK);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
}

TEST(Run, AFailedCheckOfANodeEndsTheRunWithItsMessage) {
  qrt_model_desc model = nodeModel();
  Context context(model, threads(1));
  StaticArguments arguments;
  nodeHook = [](qrt_nodes *nodes) {
    qrt_nodes_alloc(nodes, 1000);
    qrt_nodes_fail(nodes, 1);
  };
  EXPECT_EQ(arguments.run(context), QRT_NODE_ERROR);
  EXPECT_STREQ(qrt_last_error(context), "node 'b': worse");
  nodeHook = [](qrt_nodes *nodes) { qrt_nodes_alloc(nodes, uint64_t(1) << 60); };
  EXPECT_EQ(arguments.run(context), QRT_OUT_OF_MEMORY);
  nodeHook = [](qrt_nodes *) {};
  EXPECT_EQ(arguments.run(context), QRT_OK);
}
