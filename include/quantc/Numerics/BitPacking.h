//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of 1 to 8 bits in bytes [NUM-FMT-8].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_BITPACKING_H
#define QUANTC_NUMERICS_BITPACKING_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quantc::numerics {

/// Where the first code of a byte lies.
enum class BitOrder : uint8_t {
  LowFirst, ///< in the low bits: the low nibble is the even index (ONNX, OCP, NVIDIA)
  HighFirst ///< in the high bits (NF4 of bitsandbytes, the stream of FP6-LLM)
};

/// Bytes of a row: rows start at byte boundaries, codes inside do not.
constexpr size_t packedRowBytes(size_t columns, int bits) {
  return columns / 8 * static_cast<size_t>(bits) +
         (columns % 8 * static_cast<size_t>(bits) + 7) / 8;
}

/// `rows` * packedRowBytes bytes; the low `bits` of each code count, bits behind a row's end are 0.
/// LowFirst: code i of a row occupies bits [i*bits, (i+1)*bits) of a little-endian number.
/// HighFirst: the same in a big-endian number, from its top. So six bits lie 4 codes in 3 bytes.
std::vector<uint8_t> packCodes(const uint8_t *codes, size_t rows, size_t columns, int bits,
                               BitOrder order = BitOrder::LowFirst);

/// The inverse: one byte a code.
std::vector<uint8_t> unpackCodes(const uint8_t *packed, size_t rows, size_t columns, int bits,
                                 BitOrder order = BitOrder::LowFirst);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_BITPACKING_H
