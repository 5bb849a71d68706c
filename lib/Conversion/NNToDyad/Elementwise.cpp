//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops: sums, differences and products of two tensors, tables for unary chains,
// rescaling between two representations, and constants.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Lookup.h"
#include "quantc/Numerics/Quantize.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

static bool isCodeTail(const Tail &tail) { return tail.out.isPerTensor() && tail.out.isCodes(); }

namespace {
/// `nn.add` and `nn.sub`: one rounding for both rescalings.
class SumPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override {
    if (!isa_and_nonnull<nn::AddOp, nn::SubOp>(head))
      return {};
    std::optional<Quantized> a = codeSource(head->getOperand(0));
    std::optional<Quantized> b = codeSource(head->getOperand(1));
    if (!a || !b || !isCodeTail(tail)) {
      (void)state.explain(head, "operands and result are not all tensors of codes with one scale");
      return {};
    }
    double out = tail.out.scale(), sign = isa<nn::SubOp>(head) ? -1.0 : 1.0;
    auto parameters = numerics::makeAdd(a->affine.scale() / out, sign * b->affine.scale() / out);
    if (!parameters) {
      (void)state.explain(
          head, llvm::formatv("expected operand scales below 2^20 of the result's, but found "
                              "{0:e} and {1:e} for {2:e}",
                              a->affine.scale(), b->affine.scale(), out)
                    .str());
      return {};
    }
    auto type = cast<RankedTensorType>(head->getResult(0).getType()).clone(tail.out.storage);
    auto scalar = [&](int64_t value) { return makeScalar(rewriter, loc, si32(rewriter), value); };
    return dyad::AddOp::create(
        rewriter, loc, type, a->value, b->value, zeroPointOf(rewriter, loc, a->affine),
        zeroPointOf(rewriter, loc, b->affine), scalar(parameters->ma), scalar(parameters->mb),
        scalar(parameters->shift), zeroPointOf(rewriter, loc, tail.out), tail.clampLo(),
        tail.clampHi());
  }
};

/// A product of two tensors of codes, then one rescaling: by the file's float scale (onnx_rne)
/// where the model is quantized in its file and `Onnx` says that kernels take it.
template <typename RealOp, typename IntegerOp, bool Onnx>
class ProductPattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override {
    if (!isa_and_nonnull<RealOp>(head))
      return {};
    std::optional<Quantized> a = codeSource(head->getOperand(0));
    std::optional<Quantized> b = codeSource(head->getOperand(1));
    if (!a || !b || !isCodeTail(tail)) {
      (void)state.explain(head, "operands and result are not all tensors of codes with one scale");
      return {};
    }
    double scale = double(a->affine.scale()) * double(b->affine.scale()) / tail.out.scale();
    if (!canRescale(state, head, scale))
      return {};
    auto type = cast<RankedTensorType>(head->getResult(0).getType()).clone(si32(rewriter));
    Value product = IntegerOp::create(rewriter, loc, type, a->value, b->value,
                                      zeroPointOf(rewriter, loc, a->affine),
                                      zeroPointOf(rewriter, loc, b->affine));
    if (Onnx && state.quantizedInFile)
      return makeOnnxRequantize(rewriter, loc, product,
                                onnxScales(a->affine, b->affine.scales, tail.out), {}, tail);
    return makeRequantize(rewriter, loc, state, product, 0, scale, {}, tail);
  }
};
using MulPattern = ProductPattern<nn::MulOp, dyad::MulOp, /*Onnx=*/false>;
using MatMulPattern = ProductPattern<nn::MatMulOp, dyad::MatMulOp, /*Onnx=*/true>;

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

/// A chain of unary functions between two tensors of codes: one table. Starts at the quantize
/// itself, because clamps are unary functions too.
class LookupPattern : public OpRewritePattern<qnn::QuantizeOp> {
public:
  LookupPattern(MLIRContext *context, State &state)
      : OpRewritePattern(context, /*benefit=*/2), state(state) {}

  LogicalResult matchAndRewrite(qnn::QuantizeOp root, PatternRewriter &rewriter) const override;

private:
  State &state;
};

/// A quantize of a dequantize: a copy, or one rescaling, per channel where the input has a scale
/// per channel.
class RescalePattern : public TailPattern {
public:
  using TailPattern::TailPattern;

private:
  Value convert(Operation *head, const Tail &tail, PatternRewriter &rewriter,
                Location loc) const override {
    std::optional<Quantized> source = quantizedSource(tail.input);
    if (!source || !tail.out.hasOneZeroPoint())
      return {};
    const Affine &in = source->affine;
    // Up to 16 bits the round trip through f32 is exact.
    if (in == tail.out && !tail.hasClamps() && in.storage.getWidth() <= 16)
      return source->value;
    if (!tail.out.isPerTensor() || tail.out.storage.getWidth() > 16 || !in.hasOneZeroPoint())
      return {};
    if (state.quantizedInFile)
      if (Value codes = makeRescaleTable(rewriter, loc, *source, tail))
        return codes;
    std::vector<double> scales;
    for (float scale : in.scales)
      scales.push_back(double(scale) / double(tail.out.scale()));
    if (head && !canRescale(state, head, scales))
      return {};
    int64_t rank = cast<RankedTensorType>(source->value.getType()).getRank();
    SmallVector<int64_t> shape;
    if (!in.isPerTensor())
      shape = channelShape(static_cast<int64_t>(scales.size()), in.axis, rank);
    return makeRequantize(rewriter, loc, state, source->value, in.zeroPoint(), scales, shape, tail);
  }
};

/// A quantized constant is an integer constant.
class ConstantPattern : public OpRewritePattern<qnn::QuantizeOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(qnn::QuantizeOp root, PatternRewriter &rewriter) const override;
};
} // namespace

LogicalResult LookupPattern::matchAndRewrite(qnn::QuantizeOp root,
                                             PatternRewriter &rewriter) const {
  std::optional<Affine> out = readAffine(root);
  if (state.failed || !out || !out->isPerTensor() || !out->isCodes())
    return failure();
  SmallVector<QuantizableOpInterface> chain;
  Value value = root.getInput();
  while (auto op = value.getDefiningOp<QuantizableOpInterface>()) {
    if (!mayConvert(op) || !op.evaluateUnary(0.0))
      break;
    chain.push_back(op);
    value = op->getOperand(0);
  }
  std::optional<Quantized> source = codeSource(value);
  if (chain.empty() || !source)
    return rewriter.notifyMatchFailure(root, "no chain of unary ops behind a tensor of codes");
  auto spec = [](const Affine &a) {
    return numerics::QuantSpec{a.scale(), static_cast<int32_t>(a.zeroPoint()),
                               static_cast<int32_t>(a.min()), static_cast<int32_t>(a.max())};
  };
  auto function = [&](double x) {
    for (QuantizableOpInterface op : llvm::reverse(chain))
      x = op.evaluateUnary(x).value_or(x);
    return x;
  };
  if (state.quantizedInFile)
    if (Value codes = makeFloatTable(rewriter, chain.front().getLoc(), *source, *out, function)) {
      rewriter.replaceOp(root, codes);
      return success();
    }
  size_t size = size_t(1) << source->affine.storage.getWidth();
  auto table = numerics::buildLookup(function, spec(source->affine), spec(*out), size);
  if (!table)
    return state.explain(chain.front(), "its table cannot be built");
  std::vector<int64_t> entries(table->begin(), table->end());
  Location loc = chain.front().getLoc();
  Value constant = makeConstant(
      rewriter, loc, RankedTensorType::get({static_cast<int64_t>(size)}, out->storage), entries);
  rewriter.replaceOpWithNewOp<dyad::LookupOp>(root, root.getResult().getType(), source->value,
                                              constant);
  return success();
}

LogicalResult ConstantPattern::matchAndRewrite(qnn::QuantizeOp root,
                                               PatternRewriter &rewriter) const {
  std::optional<Affine> out = readAffine(root);
  auto values = readFloats(getConstantElements(root.getInput()));
  if (!out || !values || out->storage.getWidth() > 16)
    return failure();
  RankedTensorType type = root.getResult().getType();
  int64_t inner = 1, channels = static_cast<int64_t>(out->scales.size());
  for (int64_t i = out->axis + 1; i < type.getRank(); ++i)
    inner *= type.getDimSize(i);
  std::vector<int64_t> codes;
  for (size_t i = 0; i < values->size(); ++i) {
    size_t c = channels == 1 ? 0 : static_cast<size_t>(static_cast<int64_t>(i) / inner % channels);
    codes.push_back(numerics::quantizeLinear(
        (*values)[i], out->scales[c], static_cast<int32_t>(out->zeroPoints[c]),
        static_cast<int32_t>(out->min()), static_cast<int32_t>(out->max())));
  }
  rewriter.replaceOp(root, makeConstant(rewriter, root.getLoc(), type, codes));
  return success();
}

void nntodyad::populateElementwise(RewritePatternSet &patterns, State &state) {
  MLIRContext *context = patterns.getContext();
  patterns.add<SumPattern, MulPattern, MatMulPattern, RescalePattern, LookupPattern>(context,
                                                                                     state);
  patterns.add<ConstantPattern>(context);
}
