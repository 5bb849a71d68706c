//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Building the argument lists of kernel calls; private to the dialect.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_KERN_IR_KERNCALLS_H
#define QUANTC_LIB_DIALECT_KERN_IR_KERNCALLS_H

#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Kernels/Packing.h"

namespace quantc::kern {

/// Appends arguments in order; one call per parameter, named as in the kernel's declaration.
class CallBuilder {
public:
  explicit CallBuilder(mlir::SmallVectorImpl<KernelArg> &arguments) : arguments(arguments) {}

  CallBuilder &pointer(mlir::Value value) {
    arguments.push_back({KernelArg::Pointer, value, 0, 0});
    return *this;
  }
  CallBuilder &ints(mlir::ArrayRef<int64_t> values) {
    for (int64_t value : values)
      arguments.push_back({KernelArg::Int, {}, value, 0});
    return *this;
  }
  CallBuilder &real(float value) {
    arguments.push_back({KernelArg::Float, {}, 0, value});
    return *this;
  }
  /// The [begin, end) pair of unit axis `axis`.
  CallBuilder &range(int64_t axis) {
    arguments.push_back({KernelArg::UnitBegin, {}, axis, 0});
    arguments.push_back({KernelArg::UnitEnd, {}, axis, 0});
    return *this;
  }

private:
  mlir::SmallVectorImpl<KernelArg> &arguments;
};

/// Shape and strides of a buffer brought to six dimensions with leading ones.
struct Loop6 {
  explicit Loop6(mlir::Value memref);
  int64_t sizes[6], strides[6];
  int64_t outerUnits() const { return sizes[0] * sizes[1] * sizes[2] * sizes[3] * sizes[4]; }
};

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Elements of a buffer.
inline int64_t numElements(mlir::Value memref) {
  return mlir::cast<mlir::MemRefType>(memref.getType()).getNumElements();
}

/// The packing shape of a convolution op from its buffers and attributes.
template <typename Op> kernels::ConvShape convShape(Op op) {
  Image in(op.getInput()), out(op.getOut());
  kernels::ConvShape shape;
  shape.kernelH = op.getKernel()[0];
  shape.kernelW = op.getKernel()[1];
  shape.strideH = op.getStrides()[0];
  shape.strideW = op.getStrides()[1];
  shape.dilH = op.getDilations()[0];
  shape.dilW = op.getDilations()[1];
  shape.groups = op.getGroups();
  shape.groupC = in.channels / shape.groups;
  shape.groupN = out.channels / shape.groups;
  shape.inRowStride = in.rowStride;
  shape.inPixelStride = in.pixelStride;
  return shape;
}

} // namespace quantc::kern

#endif // QUANTC_LIB_DIALECT_KERN_IR_KERNCALLS_H
