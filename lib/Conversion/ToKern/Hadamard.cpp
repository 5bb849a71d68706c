//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.hadamard and dyad.hadamard: the plan's matrices as codes, rows as they lie in memory.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Hadamard.h"
#include "Requantize.h"

#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

namespace {
/// A plan as the kernels read it.
struct KernelPlan {
  SmallVector<int64_t> orders = {1, 1, 1}; ///< in the order in which they are applied
  std::vector<uint8_t> codes;
};
} // namespace

static FailureOr<KernelPlan> kernelPlan(Operation *op, const numerics::HadamardPlan &plan,
                                        bool inverse) {
  KernelPlan result;
  if (plan.factors.size() > result.orders.size())
    return op->emitError("expected at most three dense factors, but found ") << plan.describe();
  for (auto [i, factor] : llvm::enumerate(llvm::reverse(plan.factors))) {
    result.orders[i] = factor.order;
    llvm::append_range(result.codes, numerics::packHadamardCodes(factor.matrix(), inverse));
  }
  if (result.codes.empty())
    result.codes.push_back(0); // a constant holds an element at least
  return result;
}

/// Dense memory as one transformed vector a row.
static Value rowsOf(Lowering &lowering, Value memory, int64_t elements) {
  int64_t count = typeOf(memory).getNumElements();
  return lowering.reshape(memory, {elements == 0 ? 0 : count / elements, elements});
}

/// `to` = `from` with the signs of its channels.
static void applySigns(Lowering &lowering, Location loc, Value to, Value from,
                       ArrayRef<int8_t> signs, int64_t inner) {
  auto channels = int64_t(signs.size());
  SmallVector<int64_t> shape = {typeOf(from).getNumElements() / (channels * inner), channels,
                                inner};
  Value factors = lowering.constant(lowering.builder.getF32Type(),
                                    std::vector<float>(signs.begin(), signs.end()));
  kern::BinaryF32Op::create(
      lowering.builder, loc, lowering.reshape(to, shape), lowering.reshape(from, shape),
      lowering.reshape(factors, {1, channels, 1}), kern::BinaryKind::Mul, kern::PartitionAttr());
}

static LogicalResult lowerFloat(Lowering &lowering, Operation *operation) {
  auto op = cast<qnn::HadamardOp>(operation);
  if (lowering.natural)
    return op.emitError("no kernel for 'qnn.hadamard' on this target");
  numerics::HadamardPlan plan = op.getPlan();
  FailureOr<KernelPlan> kernel = kernelPlan(op, plan, op.getInverse());
  if (failed(kernel))
    return failure();
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, op.getResult());
  std::vector<int8_t> signs = op.getSigns();
  auto inner = int64_t(op.getInner());
  Value from = in, to = out.memory;
  if (!signs.empty()) {
    Value between = lowering.buffer(typeOf(in).getShape(), typeOf(in).getElementType());
    (op.getInverse() ? to : from) = between;
    if (!op.getInverse())
      applySigns(lowering, op.getLoc(), between, in, signs, inner);
  }
  int64_t elements = plan.size * inner;
  auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(plan.size)));
  kern::HadamardF32Op::create(lowering.builder, op.getLoc(), rowsOf(lowering, to, elements),
                              rowsOf(lowering, from, elements),
                              lowering.constant(lowering.builder.getI8Type(), kernel->codes),
                              kernel->orders, int64_t(1) << plan.log2, inner, APFloat(scale),
                              kern::PartitionAttr());
  if (!signs.empty() && op.getInverse())
    applySigns(lowering, op.getLoc(), out.memory, to, signs, inner);
  out.finish();
  return success();
}

static LogicalResult lowerInteger(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::HadamardOp>(operation);
  if (lowering.natural)
    return op.emitError("no kernel for 'dyad.hadamard' on this target");
  numerics::HadamardPlan plan = op.getPlan();
  FailureOr<KernelPlan> kernel = kernelPlan(op, plan, op.getInverse());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(kernel) || failed(zeroPoint))
    return failure();
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  RowMajorOutput out(lowering, op.getResult());
  auto inner = int64_t(op.getInner());
  int64_t elements = plan.size * inner;
  kern::HadamardU8Op::create(lowering.builder, op.getLoc(), rowsOf(lowering, out.memory, elements),
                             rowsOf(lowering, in, elements),
                             lowering.constant(lowering.builder.getI8Type(), kernel->codes),
                             kernel->orders, int64_t(1) << plan.log2, inner,
                             Lowering::stored(op.getInput().getType(), *zeroPoint),
                             kern::PartitionAttr());
  out.finish();
  return success();
}

void quantc::tokern::addHadamard(HandlerMap &handlers) {
  handlers["qnn.hadamard"] = lowerFloat;
  handlers["dyad.hadamard"] = lowerInteger;
}
