//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that move or select values: the dequantize in front of them sinks below them, so that they
// move integers. Concatenations and paddings whose scales differ rescale first.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Support/WindowLoops.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

/// The source of a value with one scale and any storage.
static std::optional<Quantized> movableSource(Value value) {
  std::optional<Quantized> source = quantizedSource(value);
  if (!source || !source->affine.isPerTensor())
    return std::nullopt;
  return source;
}

namespace {
/// `op(dequantize(x))` becomes `dequantize(op(x))`.
template <typename Op> class SinkPattern : public OpRewritePattern<Op> {
public:
  SinkPattern(MLIRContext *context, State &state) : OpRewritePattern<Op>(context), state(state) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (state.failed || !mayConvert(op))
      return failure();
    std::optional<Quantized> source = movableSource(op->getOperand(0));
    if (!source)
      return state.explain(op, "its input is not an integer tensor with one scale");
    Value moved = move(op, *source, rewriter);
    if (!moved)
      return failure();
    auto dequantize = op->getOperand(0).template getDefiningOp<qnn::DequantizeOp>();
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(
        op, op.getResult().getType(), moved, dequantize.getScale(), dequantize.getZeroPoint(), 0);
    return success();
  }

private:
  /// The op on integers, or a null value.
  Value move(Op op, const Quantized &source, PatternRewriter &rewriter) const;

  RankedTensorType storedType(Op op, const Quantized &source) const {
    return cast<RankedTensorType>(op.getResult().getType()).clone(source.affine.storage);
  }

  State &state;
};
} // namespace

template <>
Value SinkPattern<nn::ReshapeOp>::move(nn::ReshapeOp op, const Quantized &source,
                                       PatternRewriter &rewriter) const {
  return dyad::ReshapeOp::create(rewriter, op.getLoc(), storedType(op, source), source.value);
}

template <>
Value SinkPattern<nn::TransposeOp>::move(nn::TransposeOp op, const Quantized &source,
                                         PatternRewriter &rewriter) const {
  return dyad::TransposeOp::create(rewriter, op.getLoc(), storedType(op, source), source.value,
                                   op.getPermutation());
}

/// A window without an element of the input would need a value below every integer.
static bool everyWindowMeetsInput(nn::MaxPoolOp op) {
  size_t spatial = op.getKernel().size();
  RankedTensorType in = op.getInput().getType(), out = op.getResult().getType();
  for (size_t i = 0; i < spatial; ++i) {
    WindowAxis axis{in.getDimSize(i + 2), op.getKernel()[i], op.getStrides()[i],
                    op.getDilations()[i], op.getPads()[i],   op.getPads()[spatial + i],
                    out.getDimSize(i + 2)};
    if (ShapedType::isDynamic(axis.input) || ShapedType::isDynamic(axis.output))
      continue;
    for (int64_t o = 0; o < axis.output; ++o)
      if (axis.validTaps(o) == 0)
        return false;
  }
  return true;
}

template <>
Value SinkPattern<nn::MaxPoolOp>::move(nn::MaxPoolOp op, const Quantized &source,
                                       PatternRewriter &rewriter) const {
  if (!source.affine.isCodes() || !everyWindowMeetsInput(op)) {
    (void)state.explain(op, "its input is not a tensor of codes, or a window meets no element");
    return {};
  }
  return dyad::MaxPoolOp::create(rewriter, op.getLoc(), storedType(op, source), source.value,
                                 op.getKernel(), op.getStrides(), op.getDilations(), op.getPads());
}

template <>
Value SinkPattern<nn::PadOp>::move(nn::PadOp op, const Quantized &source,
                                   PatternRewriter &rewriter) const {
  const Affine &affine = source.affine;
  if (affine.storage.getWidth() > 16)
    return {};
  float value = op.getValue().convertToFloat();
  auto zeroPoint = static_cast<int32_t>(affine.zeroPoint());
  int32_t code =
      numerics::quantizeLinear(value, affine.scale(), zeroPoint, static_cast<int32_t>(affine.min()),
                               static_cast<int32_t>(affine.max()));
  if (numerics::dequantizeLinear(code, affine.scale(), zeroPoint) != value)
    return {}; // PadPattern, with the result's scale
  return dyad::PadOp::create(rewriter, op.getLoc(), storedType(op, source), source.value,
                             makeScalar(rewriter, op.getLoc(), affine.storage, code), op.getPads());
}

//===----------------------------------------------------------------------===//
// Concatenation
//===----------------------------------------------------------------------===//

namespace {
/// Equal parameters: a concatenation of integers.
class ConcatSinkPattern : public OpRewritePattern<nn::ConcatOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    if (!mayConvert(op) || op.getInputs().empty())
      return failure();
    std::optional<Quantized> first = movableSource(op.getInputs().front());
    SmallVector<Value> integers;
    for (Value input : op.getInputs()) {
      std::optional<Quantized> source = movableSource(input);
      if (!source || !(source->affine == first->affine))
        return rewriter.notifyMatchFailure(op, "operands have no common scale");
      integers.push_back(source->value);
    }
    auto type = cast<RankedTensorType>(op.getResult().getType()).clone(first->affine.storage);
    Value joined = dyad::ConcatOp::create(rewriter, op.getLoc(), type, integers, op.getAxis());
    auto dequantize = op.getInputs().front().getDefiningOp<qnn::DequantizeOp>();
    rewriter.replaceOpWithNewOp<qnn::DequantizeOp>(
        op, op.getResult().getType(), joined, dequantize.getScale(), dequantize.getZeroPoint(), 0);
    return success();
  }
};

/// Other parameters: each branch is rescaled to the result's.
class ConcatPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override;
};

/// Padding with a value that the input cannot represent: rescale, then pad.
class PadPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override;
};
} // namespace

/// `source` in the tail's representation.
static Value rescale(const Quantized &source, const Tail &tail, PatternRewriter &rewriter,
                     Location loc, State &state) {
  if (source.affine == tail.out && !tail.hasClamps())
    return source.value;
  if (state.quantizedInFile)
    if (Value codes = makeRescaleTable(rewriter, loc, source, tail))
      return codes;
  double scale = double(source.affine.scale()) / double(tail.out.scale());
  return makeRequantize(rewriter, loc, state, source.value, source.affine.zeroPoint(), scale, {},
                        tail);
}

Value ConcatPattern::convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                             Location loc) const {
  auto concat = dyn_cast_or_null<nn::ConcatOp>(head);
  if (!concat || !tail.out.isPerTensor() || tail.out.storage.getWidth() > 16)
    return {};
  SmallVector<Quantized> sources;
  for (Value input : concat.getInputs()) {
    std::optional<Quantized> source = movableSource(input);
    if (!source) {
      (void)state.explain(concat, "an operand is not an integer tensor with one scale");
      return {};
    }
    sources.push_back(std::move(*source));
  }
  SmallVector<Value> integers;
  for (const Quantized &source : sources) {
    integers.push_back(rescale(source, tail, rewriter, loc, state));
    if (!integers.back())
      return {};
  }
  auto type = cast<RankedTensorType>(concat.getResult().getType()).clone(tail.out.storage);
  return dyad::ConcatOp::create(rewriter, loc, type, integers, concat.getAxis());
}

Value PadPattern::convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                          Location loc) const {
  auto pad = dyn_cast_or_null<nn::PadOp>(head);
  if (!pad || !tail.out.isPerTensor() || tail.out.storage.getWidth() > 16)
    return {};
  std::optional<Quantized> source = movableSource(pad.getInput());
  if (!source) {
    (void)state.explain(pad, "its input is not an integer tensor with one scale");
    return {};
  }
  Value integers = rescale(*source, tail, rewriter, loc, state);
  if (!integers)
    return {};
  Value value = makeScalar(rewriter, loc, tail.out.storage,
                           tail.quantizeBound(pad.getValue().convertToDouble()));
  auto type = cast<RankedTensorType>(pad.getResult().getType()).clone(tail.out.storage);
  return dyad::PadOp::create(rewriter, loc, type, integers, value, pad.getPads());
}

void nntodyad::populateMovement(RewritePatternSet &patterns, State &state) {
  MLIRContext *context = patterns.getContext();
  patterns.add<SinkPattern<nn::ReshapeOp>, SinkPattern<nn::TransposeOp>, SinkPattern<nn::MaxPoolOp>,
               SinkPattern<nn::PadOp>, ConcatPattern, PadPattern>(context, state);
  patterns.add<ConcatSinkPattern>(context, /*benefit=*/2);
}
