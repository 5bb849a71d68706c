//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a number format says about codes, blocks and storage.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormat.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace quantc::numerics {

bool NumberFormat::operator==(const NumberFormat &o) const {
  if (element != o.element || granularity != o.granularity || zeroPoint != o.zeroPoint ||
      scale != o.scale)
    return false;
  if (granularity == Granularity::Group && groupSize != o.groupSize)
    return false;
  if (scale == ScaleType::E8M0 && scaleMode != o.scaleMode)
    return false;
  switch (element) {
  case ElementKind::Integer:
    return integerBits == o.integerBits && isSigned == o.isSigned &&
           fractionBits == o.fractionBits &&
           (zeroPoint != ZeroPointKind::None || narrow == o.narrow);
  case ElementKind::Minifloat:
    return minifloat == o.minifloat;
  case ElementKind::Codebook:
    return codebook == o.codebook;
  }
  return false;
}

int NumberFormat::elementBits() const {
  switch (element) {
  case ElementKind::Integer:
    return integerBits;
  case ElementKind::Minifloat:
    return minifloat.bits();
  case ElementKind::Codebook:
    return codebook.codeBits();
  }
  return 0;
}

int NumberFormat::scaleBits() const {
  switch (scale) {
  case ScaleType::F32:
    return 32;
  case ScaleType::F16:
  case ScaleType::BF16:
    return 16;
  case ScaleType::E8M0:
  case ScaleType::E4M3:
  case ScaleType::UE5M3:
  case ScaleType::Double:
    return 8;
  }
  return 0;
}

int NumberFormat::zeroPointBits() const {
  switch (zeroPoint) {
  case ZeroPointKind::None:
    return 0;
  case ZeroPointKind::Integer:
    return elementBits();
  case ZeroPointKind::Float:
    return scaleBits();
  }
  return 0;
}

int NumberFormat::selectorBits() const {
  return element == ElementKind::Codebook ? codebook.selectorBits() : 0;
}

int32_t NumberFormat::middleCode() const { return isSigned ? 0 : 1 << (integerBits - 1); }

int32_t NumberFormat::minCode() const {
  int32_t least = isSigned ? -(1 << (integerBits - 1)) : 0;
  return least + (zeroPoint == ZeroPointKind::None && narrow ? 1 : 0);
}

int32_t NumberFormat::maxCode() const {
  return (1 << (isSigned ? integerBits - 1 : integerBits)) - 1;
}

double NumberFormat::elementMax(unsigned selector) const {
  switch (element) {
  case ElementKind::Integer: {
    int32_t codes =
        zeroPoint == ZeroPointKind::None ? maxCode() - middleCode() : maxCode() - minCode();
    return std::ldexp(static_cast<double>(codes), -fractionBits);
  }
  case ElementKind::Minifloat:
    return decodeMinifloat(minifloat, minifloat.maxCode());
  case ElementKind::Codebook: {
    float most = 0;
    for (float entry : codebook.tables[selector])
      most = std::max(most, std::fabs(entry));
    return most;
  }
  }
  return 0;
}

size_t NumberFormat::blocksPerRow(size_t columns) const {
  if (granularity != Granularity::Group)
    return 1;
  return columns / groupSize + (columns % groupSize != 0);
}

size_t NumberFormat::blockCount(size_t rows, size_t columns) const {
  if (granularity == Granularity::Tensor)
    return rows != 0 && columns != 0;
  return columns == 0 ? 0 : rows * blocksPerRow(columns);
}

size_t NumberFormat::blockBegin(size_t block, size_t columns) const {
  if (granularity != Granularity::Group)
    return granularity == Granularity::Tensor ? 0 : block * columns;
  size_t perRow = blocksPerRow(columns);
  return block / perRow * columns + block % perRow * groupSize;
}

size_t NumberFormat::blockLength(size_t block, size_t rows, size_t columns) const {
  if (granularity != Granularity::Group)
    return granularity == Granularity::Tensor ? rows * columns : columns;
  return std::min(groupSize, columns - block % blocksPerRow(columns) * groupSize);
}

size_t NumberFormat::blockOf(size_t row, size_t column, size_t columns) const {
  if (granularity != Granularity::Group)
    return granularity == Granularity::Tensor ? 0 : row;
  return row * blocksPerRow(columns) + column / groupSize;
}

double NumberFormat::storedBits(size_t rows, size_t columns) const {
  auto count = static_cast<double>(rows) * static_cast<double>(columns);
  size_t blocks = blockCount(rows, columns);
  double bits = count * elementBits() +
                static_cast<double>(blocks) * (scaleBits() + zeroPointBits() + selectorBits());
  if (scale == ScaleType::E4M3)
    bits += 32;
  if (scale == ScaleType::Double)
    bits += 32.0 + 32.0 * static_cast<double>((blocks + kDoubleScaleBlock - 1) / kDoubleScaleBlock);
  if (element == ElementKind::Codebook && codebook.name.empty())
    for (const std::vector<float> &table : codebook.tables)
      bits += 32.0 * static_cast<double>(table.size());
  return bits;
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

static void integerFaults(const NumberFormat &format, std::vector<std::string> &faults) {
  if (format.integerBits < 1 || format.integerBits > 8) {
    faults.push_back("expected integers of 1 to 8 bits, but found " +
                     std::to_string(format.integerBits));
    return;
  }
  if (format.fractionBits < 0 || format.fractionBits > format.integerBits)
    faults.push_back("expected 0 to " + std::to_string(format.integerBits) +
                     " fraction bits, but found " + std::to_string(format.fractionBits));
  if (format.fractionBits != 0 && !format.isSigned)
    faults.push_back("expected signed integers with fraction bits, but found unsigned ones");
  if (format.fractionBits != 0 && format.zeroPoint != ZeroPointKind::None)
    faults.push_back("expected no zero points beside fraction bits, but found some");
  if (format.zeroPoint == ZeroPointKind::None && format.integerBits < 2)
    faults.push_back("expected at least 2 bits without zero points, but found 1");
}

static void codebookFaults(const CodebookFamily &codebook, std::vector<std::string> &faults) {
  if (codebook.tables.empty())
    faults.push_back("expected a table of numbers, but found none");
  if (codebook.tables.size() > 256)
    faults.push_back("expected at most 256 tables, but found " +
                     std::to_string(codebook.tables.size()));
  for (const std::vector<float> &table : codebook.tables) {
    if (table.size() < 2 || table.size() > 256) {
      faults.push_back("expected tables of 2 to 256 numbers, but found " +
                       std::to_string(table.size()));
      continue;
    }
    bool finite = true, distinct = true;
    for (size_t i = 0; i < table.size(); ++i) {
      finite = finite && std::isfinite(table[i]);
      for (size_t j = 0; codebook.name.empty() && j < i; ++j)
        distinct = distinct && table[i] != table[j];
    }
    if (!finite)
      faults.push_back("expected finite numbers in the table, but found one that is not");
    if (!distinct)
      faults.push_back("expected distinct numbers in the table, but found one twice");
    // a scale is a weight's magnitude divided by the table's, which float32 has to hold
    float greatest = 0;
    for (float number : table)
      greatest = std::max(greatest, std::fabs(number));
    if (finite && distinct && (greatest < 0x1p-60f || greatest > 0x1p60f)) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%g", double(greatest));
      faults.push_back("expected tables whose greatest magnitude is within 2^-60 and 2^60, so that "
                       "scales are float32, but found " +
                       std::string(digits));
    }
  }
}

std::vector<std::string> numberFormatFaults(const NumberFormat &format) {
  std::vector<std::string> faults;
  switch (format.element) {
  case ElementKind::Integer:
    integerFaults(format, faults);
    break;
  case ElementKind::Minifloat:
    if (!format.minifloat.isValid())
      faults.push_back("expected numbers within those of float32, and a mantissa where there are "
                       "infinities, but found a minifloat that has neither");
    else if (format.minifloat.bits() > 8)
      faults.push_back("expected a minifloat of at most 8 bits, but found " +
                       std::to_string(format.minifloat.bits()));
    break;
  case ElementKind::Codebook:
    codebookFaults(format.codebook, faults);
    break;
  }
  if (format.granularity == Granularity::Group && format.groupSize < 1)
    faults.push_back("expected groups of at least 1 element, but found 0");
  bool hasZero = format.zeroPoint != ZeroPointKind::None;
  if (hasZero && format.element != ElementKind::Integer)
    faults.push_back("expected zero points with integers only, but found another element");
  if (hasZero && format.scale == ScaleType::Double)
    faults.push_back("expected no zero points beside scales that are quantized themselves, but "
                     "found some");
  if (format.zeroPoint == ZeroPointKind::Float && format.scaleBits() < 16)
    faults.push_back("expected scales f32, f16 or bf16 with float zero points, but found a scale "
                     "of 8 bits");
  return faults;
}

} // namespace quantc::numerics
