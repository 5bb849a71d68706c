//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats as attributes, and constraints of qnn.decode. Labels [QNN-FMT-2] and [QNN-DEC-*]
// are explained in docs/Dialects/QNN.md.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Numerics/BitPacking.h"
#include "quantc/Numerics/NumberFormatStorage.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// NumberFormatAttr
//===----------------------------------------------------------------------===//

LogicalResult NumberFormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                       StringRef text) {
  numerics::ParsedNumberFormat parsed = numerics::parseNumberFormat(text.str());
  // [QNN-FMT-2]
  if (!parsed.format)
    return emitError() << llvm::join(parsed.faults, "; ") << " [QNN-FMT-2]";
  std::string canonical = numerics::printNumberFormat(*parsed.format);
  if (canonical != text)
    return emitError() << "expected the canonical text '" << canonical << "', but found '" << text
                       << "' [QNN-FMT-2]";
  return success();
}

numerics::NumberFormat NumberFormatAttr::getFormat() const {
  return *numerics::parseNumberFormat(getText().str()).format;
}

unsigned NumberFormatAttr::getWidth() const {
  return static_cast<unsigned>(getFormat().elementBits());
}

Type NumberFormatAttr::getScaleType() const {
  switch (getFormat().scale) {
  case numerics::ScaleType::F32:
    return Float32Type::get(getContext());
  case numerics::ScaleType::F16:
    return Float16Type::get(getContext());
  case numerics::ScaleType::BF16:
    return BFloat16Type::get(getContext());
  default:
    return IntegerType::get(getContext(), 8, IntegerType::Unsigned);
  }
}

Type NumberFormatAttr::getZeroPointType() const {
  numerics::NumberFormat format = getFormat();
  switch (format.zeroPoint) {
  case numerics::ZeroPointKind::None:
    return {};
  case numerics::ZeroPointKind::Integer:
    return IntegerType::get(getContext(), 8,
                            format.isSigned ? IntegerType::Signed : IntegerType::Unsigned);
  case numerics::ZeroPointKind::Float:
    return getScaleType();
  }
  return {};
}

SmallVector<int64_t, 2> NumberFormatAttr::getBlockShape(int64_t rows, int64_t columns) const {
  numerics::NumberFormat format = getFormat();
  switch (format.granularity) {
  case numerics::Granularity::Tensor:
    return {};
  case numerics::Granularity::Channel:
    return {rows};
  case numerics::Granularity::Group:
    return {rows, static_cast<int64_t>(format.blocksPerRow(static_cast<size_t>(columns)))};
  }
  return {};
}

/// Any spelling of a format; the attribute holds the canonical one.
Attribute NumberFormatAttr::parse(AsmParser &parser, Type) {
  std::string text;
  if (parser.parseLess())
    return {};
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseString(&text) || parser.parseGreater())
    return {};
  if (auto parsed = numerics::parseNumberFormat(text); parsed.format)
    text = numerics::printNumberFormat(*parsed.format);
  return parser.getChecked<NumberFormatAttr>(loc, parser.getContext(), StringRef(text));
}

void NumberFormatAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getText());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// DecodeOp
//===----------------------------------------------------------------------===//

int64_t DecodeOp::getRows() { return getResult().getType().getDimSize(0); }

int64_t DecodeOp::getColumns() {
  int64_t columns = 1;
  for (int64_t size : getResult().getType().getShape().drop_front())
    columns *= size;
  return columns;
}

std::optional<std::vector<float>> DecodeOp::evaluate(ArrayRef<ArrayRef<uint8_t>> operands,
                                                     std::string &reason) {
  unsigned next = 0;
  auto take = [&](Value part) {
    ArrayRef<uint8_t> bytes = part ? operands[next++] : ArrayRef<uint8_t>();
    return numerics::ByteView(bytes.data(), bytes.size());
  };
  numerics::StoredMatrixView stored;
  stored.codes = take(getCodes());
  stored.scales = take(getScales());
  stored.zeroPoints = take(getZeroPoints());
  stored.secondLevel = take(getSecondLevel());
  stored.selectors = take(getSelectors());
  auto values = numerics::loadMatrix(getFormat().getFormat(), static_cast<size_t>(getRows()),
                                     static_cast<size_t>(getColumns()), stored, reason);
  if (!values)
    reason += " [QNN-DEC-7]";
  return values;
}

/// Whether the bits of all codes can be counted.
static bool countable(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (llvm::MulOverflow(count, std::max<int64_t>(size, 1), count) || count >= INT64_C(1) << 59)
      return false;
  return true;
}

/// An operand of exactly `type`, or none where `type` is null.
static LogicalResult verifyPart(DecodeOp op, StringRef what, Value part, RankedTensorType type,
                                StringRef label) {
  if (!type && part)
    return op.emitOpError("expected no ") << what << " for " << op.getFormat() << ", but found "
                                          << part.getType() << " [" << label << "]";
  if (type && !part)
    return op.emitOpError("expected ")
           << what << " of type " << type << ", but found none [" << label << "]";
  if (type && part.getType() != type)
    return op.emitOpError("expected ") << what << " of type " << type << ", but found "
                                       << part.getType() << " [" << label << "]";
  return success();
}

LogicalResult DecodeOp::verify() {
  RankedTensorType type = getResult().getType();
  if (!type.hasStaticShape() || type.getRank() < 2 || !countable(type.getShape()))
    return emitOpError("expected a static result of rank 2 or more and fewer than 2^59 elements, "
                       "but found ")
           << type << " [QNN-DEC-1]";
  numerics::NumberFormat format = getFormat().getFormat();
  int64_t rows = getRows(), columns = getColumns();
  auto bytes = static_cast<int64_t>(
      numerics::packedRowBytes(static_cast<size_t>(columns), format.elementBits()));
  SmallVector<int64_t, 2> shape = getFormat().getBlockShape(rows, columns);
  Type byte = getCodes().getType().getElementType();
  Type zero = getFormat().getZeroPointType();
  auto second = static_cast<int64_t>(numerics::secondLevelSize(
      format, format.blockCount(static_cast<size_t>(rows), static_cast<size_t>(columns))));
  auto blocks = [&](Type element) {
    return element ? RankedTensorType::get(shape, element) : RankedTensorType();
  };
  if (failed(verifyPart(*this, "codes", getCodes(), RankedTensorType::get({rows, bytes}, byte),
                        "QNN-DEC-2")) ||
      failed(verifyPart(*this, "scales", getScales(), blocks(getFormat().getScaleType()),
                        "QNN-DEC-3")) ||
      failed(verifyPart(*this, "zero points", getZeroPoints(), blocks(zero), "QNN-DEC-4")) ||
      failed(verifyPart(*this, "second-level scales", getSecondLevel(),
                        second ? RankedTensorType::get({second}, type.getElementType())
                               : RankedTensorType(),
                        "QNN-DEC-5")) ||
      failed(verifyPart(*this, "table selectors", getSelectors(),
                        blocks(format.selectorBits() != 0 ? byte : Type()), "QNN-DEC-6")))
    return failure();
  return success();
}
