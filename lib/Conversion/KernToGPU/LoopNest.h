//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over elements that are independent of each other: one thread takes a few adjacent ones.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_KERNTOGPU_LOOPNEST_H
#define QUANTC_LIB_CONVERSION_KERNTOGPU_LOOPNEST_H

#include "Program.h"

namespace quantc::togpu {

/// What a loop nest reads or writes: strides in elements, one an axis, 0 to broadcast.
struct LoopOperand {
  Place place;
  mlir::Type element; ///< i8, i32 or f32
  llvm::SmallVector<int64_t> strides;
  int64_t bytes() const { return element.getIntOrFloatBitWidth() / 8; }
};

/// A nest over the output's elements. Operand 0 is written, the others are read.
class LoopNest {
public:
  /// The output and inputs of its rank; an input's axis of extent 1 is broadcast.
  LoopNest(Program &program, mlir::Value out, mlir::ArrayRef<mlir::Value> inputs);
  /// Adds an input with strides of its own along the output's axes.
  void addInput(Place place, mlir::Type element, mlir::ArrayRef<int64_t> strides);
  /// Fails, after a diagnostic, when an operand has no place.
  bool isValid() const { return valid; }

  /// Values of `width` adjacent elements of each input; bytes as words in [0, 255].
  using Values = llvm::SmallVector<llvm::SmallVector<Val>>;
  /// Makes a thread's outputs; bytes in [0, 255].
  using Body = llvm::function_ref<llvm::SmallVector<Val>(KernelBuilder &, const Values &)>;
  void launch(mlir::Operation *op, llvm::StringRef kind, Body body);
  /// The same with outputs that `rescale` still has to limit.
  void launch(mlir::Operation *op, llvm::StringRef kind, const Rescale &rescale, Body body);
  /// Copies the only input as words, never unpacked.
  void launchCopy(mlir::Operation *op, llvm::StringRef kind);

private:
  void addOperand(mlir::Value memref);
  void sortAxes();
  void collapse();
  int64_t vectorWidth() const;
  int64_t count() const;
  void emit(mlir::Operation *op, llvm::StringRef kind,
            llvm::function_ref<void(KernelBuilder &, mlir::ArrayRef<Val>)> body);
  llvm::SmallVector<Val> loadValues(KernelBuilder &k, const LoopOperand &operand, Val address);

  Program &program;
  bool valid = true;
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<LoopOperand> operands;
  int64_t width = 1;
};

} // namespace quantc::togpu

#endif // QUANTC_LIB_CONVERSION_KERNTOGPU_LOOPNEST_H
