//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MatMulNBits of com.microsoft with constant weights of 4 bits becomes qnn.grouped_linear: the
// bytes of a row are cut to K, and without zero points codes become signed (theirs is 8).
//
//===----------------------------------------------------------------------===//

#include "NodeConverter.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

namespace {
/// Attributes of a node; weights are [outputs, blocks, block / 2 bytes].
struct PackedForm {
  int64_t inputs, outputs, block;
  int64_t blocks() const { return llvm::divideCeil(inputs, block); }
};
} // namespace

static FailureOr<PackedForm> readPackedForm(NodeConverter &node) {
  constexpr int64_t most = int64_t(1) << 31;
  FailureOr<int64_t> bits = node.reader.intAttr("bits", 4), inputs = node.reader.intAttr("K", 0);
  FailureOr<int64_t> outputs = node.reader.intAttr("N", 0);
  FailureOr<int64_t> block = node.reader.intAttr("block_size", 0);
  FailureOr<int64_t> prepacked = node.reader.intAttr("weight_prepacked", 0);
  if (failed(bits) || failed(inputs) || failed(outputs) || failed(block) || failed(prepacked))
    return failure();
  auto fits = [](int64_t size) { return size >= 1 && size <= most; };
  if (*bits != 4 || !fits(*inputs) || !fits(*outputs) || !fits(*block) || *block % 8 != 0 ||
      *prepacked != 0)
    return node.reader.refuse(Refusal::AttributeValue,
                              "expected 4 bits, N, K and block_size, not packed for a device");
  if (node.reader.optionalInput(4))
    return node.reader.refuse(Refusal::Operand, "expected groups of neighbours (no g_idx)");
  return PackedForm{*inputs, *outputs, *block};
}

/// The bytes of constant input `index`, `count` elements of type `type`.
static FailureOr<std::vector<char>> constantBytes(NodeConverter &node, unsigned index, Type type,
                                                  int64_t count) {
  Result value = node.tensor(index);
  if (failed(value))
    return failure();
  ElementsAttr elements = getConstantElements(*value);
  if (!elements)
    return node.reader.refuse(Refusal::DynamicOperand, "expected constant weights");
  if (elements.getElementType() != type)
    return node.reader.refuse(Refusal::ElementType,
                              "expected uint8 codes and zero points, and float32 scales");
  std::optional<std::vector<char>> bytes;
  if (elements.getNumElements() == count)
    bytes = readBytes(elements);
  if (!bytes)
    return node.reader.refuse(Refusal::Shape, "expected " + Twine(count) + " elements of operand " +
                                                  Twine(index) + ", but found " +
                                                  Twine(elements.getNumElements()));
  return *bytes;
}

/// Zero points a byte each from nibbles, each row starting with a byte.
static std::vector<char> unpackZeros(ArrayRef<char> bytes, const PackedForm &form) {
  const int64_t rowBytes = llvm::divideCeil(form.blocks(), 2);
  std::vector<char> zeros;
  for (int64_t row = 0; row < form.outputs; ++row)
    for (int64_t i = 0; i < form.blocks(); ++i)
      zeros.push_back(bytes[row * rowBytes + i / 2] >> i % 2 * 4 & 15);
  return zeros;
}

static Result convertMatMulNBits(NodeConverter &node) {
  if (failed(node.reader.expectInputs(3, 6)))
    return failure();
  Result input = node.floats(0);
  FailureOr<PackedForm> form = readPackedForm(node);
  if (failed(input) || failed(form))
    return failure();
  if (shapeOf(*input).empty() || shapeOf(*input).back() != form->inputs)
    return node.reader.refuse(Refusal::Shape, "the last size of the input is not K");
  Builder &b = node.builder;
  Type byte = b.getIntegerType(8, /*isSigned=*/false);
  const int64_t blockBytes = form->block / 2, rowBytes = form->blocks() * blockBytes;
  const int64_t kept = llvm::divideCeil(form->inputs, 2);
  auto packed = constantBytes(node, 1, byte, form->outputs * rowBytes);
  auto scales = constantBytes(node, 2, b.getF32Type(), form->outputs * form->blocks());
  if (failed(packed) || failed(scales))
    return failure();
  const bool hasZeros = bool(node.reader.optionalInput(3));
  std::vector<char> codes;
  for (int64_t row = 0; row < form->outputs; ++row)
    for (int64_t i = 0; i < kept; ++i)
      codes.push_back((*packed)[row * rowBytes + i] ^ char(hasZeros ? 0 : 0x88));
  const int64_t groups[] = {form->outputs, form->blocks()};
  auto constant = [&](ArrayRef<int64_t> shape, Type type, ArrayRef<char> bytes, StringRef name) {
    return node.constant(makeWeights(RankedTensorType::get(shape, type), bytes, name));
  };
  SmallVector<Value> operands = {*input, constant({form->outputs, kept}, byte, codes, "codes"),
                                 constant(groups, b.getF32Type(), *scales, "scales")};
  SmallVector<int32_t> segments = {1, 1, 1, 0, 0};
  if (hasZeros) {
    auto zeros = constantBytes(node, 3, byte, form->outputs * llvm::divideCeil(form->blocks(), 2));
    if (failed(zeros))
      return failure();
    operands.push_back(constant(groups, b.getIntegerType(8, /*isSigned=*/true),
                                unpackZeros(*zeros, *form), "zeros"));
    segments[3] = 1;
  }
  if (node.reader.optionalInput(5)) {
    Result bias = node.floats(5);
    if (succeeded(bias))
      bias = node.reshape(*bias, {form->outputs});
    if (failed(bias))
      return failure();
    operands.push_back(*bias);
    segments[4] = 1;
  }
  auto format = qnn::IntFormatAttr::get(b.getContext(), 4, !hasZeros, !hasZeros, false);
  return node.create<qnn::GroupedLinearOp>(
      operands, {{"group", node.integer(form->block)},
                 {"activation_bits", node.integer(16)},
                 {"format", format},
                 {"operandSegmentSizes", b.getDenseI32ArrayAttr(segments)}});
}

ArrayRef<HandlerRow> quantc::onnx::packedRows() {
  static const HandlerRow rows[] = {
      {"MatMulNBits", 1, newestOpset, convertMatMulNBits, "com.microsoft"},
  };
  return rows;
}
