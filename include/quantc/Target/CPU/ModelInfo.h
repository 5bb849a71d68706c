//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model library says about itself, and the writers of it: the constant
// that the runtime reads (Runtime/ModelDescriptor.h) and the C header that the
// library's users include.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TARGET_CPU_MODELINFO_H
#define QUANTC_TARGET_CPU_MODELINFO_H

#include "quantc/Kernels/Levels.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace quantc::cpu {

/// One input or output at the library's border.
struct TensorInfo {
  std::string name;
  /// ONNX type code, one of qrt_dtype.
  int32_t dtype = 0;
  /// Row-major extents; -1 - k stands for dynamic dimension k. Rank at most 8.
  std::vector<int64_t> shape;
  /// real = scale * (integer - zeroPoint); 0 for tensors that are no quantized
  /// integers.
  float scale = 0;
  int32_t zeroPoint = 0;
};

/// One step of a run: a function of type qrt_step_fn in the module, or an empty name where a device
/// runs it.
struct StepInfo {
  std::string function;
  /// More workers than this would find nothing to do; at least 1.
  int32_t maxWorkers = 1;
  bool serial = false;
  /// Names of the ONNX nodes, separated by ", ".
  std::string name;
  /// For reports: "conv", "depthwise", "gemm", ...
  std::string kind;
};

/// Dense bytes of every input and every expected output, in order.
struct SelfTest {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  /// Extents of the dynamic dimensions.
  std::vector<int64_t> dims;
};

struct ModelInfo {
  std::string name;
  /// Of the compiler.
  std::string version;
  /// Text of the certificate; may be empty.
  std::string certificate;
  kernels::Level level = kernels::Level::Portable;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<std::string> dimNames;
  std::vector<StepInfo> steps;
  std::vector<SelfTest> selfTests;
  /// 0: float32 outputs must be equal bit for bit; otherwise
  /// |got - expected| <= selfTestTolerance * max |expected|.
  float selfTestTolerance = 0;
  /// Working memory of a context. A model with dynamic dimensions names a
  /// function of type qrt_arena_bytes_fn in arenaBytesFunction instead.
  int64_t arenaBytes = 0;
  int64_t arenaAlignment = 64;
  std::string arenaBytesFunction;
  /// A function of type qrt_init_fn, called once a context; may be empty.
  std::string initFunction;
  /// What failed checks of nodes in loops say (docs/Nodes.md), by number; nullopt when no step is
  /// one.
  std::optional<std::vector<std::string>> messages;
  /// What the model runs on when it is not `level`: the name that the library gives ("cuda:sm_80"),
  /// and the globals of types qrt_device and (say) qrt_gpu_program in the module.
  std::string device, deviceGlobal, programGlobal;
};

/// The QRT_CPU_* bits that a level needs.
uint32_t requiredCpuFeatures(kernels::Level level);

/// Checks `info` for consistency and defines `qrt_model_descriptor` in the
/// module. The functions that `info` names must be in the module.
llvm::Error emitModelDescriptor(llvm::Module &module, const ModelInfo &info);

/// The text of the model's C header: macros with the names, types, shapes and
/// scales of this model, and the whole C interface. `guard` is derived from the
/// model's name.
std::string modelHeader(const ModelInfo &info);

} // namespace quantc::cpu

#endif // QUANTC_TARGET_CPU_MODELINFO_H
