//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix in a number format as bytes: what a file or a constant holds [NUM-FMT-8] [NUM-FMT-9].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_NUMBERFORMATSTORAGE_H
#define QUANTC_NUMERICS_NUMBERFORMATSTORAGE_H

#include "quantc/Numerics/BlockScale.h"

namespace quantc::numerics {

/// Bytes and their number.
struct ByteView {
  const uint8_t *data = nullptr;
  size_t size = 0;

  ByteView() = default;
  ByteView(const uint8_t *data, size_t size) : data(data), size(size) {}
  ByteView(const std::vector<uint8_t> &bytes) : data(bytes.data()), size(bytes.size()) {}
};

/// What is stored for a matrix. All numbers are little-endian; blocks are in row-major order.
struct StoredMatrix {
  std::vector<uint8_t> codes;       ///< packCodes, low first
  std::vector<uint8_t> scales;      ///< scaleBits() / 8 bytes for each block
  std::vector<uint8_t> zeroPoints;  ///< a byte (two's complement) or a float like the scales
  std::vector<uint8_t> secondLevel; ///< f32
  std::vector<uint8_t> selectors;   ///< one byte for each block, where there are several tables
};

struct StoredMatrixView {
  ByteView codes, scales, zeroPoints, secondLevel, selectors;

  StoredMatrixView() = default;
  StoredMatrixView(const StoredMatrix &m)
      : codes(m.codes), scales(m.scales), zeroPoints(m.zeroPoints), secondLevel(m.secondLevel),
        selectors(m.selectors) {}
};

/// Encodes and packs a matrix with scales that were chosen for it.
StoredMatrix storeMatrix(const NumberFormat &format, const BlockScales &scales,
                         const float *matrix);

/// The real values of a stored matrix [rows, columns]. nullopt with a reason, "expected ..., but
/// found ...", when parts have not the sizes that the format asks for, a scale is neither positive
/// and finite nor NaN, a zero point is no code, or a selector names no table.
std::optional<std::vector<float>> loadMatrix(const NumberFormat &format, size_t rows,
                                             size_t columns, const StoredMatrixView &stored,
                                             std::string &reason);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_NUMBERFORMATSTORAGE_H
