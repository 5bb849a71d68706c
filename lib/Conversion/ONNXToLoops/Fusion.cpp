//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions with BatchNormalization and activations; see Fusion.h.
//
//===----------------------------------------------------------------------===//

#include "Fusion.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Walks along single users of a value.
class Chain {
public:
  Chain(NodeLowering &n, ChannelEpilogue &epilogue) : n(n), epilogue(epilogue), last(n.node) {}

  bool normalization();
  bool activation();
  onnx::NodeOp end() const { return last; }

private:
  onnx::NodeOp next();
  void take(onnx::NodeOp node) {
    n.scope.lowered.insert(node);
    last = node;
  }

  NodeLowering &n;
  ChannelEpilogue &epilogue;
  onnx::NodeOp last;
};
} // namespace

/// The one node that uses the last one's result, and nothing else of it.
onnx::NodeOp Chain::next() {
  Value result = last.getResult(0);
  if (!result.hasOneUse())
    return {};
  auto user = dyn_cast<onnx::NodeOp>(*result.user_begin());
  if (!user || user->getBlock() != last->getBlock() || !user.getNormalizedDomain().empty() ||
      user.getOptionalInput(0) != result)
    return {};
  for (OpResult other : user.getResults().drop_front())
    if (!other.use_empty())
      return {};
  return user;
}

/// Whether the value is there where `node` stands. (A body that is lowered twice leaves tensors of
/// the first time behind.)
static bool isDefinedBefore(Value value, onnx::NodeOp node) {
  Operation *definition = value ? value.getDefiningOp() : nullptr;
  return value && (!definition || isa<onnx::ConstantOp>(definition) ||
                   definition->getBlock() != node->getBlock() || definition->isBeforeInBlock(node));
}

/// scale = gamma / sqrt(variance + epsilon), shift = (bias - mean) * scale + beta.
bool Chain::normalization() {
  onnx::NodeOp node = next();
  if (!node || !node.isOp("BatchNormalization") || node.getOpset() < 7)
    return false;
  NodeLowering bn(node, n.e, n.scope, n.lowerBody);
  double epsilon = bn.attr("epsilon", 1e-5);
  if (bn.attr("training_mode", int64_t(0)) != 0 || bn.attr("spatial", int64_t(1)) != 1 ||
      bn.failed())
    return false;
  Tensor parameters[4];
  for (unsigned i = 0; i < 4; ++i) {
    if (!isDefinedBefore(node.getOptionalInput(i + 1), n.node))
      return false;
    parameters[i] = bn.in(i + 1);
    if (!parameters[i] || parameters[i].type() != DType::F32 || parameters[i].rank() != 1)
      return false;
  }
  const Tensor &gamma = parameters[0], &beta = parameters[1], &mean = parameters[2],
               &variance = parameters[3];
  Emitter &e = n.e;
  Tensor bias = epilogue.shift;
  Scalar fits = e.boolean(true);
  for (const Tensor &parameter : parameters)
    fits = fits & e.equal(parameter.dim(0), gamma.dim(0));
  e.check(fits, "parameters of " + node.getOpType() + " have different sizes");
  epilogue.scale = e.allocate({gamma.dim(0)}, DType::F32);
  epilogue.shift = e.allocate({gamma.dim(0)}, DType::F32);
  e.loop(gamma.dim(0), [&](Index c) {
    Scalar scale = gamma.load({c}) / math("sqrt", variance.load({c}) + epsilon);
    Scalar offset = bias ? bias.load({c}) - mean.load({c}) : -mean.load({c});
    epilogue.scale.store(scale, {c});
    epilogue.shift.store(offset * scale + beta.load({c}), {c});
  });
  take(node);
  return true;
}

/// A bound of Clip: `absent` where there is none, nullopt where it is not known.
static std::optional<double> clipBound(NodeLowering &clip, StringRef name, unsigned input,
                                       double absent) {
  if (clip.opset() < 11)
    return clip.attr(name, absent);
  Value value = clip.node.getOptionalInput(input);
  if (!value)
    return absent;
  auto known = clip.scope.constants.find(value);
  auto dense = known == clip.scope.constants.end() ? DenseElementsAttr()
                                                   : dyn_cast<DenseElementsAttr>(known->second);
  if (!dense || dense.getNumElements() != 1 || !dense.getElementType().isF32())
    return std::nullopt;
  return *dense.value_begin<float>();
}

bool Chain::activation() {
  onnx::NodeOp node = next();
  if (!node || node.getOpset() < 6)
    return false;
  NodeLowering inner(node, n.e, n.scope, n.lowerBody);
  std::optional<double> lo, hi;
  if (node.isOp("Relu")) {
    lo = 0.0;
    hi = HUGE_VAL;
  } else if (node.isOp("Clip")) {
    lo = clipBound(inner, "min", 1, -HUGE_VAL);
    hi = clipBound(inner, "max", 2, HUGE_VAL);
  }
  if (!lo || !hi || inner.failed())
    return false;
  epilogue.lo = *lo;
  epilogue.hi = *hi;
  take(node);
  return true;
}

ChannelEpilogue quantc::toloops::fuseEpilogue(NodeLowering &n, Tensor bias, Tensor out) {
  ChannelEpilogue epilogue;
  epilogue.shift = bias;
  Chain chain(n, epilogue);
  chain.normalization();
  chain.activation();
  n.scope.tensors[chain.end().getResult(0)] = out;
  return epilogue;
}
