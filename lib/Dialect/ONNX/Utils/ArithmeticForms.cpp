//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms of the arithmetic ops: Gemm, reductions, Softmax, BatchNormalization, Dropout.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

using namespace mlir;
using namespace quantc::onnx;

using OnnxShape = quantc::onnx::Shape;

FailureOr<GemmForm> quantc::onnx::readGemm(NodeReader &reader) {
  FailureOr<float> alpha = reader.floatAttr("alpha", 1.0f);
  FailureOr<float> beta = reader.floatAttr("beta", 1.0f);
  FailureOr<bool> transA = reader.boolAttr("transA", false);
  FailureOr<bool> transB = reader.boolAttr("transB", false);
  if (failed(alpha) || failed(beta) || failed(transA) || failed(transB))
    return failure();
  return GemmForm{*alpha, *beta, *transA, *transB};
}

/// Axes as they are written; nullopt when absent.
static FailureOr<std::optional<SmallVector<int64_t>>> reduceAxes(NodeReader &reader) {
  if (reader.opset() < 18) {
    FailureOr<std::optional<ShapeRef>> axes = reader.intsAttr("axes");
    if (failed(axes))
      return failure();
    return *axes ? std::optional(SmallVector<int64_t>(**axes)) : std::nullopt;
  }
  if (!reader.optionalInput(1))
    return std::optional<SmallVector<int64_t>>();
  FailureOr<SmallVector<int64_t>> axes = reader.constantInts(1);
  if (failed(axes))
    return failure();
  return std::optional(*axes);
}

FailureOr<ReduceForm> quantc::onnx::readReduce(NodeReader &reader, int64_t rank) {
  FailureOr<bool> keepDims = reader.boolAttr("keepdims", true);
  FailureOr<bool> noop = reader.boolAttr("noop_with_empty_axes", false);
  FailureOr<std::optional<SmallVector<int64_t>>> given = reduceAxes(reader);
  if (failed(keepDims) || failed(noop) || failed(given))
    return failure();
  if (*given && !(*given)->empty()) {
    FailureOr<OnnxShape> axes = reader.normalizeAxes(**given, rank);
    if (failed(axes))
      return failure();
    return ReduceForm{*axes, *keepDims};
  }
  if (*noop)
    return ReduceForm{{}, *keepDims};
  return ReduceForm{llvm::to_vector<4>(llvm::seq<int64_t>(0, rank)), *keepDims};
}

FailureOr<SoftmaxForm> quantc::onnx::readSoftmax(NodeReader &reader, int64_t rank) {
  bool old = reader.opset() < 13;
  FailureOr<int64_t> axis = reader.intAttr("axis", old ? 1 : -1);
  if (failed(axis))
    return failure();
  if (rank == 0)
    return reader.refuse(Refusal::Rank, "expected an input of rank 1 or more, but found rank 0");
  FailureOr<int64_t> normal = reader.normalizeAxis(*axis, rank);
  if (failed(normal))
    return failure();
  return SoftmaxForm{*normal, old && *normal != rank - 1};
}

FailureOr<float> quantc::onnx::readBatchNorm(NodeReader &reader) {
  FailureOr<float> epsilon = reader.floatAttr("epsilon", 1e-5f);
  FailureOr<bool> spatial = reader.boolAttr("spatial", true);
  FailureOr<bool> training = reader.boolAttr("training_mode", false);
  if (failed(epsilon) || failed(spatial) || failed(training))
    return failure();
  if (!*spatial)
    return reader.refuse(Refusal::AttributeValue, "expected attribute 'spatial' to be 1");
  if (*training)
    return reader.refuse(Refusal::AttributeValue, "expected inference, but found training_mode 1");
  if (failed(reader.expectOneOutput()))
    return failure();
  return *epsilon;
}

LogicalResult quantc::onnx::checkDropout(NodeReader &reader) {
  if (reader.opset() >= 12 && reader.optionalInput(2)) {
    FailureOr<SmallVector<int64_t>> training = reader.constantInts(2);
    if (failed(training))
      return failure();
    if (training->size() != 1 || training->front() != 0)
      return reader.refuse(Refusal::AttributeValue, "expected inference, but found training mode");
  }
  return reader.expectOneOutput();
}
