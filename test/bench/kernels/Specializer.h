//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns a kernel with constant arguments into native code in process, the way the
// compiler does it: link the level's bitcode, inline top down, optimise, JIT. So
// benchmarks measure what generated code will run.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_BENCH_KERNELS_SPECIALIZER_H
#define QUANTC_TEST_BENCH_KERNELS_SPECIALIZER_H

#include "quantc/Kernels/Kernels.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <variant>
#include <vector>

namespace quantc::bench {

/// An integer that stays a run-time value: the unit ranges, as in generated code.
struct RunTime {
  int64_t value;
};

/// An argument: an immediate, or something passed at run time.
using KernelArg = std::variant<int64_t, float, const void *, RunTime>;

/// A kernel specialised for its integer and float arguments, bound to pointers.
class SpecializedKernel {
public:
  static llvm::Expected<SpecializedKernel> create(kernels::Level level, kernels::KernelId kernel,
                                                  std::vector<KernelArg> args);
  void operator()() { entry(runTimeArgs.data()); }
  /// Calls of kernel functions that inlining left in the code; 0 is expected.
  int remainingCalls = 0;
  /// Seconds spent in linking and inlining, and in optimisation and code generation.
  double inlineSeconds = 0, codegenSeconds = 0;

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*entry)(const int64_t *) = nullptr;
  std::vector<int64_t> runTimeArgs;
};

} // namespace quantc::bench

#endif // QUANTC_TEST_BENCH_KERNELS_SPECIALIZER_H
