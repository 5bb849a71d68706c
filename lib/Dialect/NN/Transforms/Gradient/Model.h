//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops get their derivative: a function for each op, attached as an external model.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_MODEL_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_MODEL_H

#include "Emitter.h"

namespace quantc::nn {

/// One vector-Jacobian product of an op with one result.
struct Pullback {
  Emitter e;
  mlir::Value cotangent;
  const llvm::BitVector &wanted;
  mlir::MutableArrayRef<mlir::Value> gradients;

  bool wants(unsigned operand) const { return wanted.test(operand); }
};

/// `fn` fills the gradients that are wanted. Bit i of `carried` says whether operand i carries a
/// gradient; all operands from 31 on do as operand 31.
template <typename Op, llvm::LogicalResult (*fn)(Op, Pullback &), uint32_t carried = ~uint32_t(0)>
struct Model : DifferentiableOpInterface::ExternalModel<Model<Op, fn, carried>, Op> {
  llvm::LogicalResult vjp(mlir::Operation *op, mlir::OpBuilder &builder,
                          mlir::ValueRange cotangents, const llvm::BitVector &wanted,
                          llvm::MutableArrayRef<mlir::Value> gradients) const {
    Pullback p{Emitter(builder, op), cotangents.front(), wanted, gradients};
    return fn(mlir::cast<Op>(op), p);
  }
  bool carriesGradient(mlir::Operation *, unsigned index) const {
    return carried >> std::min(index, 31u) & 1;
  }
};

/// Of an op of one operand: `fn` returns the operand's gradient.
template <typename Op, mlir::Value (*fn)(Op, Emitter &, mlir::Value)>
llvm::LogicalResult pullUnary(Op op, Pullback &p) {
  p.gradients[0] = fn(op, p.e, p.cotangent);
  return llvm::success();
}

/// Attach models; one function for each file.
void attachElementwiseGradients(mlir::MLIRContext *context);
void attachContractionGradients(mlir::MLIRContext *context);
void attachNormalizationGradients(mlir::MLIRContext *context);
void attachMovementGradients(mlir::MLIRContext *context);
void attachPoolingGradients(mlir::MLIRContext *context);
void attachNodeGradients(mlir::MLIRContext *context);
void attachQuantizationGradients(mlir::MLIRContext *context);

/// A convolution without bias.
mlir::Value convolve(Emitter &e, mlir::Value input, mlir::Value weight,
                     llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                     llvm::ArrayRef<int64_t> pads, int64_t groups);

/// What a convolution's input gets from its result's cotangent; `weight` as in `nn.conv`.
/// Source: Dumoulin and Visin, arXiv:1603.07285, section 4.
mlir::Value pullConvInput(Emitter &e, mlir::Value cotangent, mlir::Value weight,
                          llvm::ArrayRef<int64_t> inputShape, llvm::ArrayRef<int64_t> strides,
                          llvm::ArrayRef<int64_t> dilations, llvm::ArrayRef<int64_t> pads,
                          int64_t groups);
/// What its weight gets, which has `shape`.
mlir::Value pullConvWeight(Emitter &e, mlir::Value cotangent, mlir::Value input,
                           llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides,
                           llvm::ArrayRef<int64_t> dilations, llvm::ArrayRef<int64_t> pads,
                           int64_t groups);
/// What its bias gets: sums of each channel.
mlir::Value pullChannelBias(Emitter &e, mlir::Value cotangent);

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_MODEL_H
