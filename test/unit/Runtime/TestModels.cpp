//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See TestModels.h.
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"

namespace quantc::test {

std::function<void(int64_t, int64_t)> stepHook;

//===----------------------------------------------------------------------===//
// Static model
//===----------------------------------------------------------------------===//

static void addStep(uint8_t *arena, void *const *io, int64_t worker, int64_t workers) {
  if (stepHook)
    stepHook(worker, workers);
  auto *sum = reinterpret_cast<int32_t *>(arena);
  for (int64_t i = length * worker / workers; i < length * (worker + 1) / workers; ++i)
    sum[i] = static_cast<const int32_t *>(io[0])[i] + static_cast<const int32_t *>(io[1])[i];
}

static void scanStep(uint8_t *arena, void *const *, int64_t worker, int64_t workers) {
  auto *sum = reinterpret_cast<int32_t *>(arena);
  // A second worker would make every element wrong.
  for (int64_t i = 1; i < length; ++i)
    sum[i] += sum[i - 1] + static_cast<int32_t>(worker + workers - 1);
}

static void writeStep(uint8_t *arena, void *const *io, int64_t worker, int64_t workers) {
  const auto *sum = reinterpret_cast<const int32_t *>(arena);
  for (int64_t i = length * worker / workers; i < length * (worker + 1) / workers; ++i) {
    static_cast<int32_t *>(io[2])[i] = sum[i];
    static_cast<float *>(io[3])[i] = static_cast<float>(sum[i]) / 2;
  }
}

static const int64_t staticShape[] = {length};
static const qrt_tensor_info staticInputs[] = {{"a", QRT_INT32, 1, staticShape, 0.5f, -3},
                                               {"b", QRT_INT32, 1, staticShape, 0, 0}};
static const qrt_tensor_info staticOutputs[] = {{"total", QRT_INT32, 1, staticShape, 0, 0},
                                                {"half", QRT_FLOAT32, 1, staticShape, 0, 0}};
static const qrt_step staticSteps[] = {{addStep, 8, 0, "Add_0", "add"},
                                       {scanStep, 8, QRT_STEP_SERIAL, "CumSum_1", "scan"},
                                       {writeStep, 5, 0, "Div_2, Identity_3", "write"}};

qrt_model_desc staticModel() {
  qrt_model_desc model = {};
  model.abi_version = QUANTC_MODEL_ABI_VERSION;
  model.num_inputs = 2;
  model.num_outputs = 2;
  model.num_steps = 3;
  model.arena_bytes = length * sizeof(int32_t);
  model.arena_alignment = 64;
  model.name = "static";
  model.version = "0.0.0";
  model.cpu_level = "portable";
  model.certificate = "nothing proved";
  model.inputs = staticInputs;
  model.outputs = staticOutputs;
  model.steps = staticSteps;
  return model;
}

StaticArguments::StaticArguments(int32_t seed) {
  for (int32_t i = 0; i < length; ++i) {
    a[i] = seed * 7 + i * i;
    b[i] = seed - 3 * i;
  }
  inputs = {qrt_tensor{a.data(), QRT_INT32, 1, shape}, qrt_tensor{b.data(), QRT_INT32, 1, shape}};
  outputs = {qrt_tensor{total.data(), QRT_INT32, 1, shape},
             qrt_tensor{half.data(), QRT_FLOAT32, 1, shape}};
}

int32_t StaticArguments::run(qrt_context *context) {
  total.fill(-1);
  half.fill(-1);
  return qrt_run(context, inputs.data(), 2, outputs.data(), 2);
}

bool StaticArguments::correct() const {
  int32_t sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    sum += a[i] + b[i];
    if (total[i] != sum || half[i] != static_cast<float>(sum) / 2)
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Dynamic model
//===----------------------------------------------------------------------===//

static void rowSumStep(uint8_t *, void *const *io, int64_t worker, int64_t workers) {
  const int64_t rows = *static_cast<const int64_t *>(io[3]);
  const auto *x = static_cast<const uint8_t *>(io[0]);
  for (int64_t i = rows * worker / workers; i < rows * (worker + 1) / workers; ++i) {
    uint8_t sum = static_cast<const uint8_t *>(io[1])[i];
    for (int64_t k = 0; k < 4; ++k)
      sum += x[i * 4 + k];
    static_cast<uint8_t *>(io[2])[i] = sum;
  }
}

static int64_t dynamicArenaBytes(const int64_t *dims) { return dims[0] > 1000 ? -1 : dims[0] * 16; }

static const int64_t matrixShape[] = {-1, 4};
static const int64_t vectorShape[] = {-1};
static const qrt_tensor_info dynamicInputs[] = {{"x", QRT_UINT8, 2, matrixShape, 0, 0},
                                                {"y", QRT_UINT8, 1, vectorShape, 0, 0}};
static const qrt_tensor_info dynamicOutputs[] = {{"z", QRT_UINT8, 1, vectorShape, 0, 0}};
static const char *const dynamicDims[] = {"n"};
static const qrt_step dynamicSteps[] = {{rowSumStep, 4, 0, "ReduceSum_0", "sum"}};

qrt_model_desc dynamicModel() {
  qrt_model_desc model = staticModel();
  model.name = "dynamic";
  model.num_outputs = 1;
  model.num_dims = 1;
  model.num_steps = 1;
  model.inputs = dynamicInputs;
  model.outputs = dynamicOutputs;
  model.dim_names = dynamicDims;
  model.steps = dynamicSteps;
  model.arena_bytes = -1;
  model.arena_bytes_fn = dynamicArenaBytes;
  return model;
}

qrt_options threads(int32_t count) {
  qrt_options options = {};
  options.struct_size = sizeof options;
  options.num_threads = count;
  return options;
}

} // namespace quantc::test
