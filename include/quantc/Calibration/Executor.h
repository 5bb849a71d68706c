//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What runs a model for calibration: the interpreter (lib/Reference) or the JIT
// (lib/Execution). Calibration sees this interface only and never an engine;
// Pipelines brings the two together.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_EXECUTOR_H
#define QUANTC_CALIBRATION_EXECUTOR_H

#include "quantc/Calibration/DataSet.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace quantc {

/// A float tensor of the model that can be observed.
struct ObservedTensor {
  /// Unique; the observer's or value's name in messages and statistics.
  std::string name;
  /// Bytes the executor must hold, beyond what it needs anyway, to observe this
  /// tensor; 0 if it hands the tensor over before its buffer is reused.
  uint64_t extraBytes = 0;
  /// Axis along which per-channel statistics are taken, or -1 for none; then
  /// `channels` is the size of that axis.
  int channelAxis = -1;
  int64_t channels = 0;
};

class Executor {
public:
  /// Receives the values (row-major) of one observed tensor. They are valid
  /// during the call only.
  using ObserveFn =
      llvm::function_ref<void(int id, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape)>;

  virtual ~Executor();

  /// Observable tensors; ids are indices into this list.
  virtual llvm::ArrayRef<ObservedTensor> observed() const = 0;

  /// Runs the model once and hands over each tensor of `ids` exactly once (a
  /// tensor inside control flow: as often as it is computed), in any order that
  /// is the same for every call, from one thread.
  virtual llvm::Error run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) = 0;
};

} // namespace quantc

#endif // QUANTC_CALIBRATION_EXECUTOR_H
