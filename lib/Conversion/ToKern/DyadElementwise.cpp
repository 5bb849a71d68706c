//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer elementwise ops, tables, stand-alone requantizations and maximum pools.
//
//===----------------------------------------------------------------------===//

#include "Requantize.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

/// A dense buffer as rows of its innermost axis.
static Value rowsOf(Lowering &lowering, Value memory) {
  MemRefType type = typeOf(memory);
  int64_t columns = type.getRank() == 0 ? 1 : type.getShape().back();
  return lowering.reshape(memory, {columns == 0 ? 0 : type.getNumElements() / columns, columns});
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

/// Channel index of each column when multipliers vary along the innermost physical axis.
static LogicalResult checkPerColumn(dyad::RequantizeOp op, size_t count, int64_t columns) {
  if (count == 1 || int64_t(count) == columns)
    return success();
  return op.emitError("expected one multiplier, or one a channel (")
         << columns << "), but found " << count;
}

static LogicalResult lowerRequantize(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::RequantizeOp>(operation);
  if (lowering.isPlaced(op.getResult()))
    return success(); // the accumulating op before has written it
  bool sums = cast<RankedTensorType>(op.getInput().getType()).getElementType().isInteger(32);
  FailureOr<Rescale> rescale = readRescale(lowering, op, /*onnx=*/sums);
  if (failed(rescale))
    return failure();
  size_t numScales = std::max(rescale->dyadics.size(), rescale->onnxScales.size());
  Value memory = lowering.denseInput(op.getInput());
  if (!memory)
    return op.emitError("expected the input to be computed before");
  Value in = rowsOf(lowering, memory);
  RowMajorOutput out(lowering, op.getResult(), /*imageOrder=*/true);
  Value rows = rowsOf(lowering, out.memory);
  OpBuilder &b = lowering.builder;
  if (failed(checkPerColumn(op, numScales, typeOf(rows).getDimSize(1))))
    return failure();
  numerics::IntRange values = typeRange(op.getInput().getType());
  if (typeOf(in).getElementType().isInteger(8)) {
    if (rescale->dyadics.size() != 1)
      return op.emitError("expected one multiplier for an 8-bit input");
    numerics::IntRange range{values.lo - rescale->inputZeroPoint,
                             values.hi - rescale->inputZeroPoint};
    EpilogueData e = lowering.chooseEpilogue(range, rescale->dyadics, rescale->zeroPoint,
                                             rescale->lo, rescale->hi);
    if (e.accLo != INT32_MIN || e.accHi != INT32_MAX)
      e.kind = kern::Epilogue::Integer;
    numerics::Dyadic d = rescale->dyadics.front();
    kern::RequantizeU8Op::create(b, op.getLoc(), rows, in, d.multiplier, d.shift,
                                 Lowering::stored(op.getInput().getType(), rescale->inputZeroPoint),
                                 e.kind, rescale->zeroPoint, rescale->lo, rescale->hi,
                                 kern::PartitionAttr());
  } else {
    if (rescale->inputZeroPoint != 0)
      return op.emitError("expected a zero point of 0 for 32-bit accumulators");
    std::vector<numerics::IntRange> ranges = {values};
    auto producer = dyn_cast_or_null<IntegerSemantics>(op.getInput().getDefiningOp());
    if (producer && producer.accumulates())
      ranges = accumulatorRanges(lowering, producer);
    EpilogueData e = epilogueFor(lowering, ranges, *rescale);
    // The kernel reads its per-column arrays in steps of 16.
    int64_t count = numScales;
    int64_t padded = count == 1 ? 1 : (count + 15) / 16 * 16;
    auto [multiplier, shift] =
        lowering.epilogueBuffers(e, padded, [&](int64_t p) { return p < count ? p : -1; });
    kern::RequantizeI32Op::create(b, op.getLoc(), rows, in, multiplier, shift, e.kind,
                                  rescale->zeroPoint, rescale->lo, rescale->hi, e.accLo, e.accHi,
                                  kern::PartitionAttr());
  }
  out.finish();
  return success();
}

//===----------------------------------------------------------------------===//
// Add, mul, lookup
//===----------------------------------------------------------------------===//

static LogicalResult lowerAdd(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::AddOp>(operation);
  auto za = lowering.scalar(op, op.getLhsZeroPoint()),
       zb = lowering.scalar(op, op.getRhsZeroPoint()), zo = lowering.scalar(op, op.getZeroPoint()),
       ma = lowering.scalar(op, op.getLhsMultiplier()),
       mb = lowering.scalar(op, op.getRhsMultiplier()), s = lowering.scalar(op, op.getShift());
  if (failed(za) || failed(zb) || failed(zo) || failed(ma) || failed(mb) || failed(s))
    return failure();
  Value lhs = alignedOperand(lowering, op.getLhs(), op.getResult());
  Value rhs = alignedOperand(lowering, op.getRhs(), op.getResult());
  if (!lhs || !rhs)
    return op.emitError("expected the operands to be computed before");
  Value out = lowering.output(op.getResult());
  kern::AddOp::create(
      lowering.builder, op.getLoc(), out, lhs, rhs, *ma, *mb, *s,
      Lowering::stored(op.getLhs().getType(), *za), Lowering::stored(op.getRhs().getType(), *zb),
      Lowering::stored(op.getType(), *zo), Lowering::stored(op.getType(), int32_t(op.getClampLo())),
      Lowering::stored(op.getType(), int32_t(op.getClampHi())), kern::PartitionAttr());
  return success();
}

static LogicalResult lowerMul(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::MulOp>(operation);
  dyad::RequantizeOp requantize = absorbingRequantize(op.getResult());
  if (!requantize)
    return op.emitError("expected a dyad.requantize as the only user of 'dyad.mul'");
  FailureOr<Rescale> rescale = readRescale(lowering, requantize);
  auto za = lowering.scalar(op, op.getLhsZeroPoint()),
       zb = lowering.scalar(op, op.getRhsZeroPoint());
  if (failed(rescale) || failed(za) || failed(zb))
    return failure();
  if (rescale->dyadics.size() != 1)
    return op.emitError("expected one multiplier behind 'dyad.mul'");
  Value lhs = alignedOperand(lowering, op.getLhs(), op.getResult());
  Value rhs = alignedOperand(lowering, op.getRhs(), op.getResult());
  if (!lhs || !rhs)
    return op.emitError("expected the operands to be computed before");
  EpilogueData e = lowering.chooseEpilogue(accumulatorRanges(lowering, op), rescale->dyadics,
                                           rescale->zeroPoint, rescale->lo, rescale->hi);
  if (e.accLo != INT32_MIN || e.accHi != INT32_MAX)
    e.kind = kern::Epilogue::Integer;
  Value out = lowering.output(requantize.getResult());
  numerics::Dyadic d = rescale->dyadics.front();
  kern::MulOp::create(lowering.builder, op.getLoc(), out, lhs, rhs, d.multiplier, d.shift,
                      Lowering::stored(op.getLhs().getType(), *za),
                      Lowering::stored(op.getRhs().getType(), *zb), e.kind, rescale->zeroPoint,
                      rescale->lo, rescale->hi, kern::PartitionAttr());
  return success();
}

static LogicalResult lowerLookup(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::LookupOp>(operation);
  FailureOr<std::vector<int64_t>> table = lowering.integers(op, op.getTable());
  Value memory = lowering.denseInput(op.getInput());
  if (failed(table) || !memory)
    return failure();
  // Entry i belongs to the i-th least value, which is stored as byte i for either signedness.
  std::vector<uint8_t> bytes;
  for (int64_t entry : *table)
    bytes.push_back(uint8_t(Lowering::stored(op.getType(), entry)));
  if (bytes.size() != 256)
    return op.emitError("expected a table of 256 entries");
  RowMajorOutput out(lowering, op.getResult(), /*imageOrder=*/true);
  kern::LookupOp::create(
      lowering.builder, op.getLoc(), rowsOf(lowering, out.memory), rowsOf(lowering, memory),
      lowering.constant(lowering.builder.getI8Type(), bytes), kern::PartitionAttr());
  out.finish();
  return success();
}

static LogicalResult lowerMaxPool(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::MaxPoolOp>(operation);
  PoolImage image(lowering, op.getInput(), op.getKernel(), op.getStrides(), op.getDilations(),
                  op.getPads());
  if (failed(image.check(op)))
    return failure();
  Value in = image.input();
  if (!in)
    return op.emitError("expected the input to be computed before");
  Value out = image.output(op.getResult());
  kern::MaxPoolOp::create(lowering.builder, op.getLoc(), out, in, image.kernel, image.strides,
                          image.dilations, image.pads, kern::PartitionAttr());
  image.finish();
  return success();
}

void quantc::tokern::addDyadElementwise(HandlerMap &handlers) {
  handlers["dyad.requantize"] = lowerRequantize;
  handlers["dyad.add"] = lowerAdd;
  handlers["dyad.mul"] = lowerMul;
  handlers["dyad.lookup"] = lowerLookup;
  handlers["dyad.max_pool"] = lowerMaxPool;
}
