//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `kern` dialect, its ops, and the description of a kernel call's arguments.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_KERN_IR_KERN_H
#define QUANTC_DIALECT_KERN_IR_KERN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Kernels/Kernels.h"

namespace quantc::kern {

/// One argument of a kernel call.
struct KernelArg {
  enum Kind { Pointer, Int, Float, UnitBegin, UnitEnd } kind;
  mlir::Value pointer; ///< Pointer: a memref, whose first element is passed
  int64_t integer = 0; ///< Int: the value; UnitBegin, UnitEnd: the unit axis
  float real = 0;      ///< Float: the value
};

/// Static strides and offset of a memref type; every memref in `kern` has them.
llvm::SmallVector<int64_t> getStrides(mlir::Type memref);
int64_t getOffset(mlir::Type memref);

/// Extents and strides of a rank-4 NHWC buffer, in elements.
struct Image {
  explicit Image(mlir::Value memref);
  int64_t batch, height, width, channels;
  int64_t batchStride, rowStride, pixelStride, channelStride;
  int64_t pixels() const { return batch * height * width; }
};

/// Whether sizes, strides and offset of a memref of static shape are not negative, and the number
/// of elements and the place of the last one are at most 2^40. Dynamic strides and offsets are no
/// matter.
bool isAddressable(mlir::Type memref);

/// Whether the elements lie in row-major order without gaps (axes of extent 1 are ignored).
bool isDense(mlir::Type memref);

/// Number of bytes from the first to the last element, inclusive.
int64_t getExtentBytes(mlir::Type memref);

/// Bytes of the constant operands of `op`.
int64_t constantBytes(mlir::Operation *op);

} // namespace quantc::kern

#include "quantc/Dialect/Kern/IR/KernDialect.h.inc"
#include "quantc/Dialect/Kern/IR/KernEnums.h.inc"
#include "quantc/Dialect/Kern/IR/KernelOpInterface.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/Kern/IR/KernAttrs.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/Kern/IR/KernOps.h.inc"

#endif // QUANTC_DIALECT_KERN_IR_KERN_H
