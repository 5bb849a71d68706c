//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.hadamard: its plan, its constraints, and that it may be quantized. Labels [QNN-HAD-*] are
// explained in docs/Dialects/QNN.md.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

numerics::HadamardPlan HadamardOp::getPlan() {
  std::string reason;
  std::optional<numerics::HadamardPlan> plan = numerics::planHadamardAxis(
      getInput().getType().getShape().back(), getSize(), getInner(), reason);
  assert(plan && "the verifier has seen the plan");
  return *std::move(plan);
}

std::vector<int8_t> HadamardOp::getSigns() {
  if (!getSignSeed())
    return {};
  int64_t axis = getInput().getType().getShape().back();
  return numerics::randomSigns(axis / int64_t(getInner()), int64_t(*getSignSeed()));
}

OperandRole HadamardOp::getOperandRole(unsigned) { return OperandRole::Activation; }

LogicalResult HadamardOp::verify() {
  RankedTensorType type = getInput().getType();
  if (type.getRank() == 0 || ShapedType::isDynamic(type.getShape().back()))
    return emitOpError("expected a static last axis, but found ") << type << " [QNN-HAD-1]";
  std::string reason;
  if (!numerics::planHadamardAxis(type.getShape().back(), getSize(), getInner(), reason))
    return emitOpError(reason) << " [QNN-HAD-2]";
  return success();
}
