//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The newest form of what ONNX nodes say in several ways.
//
// Opsets 7 to 27 moved attributes to operands, added defaults and changed meanings. Each function
// here reads a node of any of these opsets and returns one normal form: padding resolved, axes
// non-negative and sorted, defaults filled in. Shape inference and the conversion to `nn` both use
// them. A node that does not fit is refused through its reader (NodeReader.h) and gives failure.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_NODEFORMS_H
#define QUANTC_DIALECT_ONNX_UTILS_NODEFORMS_H

#include "quantc/Dialect/ONNX/Utils/NodeReader.h"

namespace quantc::onnx {

/// Nodes of the default domain in older opsets have no form here: shape inference and folding pass
/// them by.
inline constexpr int64_t oldestFormOpset = 7;

/// A sliding window: `kernel`, `strides`, `dilations` per spatial axis, `pads` all before, then all
/// after. `ceilMode` is false when auto_pad decided the padding: rounding has then no effect.
struct WindowForm {
  Shape kernel;
  Shape strides;
  Shape dilations;
  Shape pads;
  bool ceilMode = false;
};

struct ConvForm {
  WindowForm window;
  int64_t groups = 1;
};
/// Conv. `weight` must be static.
mlir::FailureOr<ConvForm> readConv(NodeReader &reader, ShapeRef input, ShapeRef weight);

struct PoolForm {
  WindowForm window;
  bool countIncludePad = false;
};
/// MaxPool, AveragePool.
mlir::FailureOr<PoolForm> readPool(NodeReader &reader, ShapeRef input);

struct GemmForm {
  float alpha = 1.0f;
  float beta = 1.0f;
  bool transA = false;
  bool transB = false;
};
mlir::FailureOr<GemmForm> readGemm(NodeReader &reader);

struct ReduceForm {
  Shape axes; ///< Empty: nothing is reduced.
  bool keepDims = true;
};
/// ReduceMean and its kin: axes as attribute (before opset 18) or operand.
mlir::FailureOr<ReduceForm> readReduce(NodeReader &reader, int64_t rank);

struct SoftmaxForm {
  int64_t axis = 0;
  /// Before opset 13: everything from `axis` on is normalised as one.
  bool coerced = false;
};
mlir::FailureOr<SoftmaxForm> readSoftmax(NodeReader &reader, int64_t rank);

/// Pad with mode "constant": `pads` holds 2 * rank elements, before and after, none negative.
mlir::FailureOr<Shape> readPads(NodeReader &reader, int64_t rank);

/// Axis of Concat.
mlir::FailureOr<int64_t> readConcatAxis(NodeReader &reader, int64_t rank);

/// `perm` of Transpose; reversal by default.
mlir::FailureOr<Shape> readPermutation(NodeReader &reader, int64_t rank);

/// \name Result shapes of the ops that only change the shape
/// @{
mlir::FailureOr<Shape> readFlattenShape(NodeReader &reader, ShapeRef input);
mlir::FailureOr<Shape> readSqueezeShape(NodeReader &reader, ShapeRef input);
mlir::FailureOr<Shape> readUnsqueezeShape(NodeReader &reader, ShapeRef input);
/// @}

/// Element type that Cast produces.
mlir::FailureOr<mlir::Type> readCastType(NodeReader &reader);

/// Value of a Constant node as an elements attribute.
mlir::FailureOr<mlir::ElementsAttr> readConstant(NodeReader &reader);

struct QuantizeForm {
  /// Axis of a rank-1 scale; -1 for one scale.
  int64_t axis = -1;
  /// Element type of the quantized side.
  mlir::Type type;
};
/// QuantizeLinear and DequantizeLinear with one scale, or one along an axis. `type` is null for
/// DequantizeLinear, whose operand has it.
mlir::FailureOr<QuantizeForm> readQuantize(NodeReader &reader, int64_t rank, ShapeRef scale);

/// Dropout with training off and an unused mask.
mlir::LogicalResult checkDropout(NodeReader &reader);

/// BatchNormalization in inference form; the epsilon.
mlir::FailureOr<float> readBatchNorm(NodeReader &reader);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_NODEFORMS_H
