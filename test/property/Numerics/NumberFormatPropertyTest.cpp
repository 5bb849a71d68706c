//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Properties of number formats, over random formats and matrices.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BitPacking.h"
#include "quantc/Numerics/BlockScale.h"

#include "gtest/gtest.h"
#include <cfloat>
#include <cmath>
#include <random>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

using namespace quantc::numerics;

namespace {

std::mt19937_64 engine;

/// A number of [low, high]. Formats and matrices follow from one seed that RapidCheck draws: its
/// own numbers start small, and a search for a format without faults would not end.
int within(int low, int high) {
  return low + static_cast<int>(engine() % static_cast<uint64_t>(high - low + 1));
}

void seed() { engine.seed(*rc::gen::resize(100, rc::gen::arbitrary<uint64_t>())); }

MinifloatFormat anyMinifloat() {
  while (true) {
    int exponent = within(0, 6);
    MinifloatFormat format{exponent, within(0, 7 - exponent), within(-3, 20),
                           static_cast<Specials>(within(0, 3)), within(0, 7) != 0};
    if (format.isValid() && format.maxCode() > 0)
      return format;
  }
}

CodebookFamily anyCodebook() {
  std::vector<std::string_view> names = codebookNames();
  auto pick = static_cast<size_t>(within(0, static_cast<int>(names.size())));
  if (pick < names.size())
    return *findCodebook(names[pick]);
  CodebookFamily family;
  family.tables.emplace_back();
  for (int value = within(-40, 0), end = within(1, 40); value <= end; value += within(1, 30))
    family.tables[0].push_back(static_cast<float>(value) / 7);
  family.tables[0].push_back(9.5f);
  return family;
}

/// A format without faults.
NumberFormat anyFormat() {
  while (true) {
    NumberFormat format;
    format.element = static_cast<ElementKind>(within(0, 2));
    format.integerBits = within(1, 8);
    format.isSigned = within(0, 1);
    format.narrow = within(0, 1);
    format.fractionBits = within(0, 3) == 0 ? within(1, format.integerBits) : 0;
    if (format.element == ElementKind::Minifloat)
      format.minifloat = anyMinifloat();
    if (format.element == ElementKind::Codebook)
      format.codebook = anyCodebook();
    format.granularity = static_cast<Granularity>(within(0, 2));
    format.groupSize = static_cast<size_t>(within(1, 40));
    if (format.element == ElementKind::Integer)
      format.zeroPoint = static_cast<ZeroPointKind>(within(0, 2));
    format.scale = static_cast<ScaleType>(within(0, 6));
    format.scaleMode = static_cast<ScaleMode>(within(0, 3));
    if (numberFormatFaults(format).empty())
      return format;
  }
}

struct Matrix {
  size_t rows, columns;
  std::vector<float> values;
};

/// Rows of different magnitude, with zeros and outliers.
Matrix anyMatrix() {
  Matrix matrix{static_cast<size_t>(within(1, 3)), static_cast<size_t>(within(1, 50)), {}};
  for (size_t row = 0; row < matrix.rows; ++row) {
    int exponent = within(-12, 6);
    for (size_t column = 0; column < matrix.columns; ++column) {
      int value = within(-1000, 1000);
      if (within(0, 9) == 0)
        value *= within(0, 20);
      matrix.values.push_back(std::ldexp(static_cast<float>(value), exponent));
    }
  }
  return matrix;
}

ScaleSearch anySearch() {
  switch (within(0, 3)) {
  case 0:
    return ScaleSearch::clip(within(0, 1) ? 2.0 : 2.4, within(1, 12), 20);
  case 1:
    return ScaleSearch::codes(within(0, 3), within(0, 3));
  default:
    return ScaleSearch::none();
  }
}

double squaredError(const std::vector<float> &x, const std::vector<float> &y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
  return sum;
}

RC_GTEST_PROP(NumberFormatProperty, TextReturns, ()) {
  seed();
  NumberFormat format = anyFormat();
  std::string text = printNumberFormat(format);
  ParsedNumberFormat parsed = parseNumberFormat(text);
  if (!parsed.format)
    RC_FAIL(text + ": " + parsed.faults[0]);
  RC_ASSERT(*parsed.format == format);
  RC_ASSERT(printNumberFormat(*parsed.format) == text);
}

/// The parser reads anything, and says no or something that prints.
RC_GTEST_PROP(NumberFormatProperty, AnyTextIsReadOrRefused, ()) {
  seed();
  std::string text = printNumberFormat(anyFormat());
  for (int i = within(1, 4); i > 0 && !text.empty(); --i) {
    auto at = static_cast<size_t>(within(0, static_cast<int>(text.size()) - 1));
    const std::string letters = "0123456789:<>,;.-+efgmbinutsaxyz ";
    text[at] = letters[static_cast<size_t>(within(0, static_cast<int>(letters.size()) - 1))];
  }
  ParsedNumberFormat parsed = parseNumberFormat(text);
  RC_ASSERT(parsed.format.has_value() == parsed.faults.empty());
  if (parsed.format)
    RC_ASSERT(*parseNumberFormat(printNumberFormat(*parsed.format)).format == *parsed.format);
}

RC_GTEST_PROP(NumberFormatProperty, SimulationIsDecodeOfPackedCodes, ()) {
  seed();
  NumberFormat format = anyFormat();
  Matrix matrix = anyMatrix();
  ScaleSearch search = anySearch();
  BlockScales scales =
      chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns, search);
  for (const BlockParams &params : scales.params)
    RC_ASSERT(params.scale > 0 && std::isfinite(params.scale));
  std::vector<uint8_t> codes = encodeMatrix(format, scales, matrix.values.data());
  BitOrder order = within(0, 1) ? BitOrder::LowFirst : BitOrder::HighFirst;
  int bits = format.elementBits();
  std::vector<uint8_t> packed = packCodes(codes.data(), matrix.rows, matrix.columns, bits, order);
  RC_ASSERT(unpackCodes(packed.data(), matrix.rows, matrix.columns, bits, order) == codes);
  std::vector<float> decoded(matrix.values.size()), simulated(matrix.values.size());
  RC_ASSERT(decodeScales(format, scales));
  decodeMatrix(format, scales, codes.data(), decoded.data());
  fakeQuantizeMatrix(format, scales, matrix.values.data(), simulated.data());
  RC_ASSERT(decoded == simulated);
  // A second time changes nothing.
  fakeQuantizeMatrix(format, scales, simulated.data(), decoded.data());
  RC_ASSERT(decoded == simulated);
}

RC_GTEST_PROP(NumberFormatProperty, SymmetricFormatsAreOdd, ()) {
  seed();
  NumberFormat format = anyFormat();
  RC_PRE(format.element != ElementKind::Codebook && format.zeroPoint == ZeroPointKind::None);
  bool isInteger = format.element == ElementKind::Integer;
  bool isOdd = isInteger ? format.narrow : format.minifloat.isSigned;
  RC_PRE(isOdd);
  Matrix matrix = anyMatrix();
  std::vector<float> negative = matrix.values, a(negative.size()), b(negative.size());
  for (float &value : negative)
    value = -value;
  BlockScales scales = chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns);
  BlockScales mirrored = chooseScales(format, negative.data(), matrix.rows, matrix.columns);
  RC_ASSERT(mirrored.codes == scales.codes);
  fakeQuantizeMatrix(format, scales, matrix.values.data(), a.data());
  fakeQuantizeMatrix(format, mirrored, negative.data(), b.data());
  for (size_t i = 0; i < a.size(); ++i)
    RC_ASSERT(a[i] == -b[i]);
}

RC_GTEST_PROP(NumberFormatProperty, ZeroIsExactAndIntegersErrByHalfAStep, ()) {
  seed();
  NumberFormat format = anyFormat();
  RC_PRE(format.element == ElementKind::Integer && format.zeroPoint != ZeroPointKind::Float);
  Matrix matrix = anyMatrix();
  matrix.values[0] = 0;
  BlockScales scales = chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns);
  std::vector<float> y(matrix.values.size());
  fakeQuantizeMatrix(format, scales, matrix.values.data(), y.data());
  RC_ASSERT(y[0] == 0.0f);
  NumberFormatCodec codec(format);
  for (size_t i = 0; i < y.size(); ++i) {
    size_t block = format.blockOf(i / matrix.columns, i % matrix.columns, matrix.columns);
    const BlockParams &params = scales.params[block];
    double step = std::ldexp(double(params.scale), -format.fractionBits);
    int32_t middle =
        format.zeroPoint == ZeroPointKind::None ? format.middleCode() : params.zeroPoint;
    double least = step * (format.minCode() - middle),
           greatest = step * (format.maxCode() - middle);
    double x = matrix.values[i];
    if (x >= least && x <= greatest)
      RC_ASSERT(std::fabs(x - y[i]) <= step / 2 * (1 + 1e-4));
    else
      RC_ASSERT(y[i] == static_cast<float>(x < least ? least : greatest));
  }
}

RC_GTEST_PROP(NumberFormatProperty, SearchesDoNotRaiseTheError, ()) {
  seed();
  NumberFormat format = anyFormat();
  RC_PRE(format.scale != ScaleType::Double); // whose scales are rounded once more afterwards
  Matrix matrix = anyMatrix();
  ScaleSearch search = anySearch();
  search.norm = 2.0;
  std::vector<float> plain(matrix.values.size()), searched(matrix.values.size());
  fakeQuantizeMatrix(format,
                     chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns),
                     matrix.values.data(), plain.data());
  fakeQuantizeMatrix(
      format, chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns, search),
      matrix.values.data(), searched.data());
  RC_ASSERT(squaredError(matrix.values, searched) <=
            squaredError(matrix.values, plain) * (1 + 1e-12));
}

/// Rows do not see each other, except through a scale of the tensor.
RC_GTEST_PROP(NumberFormatProperty, RowsAreIndependent, ()) {
  seed();
  NumberFormat format = anyFormat();
  RC_PRE(format.granularity != Granularity::Tensor && format.scale != ScaleType::E4M3 &&
         format.scale != ScaleType::Double);
  Matrix matrix = anyMatrix();
  ScaleSearch search = anySearch();
  BlockScales all = chooseScales(format, matrix.values.data(), matrix.rows, matrix.columns, search);
  size_t perRow = format.blocksPerRow(matrix.columns);
  for (size_t row = 0; row < matrix.rows; ++row) {
    BlockScales one = chooseScales(format, matrix.values.data() + row * matrix.columns, 1,
                                   matrix.columns, search);
    for (size_t block = 0; block < perRow; ++block)
      RC_ASSERT(one.codes[block] == all.codes[row * perRow + block]);
  }
}

} // namespace
