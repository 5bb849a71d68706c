//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dyad-requantize-to-dyadic: the imported kind of rescaling, onnx_rne, becomes the dyadic one where
// both give the same integers for every accumulator that can occur.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/StepTable.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_DYADREQUANTIZETODYADIC
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

using numerics::Dyadic;
using numerics::IntRange;

namespace {
/// One op's scales in both kinds.
struct Scales {
  std::vector<float> floats;
  std::vector<Dyadic> dyadics;
};

struct RequantizeToDyadic : impl::DyadRequantizeToDyadicBase<RequantizeToDyadic> {
  using DyadRequantizeToDyadicBase::DyadRequantizeToDyadicBase;

  void runOnOperation() override {
    RangeAnalysis ranges(getOperation());
    SmallVector<RequantizeOp> imported;
    getOperation()->walk([&](RequantizeOp op) {
      if (op.getRounding() == Rounding::OnnxRne)
        imported.push_back(op);
    });
    for (RequantizeOp op : imported)
      if (std::optional<Scales> scales = readScales(op))
        visit(op, *scales, ranges);
  }

private:
  static std::optional<Scales> readScales(RequantizeOp op);
  static std::vector<IntRange> accumulators(RequantizeOp op, const RangeAnalysis &ranges,
                                            size_t count);
  void visit(RequantizeOp op, const Scales &scales, const RangeAnalysis &ranges);
  static void replaceScales(RequantizeOp op, ArrayRef<Dyadic> dyadics);
};
} // namespace

std::optional<Scales> RequantizeToDyadic::readScales(RequantizeOp op) {
  auto bits = readIntegers(getConstantElements(op.getMultiplier()));
  if (!bits)
    return std::nullopt;
  Scales scales;
  for (int64_t word : *bits) {
    float scale = llvm::bit_cast<float>(static_cast<int32_t>(word));
    std::optional<Dyadic> dyadic = numerics::makeDyadic(scale);
    if (!dyadic)
      return std::nullopt;
    scales.floats.push_back(scale);
    scales.dyadics.push_back(*dyadic);
  }
  return scales;
}

/// The range of sums that each of `count` scales can meet.
std::vector<IntRange> RequantizeToDyadic::accumulators(RequantizeOp op, const RangeAnalysis &ranges,
                                                       size_t count) {
  const ResultRange *known = ranges.lookup(op.getInput());
  // That sums fit into 32 bits is another pass's to prove.
  auto limited = [](IntRange range) {
    return IntRange{std::clamp<int64_t>(range.lo, INT32_MIN, INT32_MAX),
                    std::clamp<int64_t>(range.hi, INT32_MIN, INT32_MAX)};
  };
  IntRange all = known ? limited(known->range) : IntRange{INT32_MIN, INT32_MAX};
  if (known && count > 1 && known->channels.size() == count) {
    std::vector<IntRange> channels;
    for (IntRange channel : known->channels)
      channels.push_back(limited(channel));
    return channels;
  }
  return std::vector<IntRange>(count, all);
}

void RequantizeToDyadic::replaceScales(RequantizeOp op, ArrayRef<Dyadic> dyadics) {
  std::vector<int64_t> multipliers, shifts;
  for (Dyadic dyadic : dyadics) {
    multipliers.push_back(dyadic.multiplier);
    shifts.push_back(dyadic.shift);
  }
  OpBuilder builder(op);
  RankedTensorType type = op.getMultiplier().getType();
  auto constant = [&](ArrayRef<int64_t> values) {
    return ConstantOp::create(builder, op.getLoc(), type,
                              makeIntegerWeights(type, values, getNodeName(op)));
  };
  op.getMultiplierMutable().assign(constant(multipliers));
  op.getShiftMutable().assign(constant(shifts));
  op.setRounding(Rounding::HalfUp);
}

void RequantizeToDyadic::visit(RequantizeOp op, const Scales &scales, const RangeAnalysis &ranges) {
  auto zeroPoint = readIntegers(getConstantElements(op.getZeroPoint()));
  if (!zeroPoint || zeroPoint->size() != 1)
    return;
  auto zp = static_cast<int32_t>(zeroPoint->front());
  int32_t lo = op.getClampLo(), hi = op.getClampHi();
  std::vector<IntRange> sums = accumulators(op, ranges, scales.floats.size());
  int64_t differing = 0;
  for (size_t i = 0; i < scales.floats.size(); ++i)
    differing +=
        !numerics::onnxEqualsDyadic(scales.floats[i], scales.dyadics[i], zp, lo, hi, sums[i]);
  bool replaced = differing == 0 || all;
  if (replaced)
    replaceScales(op, scales.dyadics);
  remark::analysis(op.getLoc(), remark::RemarkOpts::name("Requantize").category(getArgument()))
      << remark::metric("node", getNodeName(op))
      << remark::metric("scales", int64_t(scales.floats.size()))
      << remark::metric("differing", differing) << remark::metric("replaced", int64_t(replaced));
}

} // namespace quantc::dyad
