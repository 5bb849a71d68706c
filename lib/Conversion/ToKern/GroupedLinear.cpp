//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers with weights of 4 bits: codes, scales and zero points are packed here.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/GroupedLinear.h"
#include "Requantize.h"
#include "quantc/Kernels/Packing.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

namespace {
/// Buffers of a layer's constants, in the layout of kernels.
struct PackedLayer {
  Value weight, scale, zero, bias;
};
} // namespace

/// One zero point where all are equal, else one for each group. Signed codes are raised by 8.
static FailureOr<std::vector<uint8_t>> packZeros(Lowering &lowering, qnn::GroupedLinearOp op,
                                                 int64_t outputs, int64_t groups) {
  const int64_t raise = op.getFormat().getIsSigned() ? 8 : 0;
  if (!op.getZeroPoints())
    return std::vector<uint8_t>{uint8_t(raise)};
  FailureOr<std::vector<int64_t>> points = lowering.integers(op, op.getZeroPoints());
  if (failed(points))
    return failure();
  auto [lo, hi] = op.getCodeRange();
  std::vector<uint8_t> raised;
  for (int64_t point : *points) {
    if (point < lo || point > hi)
      return op.emitError("expected zero points in ")
             << lo << ".." << hi << ", but found " << point << " [QNN-GL-6]";
    raised.push_back(uint8_t(point + raise));
  }
  if (llvm::all_equal(raised) && !raised.empty())
    return std::vector<uint8_t>{raised.front()};
  std::vector<uint8_t> packed(kernels::groupedPanels(outputs) * groups * 32);
  kernels::packGroups(outputs, groups, raised.data(), packed.data());
  return packed;
}

static FailureOr<PackedLayer> packLayer(Lowering &lowering, qnn::GroupedLinearOp op) {
  OpBuilder &b = lowering.builder;
  const int64_t inputs = op.getInput().getType().getShape().back();
  const int64_t outputs = op.getScales().getType().getDimSize(0);
  const int64_t groups = op.getScales().getType().getDimSize(1);
  const int64_t columns = kernels::groupedPanels(outputs) * 32;
  ElementsAttr constant = lowering.constantOf(op.getCodes());
  std::optional<std::vector<char>> codes;
  if (constant)
    codes = readBytes(constant);
  if (!codes)
    return op.emitError("expected constant codes, but they are computed or their data is missing");
  FailureOr<std::vector<float>> scales = lowering.floats(op, op.getScales());
  FailureOr<std::vector<uint8_t>> zeros = packZeros(lowering, op, outputs, groups);
  std::vector<float> bias;
  if (op.getBias()) {
    FailureOr<std::vector<float>> values = lowering.floats(op, op.getBias());
    if (failed(values))
      return failure();
    bias = *values;
  }
  if (failed(scales) || failed(zeros))
    return failure();
  bias.resize(columns, 0.0f);
  std::vector<uint8_t> packed(kernels::packedNibblesSize(outputs, inputs));
  kernels::packNibbles(outputs, inputs, reinterpret_cast<const uint8_t *>(codes->data()),
                       op.getFormat().getIsSigned() ? 8 : 0, packed.data());
  std::vector<float> packedScales(columns * groups);
  kernels::packGroups(outputs, groups, scales->data(), packedScales.data());
  return PackedLayer{
      lowering.constant(b.getI8Type(), packed), lowering.constant(b.getF32Type(), packedScales),
      lowering.constant(b.getI8Type(), *zeros), lowering.constant(b.getF32Type(), bias)};
}

static LogicalResult lowerGroupedLinear(Lowering &lowering, Operation *operation) {
  auto op = cast<qnn::GroupedLinearOp>(operation);
  if (lowering.natural)
    return op.emitError("no kernel for 'qnn.grouped_linear' on this target");
  OpBuilder &b = lowering.builder;
  FailureOr<PackedLayer> layer = packLayer(lowering, op);
  if (failed(layer))
    return failure();
  Value in = lowering.rowMajorInput(op.getInput());
  if (!in)
    return op.emitError("expected the input to be computed before");
  const int64_t inputs = op.getInput().getType().getShape().back();
  const int64_t outputs = op.getScales().getType().getDimSize(0);
  const int64_t groups = op.getScales().getType().getDimSize(1);
  const int64_t rows = typeOf(in).getNumElements() / inputs;
  in = lowering.reshape(in, {rows, inputs});
  RowMajorOutput out(lowering, op.getResult());
  Value to = lowering.reshape(out.memory, {rows, outputs});
  if (op.getActivationBits() == 16) {
    kern::GroupedLinearF32Op::create(b, op.getLoc(), to, in, layer->weight, layer->scale,
                                     layer->zero, layer->bias, op.getGroup(),
                                     kern::PartitionAttr());
  } else {
    Value codes = lowering.buffer({rows, (inputs + 7) / 8 * 8}, b.getI8Type());
    Value scales = op.getActivationGroups() ? lowering.buffer({rows, groups}, b.getF32Type())
                                            : lowering.buffer({rows}, b.getF32Type());
    Value sums = lowering.buffer({rows, groups}, b.getI32Type());
    kern::QuantizeRowsOp::create(b, op.getLoc(), codes, scales, sums, in, op.getGroup(),
                                 numerics::mostRowCode(op.getActivationBits()),
                                 op.getActivationClipAttr(), kern::PartitionAttr());
    kern::GroupedLinearS8Op::create(b, op.getLoc(), to, codes, scales, sums, layer->weight,
                                    layer->scale, layer->zero, layer->bias, inputs, op.getGroup(),
                                    kern::PartitionAttr());
  }
  out.finish();
  return success();
}

void quantc::tokern::addGroupedLinear(HandlerMap &handlers) {
  handlers["qnn.grouped_linear"] = lowerGroupedLinear;
}
