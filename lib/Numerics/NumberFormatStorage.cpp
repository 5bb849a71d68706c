//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes of matrices in number formats.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormatStorage.h"
#include "quantc/Numerics/BitPacking.h"
#include "quantc/Numerics/Fma.h"

#include <cmath>

namespace quantc::numerics {

static void append(std::vector<uint8_t> &bytes, uint32_t value, size_t width) {
  for (size_t i = 0; i < width; ++i)
    bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

static uint32_t read(const ByteView &bytes, size_t index, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i)
    value |= uint32_t(bytes.data[index * width + i]) << (8 * i);
  return value;
}

/// The stored form of a float zero point, which may be negative or 0.
static uint32_t encodeZero(ScaleType type, float zero) {
  if (type == ScaleType::F32)
    return bitsOf(zero);
  return encodeMinifloat(type == ScaleType::F16 ? kF16 : kBF16, zero, true);
}

/// Bytes of one stored scale, and of one stored zero point.
static size_t scaleBytes(const NumberFormat &format) {
  return static_cast<size_t>(format.scaleBits()) / 8;
}
static size_t zeroPointBytes(const NumberFormat &format) {
  switch (format.zeroPoint) {
  case ZeroPointKind::None:
    return 0;
  case ZeroPointKind::Integer:
    return 1;
  case ZeroPointKind::Float:
    return scaleBytes(format);
  }
  return 0;
}

StoredMatrix storeMatrix(const NumberFormat &format, const BlockScales &scales,
                         const float *matrix) {
  StoredMatrix stored;
  std::vector<uint8_t> codes = encodeMatrix(format, scales, matrix);
  stored.codes = packCodes(codes.data(), scales.rows, scales.columns, format.elementBits());
  for (size_t block = 0; block < scales.codes.size(); ++block) {
    const BlockParams &params = scales.params[block];
    append(stored.scales, scales.codes[block], scaleBytes(format));
    if (format.zeroPoint == ZeroPointKind::Integer)
      append(stored.zeroPoints, static_cast<uint32_t>(params.zeroPoint), 1);
    if (format.zeroPoint == ZeroPointKind::Float)
      append(stored.zeroPoints, encodeZero(format.scale, params.zero), scaleBytes(format));
    if (format.selectorBits() != 0)
      append(stored.selectors, params.selector, 1);
  }
  for (float value : scales.secondLevel)
    append(stored.secondLevel, bitsOf(value), 4);
  return stored;
}

/// Whether `found` bytes are as many as `expected`; says so in `reason` if not.
static bool sizeFits(const char *what, size_t expected, size_t found, std::string &reason) {
  if (expected != found)
    reason = "expected " + std::to_string(expected) + " bytes of " + what + ", but found " +
             std::to_string(found);
  return expected == found;
}

static bool readParams(const NumberFormat &format, size_t block, const StoredMatrixView &stored,
                       BlockParams &params, std::string &reason) {
  if (!std::isnan(params.scale) && !(params.scale > 0 && std::isfinite(params.scale))) {
    reason = "expected positive scales, but found " + std::to_string(params.scale);
    return false;
  }
  if (format.zeroPoint == ZeroPointKind::Integer) {
    uint8_t byte = stored.zeroPoints.data[block];
    params.zeroPoint = format.isSigned ? static_cast<int8_t>(byte) : byte;
    if (params.zeroPoint < format.minCode() || params.zeroPoint > format.maxCode()) {
      reason = "expected zero points in " + std::to_string(format.minCode()) + ".." +
               std::to_string(format.maxCode()) + ", but found " + std::to_string(params.zeroPoint);
      return false;
    }
  }
  if (format.zeroPoint == ZeroPointKind::Float)
    params.zero = decodeScale(format.scale, read(stored.zeroPoints, block, scaleBytes(format)));
  if (format.selectorBits() != 0) {
    params.selector = stored.selectors.data[block];
    if (params.selector >= format.codebook.tables.size()) {
      reason = "expected tables below " + std::to_string(format.codebook.tables.size()) +
               ", but found " + std::to_string(params.selector);
      return false;
    }
  }
  return true;
}

std::optional<std::vector<float>> loadMatrix(const NumberFormat &format, size_t rows,
                                             size_t columns, const StoredMatrixView &stored,
                                             std::string &reason) {
  const int bits = format.elementBits();
  const size_t blocks = format.blockCount(rows, columns);
  if (!sizeFits("codes", rows * packedRowBytes(columns, bits), stored.codes.size, reason) ||
      !sizeFits("scales", blocks * scaleBytes(format), stored.scales.size, reason) ||
      !sizeFits("zero points", blocks * zeroPointBytes(format), stored.zeroPoints.size, reason) ||
      !sizeFits("second-level scales", 4 * secondLevelSize(format, blocks), stored.secondLevel.size,
                reason) ||
      !sizeFits("table selectors", format.selectorBits() != 0 ? blocks : 0, stored.selectors.size,
                reason))
    return std::nullopt;
  BlockScales scales;
  scales.rows = rows;
  scales.columns = columns;
  scales.params.resize(blocks);
  for (size_t block = 0; block < blocks; ++block)
    scales.codes.push_back(read(stored.scales, block, scaleBytes(format)));
  for (size_t i = 0; i < stored.secondLevel.size / 4; ++i)
    scales.secondLevel.push_back(floatOfBits(read(stored.secondLevel, i, 4)));
  decodeScales(format, scales);
  for (size_t block = 0; block < blocks; ++block)
    if (!readParams(format, block, stored, scales.params[block], reason))
      return std::nullopt;
  std::vector<uint8_t> codes = unpackCodes(stored.codes.data, rows, columns, bits);
  std::vector<float> matrix(rows * columns);
  decodeMatrix(format, scales, codes.data(), matrix.data());
  return matrix;
}

} // namespace quantc::numerics
