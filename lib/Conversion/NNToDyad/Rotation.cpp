//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard rotations between two tensors of codes: integer sums and one rescaling by
// s_x / (s_y * sqrt(size)).
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

/// Why a rotation of `source` has no integer form; empty when it has one.
static StringRef whyFloat(qnn::HadamardOp op, const std::optional<Quantized> &source,
                          const Tail &tail) {
  if (!source || !tail.out.isPerTensor() || !tail.out.isCodes())
    return "operand and result are not tensors of codes with one scale";
  if (op.getSignSeed())
    return "it has random signs, which the integer rotation does not have";
  int64_t zeroPoint = source->affine.zeroPoint();
  numerics::IntRange codes(source->affine.min() - zeroPoint, source->affine.max() - zeroPoint);
  if (numerics::hadamardSumRange(int64_t(op.getSize()), codes).bitsNeeded() > 32)
    return "its sums may leave 32 bits";
  return "";
}

namespace {
class HadamardPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override {
    auto op = dyn_cast_or_null<qnn::HadamardOp>(head);
    if (!op)
      return {};
    std::optional<Quantized> source = codeSource(op.getInput());
    if (StringRef reason = whyFloat(op, source, tail); !reason.empty()) {
      (void)state.explain(op, reason);
      return {};
    }
    double scale = double(source->affine.scale()) /
                   (double(tail.out.scale()) * std::sqrt(static_cast<double>(op.getSize())));
    if (!canRescale(state, op, scale))
      return {};
    auto type = op.getResult().getType().clone(si32(rewriter));
    Value sums = dyad::HadamardOp::create(rewriter, loc, type, source->value,
                                          zeroPointOf(rewriter, loc, source->affine), op.getSize(),
                                          op.getInner(), op.getInverse());
    return makeRequantize(rewriter, loc, state, sums, 0, scale, {}, tail);
  }
};
} // namespace

void nntodyad::populateRotations(RewritePatternSet &patterns, State &state) {
  patterns.add<HadamardPattern>(patterns.getContext(), state);
}
