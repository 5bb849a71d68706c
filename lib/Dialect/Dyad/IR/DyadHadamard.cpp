//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dyad.hadamard: constraints and meaning.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace mlir;

namespace quantc::dyad {

using numerics::IntRange;

numerics::HadamardPlan HadamardOp::getPlan() {
  std::string reason;
  std::optional<numerics::HadamardPlan> plan = numerics::planHadamardAxis(
      getInput().getType().getShape().back(), getSize(), getInner(), reason);
  assert(plan && "the verifier has seen the plan");
  return *std::move(plan);
}

LogicalResult HadamardOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  if (!shapesAgree(input.getShape(), result.getShape()))
    return emitOpError("expected operand and result of one shape, but found ")
           << input << " and " << result << " [DYAD-HAD-1]";
  if (input.getRank() == 0 || ShapedType::isDynamic(input.getShape().back()))
    return emitOpError("expected a static last axis, but found ") << input << " [DYAD-HAD-2]";
  std::string reason;
  if (!numerics::planHadamardAxis(input.getShape().back(), getSize(), getInner(), reason))
    return emitOpError(reason) << " [DYAD-HAD-3]";
  return verifyZeroPoint(*this, getZeroPoint().getType(), input, "a zero point");
}

bool HadamardOp::accumulates() { return true; }

FailureOr<SmallVector<IntTensor>> HadamardOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)) || failed(checkResultShape(*this, operands[0]->shape)))
    return failure();
  const IntTensor &input = *operands[0];
  int64_t zeroPoint = operands[1]->data[0];
  std::vector<int64_t> sums(input.data.begin(), input.data.end());
  for (int64_t &x : sums)
    x -= zeroPoint;
  size_t axis = size_t(input.shape.back());
  numerics::Hadamard(getPlan()).sums(sums.data(), axis == 0 ? 0 : sums.size() / axis,
                                     getInverse() ? numerics::HadamardDirection::Inverse
                                                  : numerics::HadamardDirection::Forward,
                                     size_t(getInner()));
  IntTensor result(input.shape);
  for (auto [sum, out] : llvm::zip(sums, result.data)) {
    if (sum < INT32_MIN || sum > INT32_MAX)
      return emitOpError("expected sums of 32 bits, but found ") << sum << " [NUM-HAD-9]";
    out = int32_t(sum);
  }
  return single(std::move(result));
}

ResultRange HadamardOp::inferRange(ArrayRef<OperandRange> operands) {
  ResultRange result;
  result.range = numerics::hadamardSumRange(int64_t(getSize()),
                                            numerics::sub(operands[0].range, operands[1].range));
  result.accumulator.push_back(result.range);
  return result;
}

OpCost HadamardOp::getCost() {
  OpCost cost = elementwiseCost(*this);
  cost.operations *= getPlan().inBlocks(1).additions() / int64_t(getSize());
  return cost;
}

} // namespace quantc::dyad
