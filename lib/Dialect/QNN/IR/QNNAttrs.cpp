//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats and observer statistics: their behaviour, syntax and constraints.
// Labels [QNN-FMT-*] and [QNN-STAT-*] are explained in docs/Dialects/QNN.md.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc::qnn;

#include "quantc/Dialect/QNN/IR/QNNAttrInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/QNN/IR/QNNAttrs.cpp.inc"

void QNNDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quantc/Dialect/QNN/IR/QNNAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// IntFormatAttr
//===----------------------------------------------------------------------===//

LogicalResult IntFormatAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned bits,
                                    bool isSigned, bool symmetric, bool narrow) {
  // [QNN-FMT-1]
  if (bits < 1 || bits > 16)
    return emitError() << "expected a width of 1 to 16 bits, but found " << bits;
  return success();
}

/// The narrowest element type of integer tensors that holds the format.
Type IntFormatAttr::getStorageType() const {
  unsigned width = getBits() <= 2 ? 2 : getBits() <= 4 ? 4 : getBits() <= 8 ? 8 : 16;
  return IntegerType::get(getContext(), width,
                          getIsSigned() ? IntegerType::Signed : IntegerType::Unsigned);
}

unsigned IntFormatAttr::getWidth() const { return getBits(); }

int64_t IntFormatAttr::getMin() const {
  int64_t least = getIsSigned() ? -(int64_t(1) << (getBits() - 1)) : 0;
  return least + (getNarrow() ? 1 : 0);
}

int64_t IntFormatAttr::getMax() const {
  return (int64_t(1) << (getIsSigned() ? getBits() - 1 : getBits())) - 1;
}

bool IntFormatAttr::isSymmetric() const { return getSymmetric(); }

//===----------------------------------------------------------------------===//
// StatisticsAttr
//===----------------------------------------------------------------------===//

LogicalResult StatisticsAttr::verify(function_ref<InFlightDiagnostic()> emitError, APFloat min,
                                     APFloat max, APFloat lo, APFloat hi, int64_t count,
                                     StringRef method) {
  // [QNN-STAT-1]
  for (const APFloat &bound : {min, max, lo, hi})
    if (&bound.getSemantics() != &APFloat::IEEEdouble() || !bound.isFinite())
      return emitError() << "expected finite bounds, but found one that is not";
  // [QNN-STAT-2]
  if (min > max)
    return emitError() << "expected min <= max, but found " << min.convertToDouble() << " and "
                       << max.convertToDouble();
  if (lo > hi)
    return emitError() << "expected lo <= hi, but found " << lo.convertToDouble() << " and "
                       << hi.convertToDouble();
  // [QNN-STAT-3]
  if (count < 1)
    return emitError() << "expected a positive count, but found " << count;
  if (method.empty())
    return emitError() << "expected the name of the observer method, but found an empty string";
  return success();
}

/// Parses `key = float`, decimal or the hexadecimal bits of a double, so that printing loses
/// nothing.
static ParseResult parseBound(AsmParser &parser, StringRef key, APFloat &value) {
  return failure(parser.parseKeyword(key) || parser.parseEqual() ||
                 parser.parseFloat(APFloat::IEEEdouble(), value) || parser.parseComma());
}

Attribute StatisticsAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  APFloat min(0.0), max(0.0), lo(0.0), hi(0.0);
  int64_t count = 0;
  std::string method;
  if (parser.parseLess() || parseBound(parser, "min", min) || parseBound(parser, "max", max) ||
      parseBound(parser, "lo", lo) || parseBound(parser, "hi", hi) ||
      parser.parseKeyword("count") || parser.parseEqual() || parser.parseInteger(count) ||
      parser.parseComma() || parser.parseKeyword("method") || parser.parseEqual() ||
      parser.parseString(&method) || parser.parseGreater())
    return {};
  return parser.getChecked<StatisticsAttr>(loc, parser.getContext(), min, max, lo, hi, count,
                                           StringRef(method));
}

void StatisticsAttr::print(AsmPrinter &printer) const {
  printer << "<min = ";
  printer.printFloat(getMinValue());
  printer << ", max = ";
  printer.printFloat(getMaxValue());
  printer << ", lo = ";
  printer.printFloat(getLoValue());
  printer << ", hi = ";
  printer.printFloat(getHiValue());
  printer << ", count = " << getCount() << ", method = ";
  printer.printString(getMethod());
  printer << ">";
}
