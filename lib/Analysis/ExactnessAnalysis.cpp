//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Exactness analysis; see ExactnessAnalysis.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/ExactnessAnalysis.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringMap.h"
#include <map>

using namespace mlir;

namespace quantc {

using numerics::Dyadic;
using numerics::EpilogueForm;
using numerics::EpilogueProof;
using numerics::IntRange;

namespace {
/// One requantization, channel by channel.
struct Query {
  ArrayRef<IntRange> acc;
  ArrayRef<Dyadic> scales;
  int32_t zp, lo, hi;

  size_t channels() const { return std::max(acc.size(), scales.size()); }
  IntRange range(size_t c) const { return acc[acc.size() == 1 ? 0 : c]; }
  Dyadic scale(size_t c) const { return scales[scales.size() == 1 ? 0 : c]; }
  int32_t value(int64_t a, size_t c) const {
    return numerics::requantizeClamp(a, scale(c), zp, lo, hi);
  }
};
} // namespace

/// Whether limiting accumulators to `clamp` changes no output, and `form` is exact on what remains.
static bool holdsWithClamp(const Query &q, EpilogueForm form, IntRange clamp) {
  for (size_t c = 0; c < q.channels(); ++c) {
    IntRange acc = q.range(c), limited = acc.clamp(clamp.lo, clamp.hi);
    if (q.value(acc.lo, c) != q.value(limited.lo, c) ||
        q.value(acc.hi, c) != q.value(limited.hi, c))
      return false; // outputs are monotone: equal at the ends is equal beyond the clamp
    EpilogueProof proof = numerics::proveForm(form, limited, q.scale(c), q.zp, q.lo, q.hi);
    if (!proof.exact || proof.clampAcc)
      return false;
  }
  return true;
}

static std::optional<EpilogueChoice> tryForm(const Query &q, EpilogueForm form) {
  EpilogueChoice choice;
  choice.form = form;
  for (size_t c = 0; c < q.channels(); ++c) {
    EpilogueProof proof = numerics::proveForm(form, q.range(c), q.scale(c), q.zp, q.lo, q.hi);
    if (!proof.exact)
      return std::nullopt;
    if (proof.clampAcc) {
      choice.clampAcc = true;
      choice.accClamp = {std::max(choice.accClamp.lo, proof.accClamp.lo),
                         std::min(choice.accClamp.hi, proof.accClamp.hi)};
    }
  }
  // The tightest clamp that one channel needs must be harmless for the others.
  if (choice.clampAcc && !holdsWithClamp(q, form, choice.accClamp))
    return std::nullopt;
  return choice;
}

ArrayRef<EpilogueForm> fastEpilogueForms(bool hasFma) {
  static constexpr EpilogueForm withFma[] = {EpilogueForm::FmaF32, EpilogueForm::FmaF64};
  static constexpr EpilogueForm withoutFma[] = {EpilogueForm::MulAddF64};
  return hasFma ? ArrayRef<EpilogueForm>(withFma) : ArrayRef<EpilogueForm>(withoutFma);
}

EpilogueChoice chooseEpilogue(ArrayRef<IntRange> acc, ArrayRef<Dyadic> scales, int32_t zp,
                              int32_t lo, int32_t hi, ArrayRef<EpilogueForm> forms) {
  bool fits = !acc.empty() && !scales.empty() && lo <= hi &&
              (acc.size() == scales.size() || acc.size() == 1 || scales.size() == 1);
  if (fits && llvm::all_of(scales, [](Dyadic d) { return numerics::isLegal(d); }))
    for (EpilogueForm form : forms)
      if (std::optional<EpilogueChoice> choice = tryForm({acc, scales, zp, lo, hi}, form))
        return *choice;
  return {};
}

/// Multipliers as one per channel of `axis`, or one for all; nullopt if they vary otherwise.
static std::optional<std::vector<Dyadic>>
scalesAlong(const IntTensor &multiplier, const IntTensor &shift, int64_t rank, int64_t axis) {
  for (size_t i = 0; i < multiplier.shape.size(); ++i)
    if (multiplier.shape[i] != 1 && rank - multiplier.rank() + static_cast<int64_t>(i) != axis)
      return std::nullopt;
  std::vector<Dyadic> scales(multiplier.size());
  for (size_t i = 0; i < scales.size(); ++i)
    scales[i] = {multiplier.data[i], shift.data[i]};
  return scales;
}

static ExactnessResult analyzeOp(dyad::RequantizeOp op, const RangeAnalysis &ranges, bool hasFma) {
  ExactnessResult result;
  result.op = op;
  result.node = getNodeName(op);
  result.channels = {EpilogueForm::Int64};
  std::optional<IntTensor> multiplier = RangeAnalysis::readConstant(op.getMultiplier());
  std::optional<IntTensor> shift = RangeAnalysis::readConstant(op.getShift());
  std::optional<IntTensor> zeroPoint = RangeAnalysis::readConstant(op.getZeroPoint());
  const ResultRange *input = ranges.lookup(op.getInput());
  const ResultRange *inputZeroPoint = ranges.lookup(op.getInputZeroPoint());
  if (!multiplier || !shift || !zeroPoint || !input || !inputZeroPoint || multiplier->size() == 0 ||
      op.getRounding() != dyad::Rounding::HalfUp)
    return result;

  std::vector<IntRange> acc(input->channels.begin(), input->channels.end());
  int64_t rank = op.getInput().getType().getRank();
  std::optional<std::vector<Dyadic>> scales;
  if (!acc.empty())
    scales = scalesAlong(*multiplier, *shift, rank, input->channelAxis);
  if (!scales || (scales->size() != 1 && scales->size() != acc.size())) {
    // Any multiplier may meet any accumulator: one range, a "channel" per multiplier.
    acc = {input->range};
    scales.emplace();
    for (size_t i = 0; i < multiplier->size(); ++i)
      scales->push_back({multiplier->data[i], shift->data[i]});
  }
  for (IntRange &range : acc)
    range = numerics::sub(range, inputZeroPoint->range);
  int32_t zp = zeroPoint->data[0];
  int32_t lo = op.getClampLo(), hi = op.getClampHi();
  result.choice = chooseEpilogue(acc, *scales, zp, lo, hi, fastEpilogueForms(hasFma));
  result.channels.clear();
  for (size_t c = 0; c < std::max(acc.size(), scales->size()); ++c)
    result.channels.push_back(numerics::provenForm(
        acc[acc.size() == 1 ? 0 : c], (*scales)[scales->size() == 1 ? 0 : c], zp, lo, hi, hasFma));
  return result;
}

std::vector<ExactnessResult> analyzeExactness(Operation *root, const RangeAnalysis &ranges,
                                              bool hasFma) {
  std::vector<ExactnessResult> results;
  root->walk<WalkOrder::PreOrder>(
      [&](dyad::RequantizeOp op) { results.push_back(analyzeOp(op, ranges, hasFma)); });
  return results;
}

llvm::json::Value toJSON(ArrayRef<ExactnessResult> results) {
  llvm::json::Array ops;
  for (const ExactnessResult &result : results) {
    std::map<StringRef, int64_t> counts;
    for (EpilogueForm form : result.channels)
      ++counts[numerics::stringifyEpilogueForm(form)];
    llvm::json::Object channels;
    for (auto [form, count] : counts)
      channels[form] = count;
    llvm::json::Object op{{"node", result.node},
                          {"form", StringRef(numerics::stringifyEpilogueForm(result.choice.form))},
                          {"channels", std::move(channels)}};
    if (result.choice.clampAcc)
      op["clamp"] = llvm::json::Array{result.choice.accClamp.lo, result.choice.accClamp.hi};
    ops.push_back(std::move(op));
  }
  return llvm::json::Object{{"ops", std::move(ops)}};
}

} // namespace quantc
