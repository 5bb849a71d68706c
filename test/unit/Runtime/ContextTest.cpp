//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Creating contexts and what is refused at creation; the exported functions.
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"

#include "gtest/gtest.h"

#include <cstring>
#include <string>

using namespace quantc::test;

/// The descriptor that ModelABI.c, compiled into this test, is bound to.
extern "C" const qrt_model_desc qrt_model_descriptor = [] {
  qrt_model_desc model = staticModel();
  model.num_self_tests = 0;
  return model;
}();

// A refused allocation is a case to test, not an error of the program.
extern "C" const char *__asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char *__tsan_default_options() { return "allocator_may_return_null=1"; }

namespace {

TEST(ModelABI, DescribesTheModel) {
  EXPECT_EQ(quantc_model_abi_version(), QUANTC_MODEL_ABI_VERSION);
  EXPECT_STREQ(quantc_model_name(), "static");
  EXPECT_STREQ(quantc_model_version(), "0.0.0");
  EXPECT_STREQ(quantc_model_cpu_level(), "portable");
  EXPECT_STREQ(quantc_model_certificate(), "nothing proved");
  EXPECT_EQ(quantc_model_arena_bytes(nullptr, 0), 256);
  EXPECT_EQ(quantc_model_arena_bytes(nullptr, 1), -1);
  EXPECT_EQ(quantc_model_dim_count(), 0);
  EXPECT_EQ(quantc_model_dim_name(0), nullptr);
}

TEST(ModelABI, ListsTensorsAndSteps) {
  ASSERT_EQ(quantc_model_input_count(), 2);
  ASSERT_EQ(quantc_model_output_count(), 2);
  EXPECT_STREQ(quantc_model_input(0)->name, "a");
  EXPECT_EQ(quantc_model_input(0)->scale, 0.5f);
  EXPECT_EQ(quantc_model_input(0)->zero_point, -3);
  EXPECT_STREQ(quantc_model_output(1)->name, "half");
  EXPECT_EQ(quantc_model_output(1)->dtype, QRT_FLOAT32);
  EXPECT_EQ(quantc_model_step_count(), 3);
  EXPECT_STREQ(quantc_model_step_name(2), "Div_2, Identity_3");
  EXPECT_STREQ(quantc_model_step_kind(1), "scan");
  for (int32_t bad : {-1, 3, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(quantc_model_input(bad), nullptr);
    EXPECT_EQ(quantc_model_output(bad), nullptr);
    EXPECT_EQ(quantc_model_step_name(bad), nullptr);
    EXPECT_EQ(quantc_model_step_kind(bad), nullptr);
  }
}

TEST(ModelABI, RunsTheModel) {
  qrt_context *context = nullptr;
  ASSERT_EQ(quantc_model_create(nullptr, &context), QRT_OK);
  StaticArguments arguments;
  EXPECT_EQ(quantc_model_run(context, arguments.inputs.data(), 2, arguments.outputs.data(), 2),
            QRT_OK);
  EXPECT_TRUE(arguments.correct());
  EXPECT_STREQ(quantc_model_last_error(context), "");
  EXPECT_EQ(quantc_model_run(context, arguments.inputs.data(), 1, arguments.outputs.data(), 2),
            QRT_INVALID_COUNT);
  EXPECT_STREQ(quantc_model_last_error(context), "expected 2 inputs, but found 1");
  int64_t times[3];
  EXPECT_EQ(quantc_model_profile(context, times, 3), QRT_NOT_AVAILABLE);
  char message[64];
  EXPECT_EQ(quantc_model_self_test(context, message, sizeof message), QRT_NOT_AVAILABLE);
  EXPECT_STREQ(message, "the library has no self-test vectors");
  quantc_model_destroy(context);
  quantc_model_destroy(nullptr);
  EXPECT_STREQ(quantc_model_last_error(nullptr), "");
}

TEST(ModelABI, EveryStatusHasAText) {
  for (int32_t status = QRT_OK; status <= QRT_NODE_ERROR; ++status)
    EXPECT_STRNE(quantc_model_error_string(status), "unknown status") << status;
  EXPECT_STREQ(quantc_model_error_string(-1), "unknown status");
  EXPECT_STREQ(quantc_model_error_string(QRT_NODE_ERROR + 1), "unknown status");
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

/// Expects that creation fails with `status`, `message`, and no context.
void expectRefused(const qrt_model_desc &model, qrt_options options, int32_t status,
                   const std::string &message) {
  char text[256] = "untouched";
  options.message = text;
  options.message_size = sizeof text;
  auto *context = reinterpret_cast<qrt_context *>(8);
  EXPECT_EQ(qrt_create(&model, &options, &context), status);
  EXPECT_EQ(context, nullptr);
  EXPECT_EQ(text, message);
}

TEST(Create, RefusesANullResult) {
  qrt_model_desc model = staticModel();
  qrt_options options = threads(1);
  EXPECT_EQ(qrt_create(&model, &options, nullptr), QRT_NULL_POINTER);
}

TEST(Create, RefusesAnotherStructSize) {
  for (size_t size : {size_t(0), sizeof(qrt_options) - 1, sizeof(qrt_options) + 8}) {
    qrt_options options = threads(1);
    options.struct_size = size;
    qrt_model_desc model = staticModel();
    qrt_context *context = nullptr;
    EXPECT_EQ(qrt_create(&model, &options, &context), QRT_INVALID_OPTION);
    EXPECT_EQ(context, nullptr);
  }
}

TEST(Create, RefusesThreadCounts) {
  expectRefused(staticModel(), threads(-1), QRT_INVALID_OPTION,
                "expected num_threads in 0..256, but found -1");
  expectRefused(staticModel(), threads(257), QRT_INVALID_OPTION,
                "expected num_threads in 0..256, but found 257");
}

TEST(Create, RefusesDimensions) {
  int64_t one[] = {1}, zero[] = {0}, huge[] = {1001};
  qrt_options options = threads(1);
  expectRefused(dynamicModel(), options, QRT_INVALID_COUNT, "expected 1 max_dims, but found 0");
  options.num_max_dims = 1;
  expectRefused(dynamicModel(), options, QRT_NULL_POINTER,
                "expected max_dims, but found a null pointer");
  options.max_dims = zero;
  expectRefused(dynamicModel(), options, QRT_INVALID_OPTION,
                "max_dims are not positive, or their arena is too large");
  options.max_dims = huge;
  expectRefused(dynamicModel(), options, QRT_INVALID_OPTION,
                "max_dims are not positive, or their arena is too large");
  options.max_dims = one;
  expectRefused(staticModel(), options, QRT_INVALID_COUNT, "expected 0 max_dims, but found 1");
}

TEST(Create, RefusesAnUnknownCpuFeature) {
  qrt_model_desc model = staticModel();
  model.cpu_features = 1u << 31;
  model.cpu_level = "x86-64-v9";
  expectRefused(model, threads(1), QRT_UNSUPPORTED_CPU,
                "the model needs x86-64-v9, but this CPU lacks an unknown feature");
}

TEST(Create, AcceptsExactlyTheFeaturesOfThisCpu) {
  for (int bit = 0; bit < QRT_CPU_FEATURE_COUNT; ++bit) {
    qrt_model_desc model = staticModel();
    model.cpu_features = 1u << bit;
    bool has = qrt_cpu_features() >> bit & 1;
    EXPECT_EQ(Context(model, threads(1)).status, has ? QRT_OK : QRT_UNSUPPORTED_CPU) << bit;
  }
}

TEST(Create, FeaturesAgreeWithTheCompilersView) {
  uint32_t features = qrt_cpu_features();
  __builtin_cpu_init();
  EXPECT_EQ(!!(features & QRT_CPU_SSE4_2), !!__builtin_cpu_supports("sse4.2"));
  EXPECT_EQ(!!(features & QRT_CPU_POPCNT), !!__builtin_cpu_supports("popcnt"));
  EXPECT_EQ(!!(features & QRT_CPU_AVX2), !!__builtin_cpu_supports("avx2"));
  EXPECT_EQ(!!(features & QRT_CPU_FMA), !!__builtin_cpu_supports("fma"));
  EXPECT_EQ(!!(features & QRT_CPU_BMI2), !!__builtin_cpu_supports("bmi2"));
  EXPECT_EQ(!!(features & QRT_CPU_AVX512F), !!__builtin_cpu_supports("avx512f"));
  EXPECT_EQ(!!(features & QRT_CPU_AVX512BW), !!__builtin_cpu_supports("avx512bw"));
  EXPECT_EQ(!!(features & QRT_CPU_AVX512VL), !!__builtin_cpu_supports("avx512vl"));
  EXPECT_EQ(!!(features & QRT_CPU_AVX512_VNNI), !!__builtin_cpu_supports("avx512vnni"));
  EXPECT_EQ((features & QRT_CPU_LEVEL_V2) == QRT_CPU_LEVEL_V2,
            !!__builtin_cpu_supports("x86-64-v2"));
  EXPECT_EQ((features & QRT_CPU_LEVEL_V3) == QRT_CPU_LEVEL_V3,
            !!__builtin_cpu_supports("x86-64-v3"));
  EXPECT_EQ((features & QRT_CPU_LEVEL_V4) == QRT_CPU_LEVEL_V4,
            !!__builtin_cpu_supports("x86-64-v4"));
}

TEST(Create, RefusesAnArenaLargerThanMemory) {
  qrt_model_desc model = staticModel();
  model.arena_bytes = INT64_MAX / 2;
  expectRefused(model, threads(1), QRT_OUT_OF_MEMORY,
                "no memory for an arena of 4611686018427387903 bytes");
}

TEST(Create, WorksWithoutAMessageBuffer) {
  qrt_options options = threads(-1);
  char text[4] = "abc";
  EXPECT_EQ(Context(staticModel(), options).status, QRT_INVALID_OPTION);
  options.message = text;
  options.message_size = 0;
  EXPECT_EQ(Context(staticModel(), options).status, QRT_INVALID_OPTION);
  EXPECT_STREQ(text, "abc");
  options.message_size = 3;
  EXPECT_EQ(Context(staticModel(), options).status, QRT_INVALID_OPTION);
  EXPECT_STREQ(text, "ex");
}

TEST(Create, UsesNoMoreThreadsThanStepsCan) {
  qrt_model_desc model = staticModel();
  EXPECT_EQ(qrt_thread_count(Context(model, threads(200))), 8);
  EXPECT_EQ(qrt_thread_count(Context(model, threads(3))), 3);
  EXPECT_GE(qrt_thread_count(Context(model, threads(0))), 1);
  EXPECT_EQ(qrt_thread_count(Context(model, threads(1))), 1);
}

TEST(Create, ZeroesTheArenaAndCallsInit) {
  static int64_t seenDims;
  static bool zeroed;
  qrt_model_desc model = dynamicModel();
  model.init = [](uint8_t *arena, const int64_t *dims) {
    seenDims = dims[0];
    zeroed = true;
    for (int64_t i = 0; i < dims[0] * 16; ++i)
      zeroed &= arena[i] == 0;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena) % 4096, 0u);
  };
  model.arena_alignment = 4096;
  int64_t dims[] = {77};
  qrt_options options = threads(1);
  options.max_dims = dims;
  options.num_max_dims = 1;
  ASSERT_EQ(Context(model, options).status, QRT_OK);
  EXPECT_EQ(seenDims, 77);
  EXPECT_TRUE(zeroed);
}

} // namespace
