//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading of rescalings, and the image forms that convolutions, pools and reductions share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_TOKERN_REQUANTIZE_H
#define QUANTC_LIB_CONVERSION_TOKERN_REQUANTIZE_H

#include "Lowering.h"

namespace quantc::tokern {

/// A dyad.requantize with constant parameters; zero point and clamp are stored bytes.
struct Rescale {
  std::vector<numerics::Dyadic> dyadics;
  std::vector<float> onnxScales; ///< in their place for rounding onnx_rne
  int64_t inputZeroPoint = 0, zeroPoint = 0, lo = 0, hi = 255;
};
/// Refuses other roundings than those of the kernels; `onnx` says whether onnx_rne is one.
mlir::FailureOr<Rescale> readRescale(Lowering &lowering, dyad::RequantizeOp op, bool onnx = false);

/// The requantization that absorbs an accumulator: its only user, with a rounding of the kernels.
dyad::RequantizeOp absorbingRequantize(mlir::Value accumulator, bool onnx = false);

/// How a kernel gets from sums within `ranges` to codes.
EpilogueData epilogueFor(Lowering &lowering, mlir::ArrayRef<numerics::IntRange> ranges,
                         const Rescale &rescale);

/// Accumulator ranges of an op from its constants and its operands' types: one, or one a channel.
std::vector<numerics::IntRange> accumulatorRanges(Lowering &lowering, mlir::Operation *op);

/// Values representable in an integer tensor's element type.
numerics::IntRange typeRange(mlir::Type tensor);

/// One or two spatial axes seen as NHWC with two. A rank-3 tensor [N, C, L] is copied to and from
/// [N, 1, L, C].
class SpatialImage {
public:
  SpatialImage(Lowering &lowering, mlir::Value tensor) : lowering(lowering), tensor(tensor) {}
  mlir::Value output(mlir::Value result);
  /// Copies the result back where it was computed in another layout.
  void finish();

protected:
  int64_t rank() const;
  /// The rank-3 input in image layout, with `pads` pixels of `byte` around it.
  mlir::Value sequenceInput(mlir::ArrayRef<int64_t> pads, int64_t byte);

  Lowering &lowering;
  mlir::Value tensor;
  mlir::Value pendingTarget, pendingSource;
};

class ConvImage : public SpatialImage {
public:
  ConvImage(Lowering &lowering, mlir::Value tensor, mlir::ArrayRef<int64_t> strides,
            mlir::ArrayRef<int64_t> dilations, mlir::ArrayRef<int64_t> pads,
            mlir::ArrayRef<int64_t> weightShape);
  mlir::LogicalResult check(mlir::Operation *op) const;
  /// The input with its padding.
  mlir::Value input(int64_t byte);
  llvm::SmallVector<int64_t> kernel, strides, dilations, pads;
};

class PoolImage : public SpatialImage {
public:
  PoolImage(Lowering &lowering, mlir::Value tensor, mlir::ArrayRef<int64_t> kernel,
            mlir::ArrayRef<int64_t> strides, mlir::ArrayRef<int64_t> dilations,
            mlir::ArrayRef<int64_t> pads);
  mlir::LogicalResult check(mlir::Operation *op) const;
  mlir::Value input();
  llvm::SmallVector<int64_t> kernel, strides, dilations, pads;
};

/// A result computed in row-major order; rank-4 tensors are copied to their buffer by `finish`.
struct RowMajorOutput {
  /// `imageOrder`: what is computed is already in NHWC order.
  RowMajorOutput(Lowering &lowering, mlir::Value tensor, bool imageOrder = false);
  void finish();
  Lowering &lowering;
  mlir::Value memory;
  mlir::Value target;
};

/// A tensor brought to [outer, axis, inner] with the reduced axes in the middle.
struct ReducedAxes {
  ReducedAxes(Lowering &lowering, mlir::Value tensor, mlir::ArrayRef<int64_t> axes);
  mlir::Value memory;
  int64_t outer = 1, axis = 1, inner = 1;
  /// The order of what remains is physical (NHWC without the reduced axes).
  bool keepsImageOrder = false;
};

/// Operands and result of a product of two activations as [batch, rows, columns].
struct MatMulViews {
  mlir::Value out, lhs, rhs;
};
/// Of an op whose first two operands are [..., M, K] and [..., K, N]; `out` is its result in
/// row-major order. Nullopt after a diagnostic.
std::optional<MatMulViews> matMulViews(Lowering &lowering, mlir::Operation *op, mlir::Value out);

/// A pointwise convolution on dense images is a matrix product over all pixels: merges the spatial
/// axes of both views.
void mergePixels(Lowering &lowering, mlir::Value &in, mlir::Value &out,
                 mlir::ArrayRef<int64_t> kernel, mlir::ArrayRef<int64_t> strides);

/// Operands of an elementwise op with the result's rank, in its physical order: lower ranks get
/// leading axes of extent 1 before the layout changes.
mlir::Value alignedOperand(Lowering &lowering, mlir::Value tensor, mlir::Value result);

/// Whether the linear map before a clamp applies it.
bool clampIsAbsorbed(mlir::Operation *clamp);

} // namespace quantc::tokern

#endif // QUANTC_LIB_CONVERSION_TOKERN_REQUANTIZE_H
