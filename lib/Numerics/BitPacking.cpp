//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bit streams of codes.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BitPacking.h"

namespace quantc::numerics {

std::vector<uint8_t> packCodes(const uint8_t *codes, size_t rows, size_t columns, int bits,
                               BitOrder order) {
  size_t rowBytes = packedRowBytes(columns, bits);
  std::vector<uint8_t> packed(rows * rowBytes);
  const uint32_t mask = (uint32_t(1) << bits) - 1;
  for (size_t row = 0; row < rows; ++row) {
    uint8_t *out = packed.data() + row * rowBytes;
    uint32_t pending = 0; // the bits that fill no byte yet
    int count = 0;
    for (size_t column = 0; column < columns; ++column) {
      uint32_t code = codes[row * columns + column] & mask;
      pending = order == BitOrder::LowFirst ? pending | code << count : pending << bits | code;
      count += bits;
      if (count < 8)
        continue;
      count -= 8;
      *out++ = static_cast<uint8_t>(order == BitOrder::LowFirst ? pending : pending >> count);
      pending = order == BitOrder::LowFirst ? pending >> 8 : pending & ((1u << count) - 1);
    }
    if (count != 0)
      *out = static_cast<uint8_t>(order == BitOrder::LowFirst ? pending : pending << (8 - count));
  }
  return packed;
}

std::vector<uint8_t> unpackCodes(const uint8_t *packed, size_t rows, size_t columns, int bits,
                                 BitOrder order) {
  size_t rowBytes = packedRowBytes(columns, bits);
  std::vector<uint8_t> codes(rows * columns);
  const uint32_t mask = (uint32_t(1) << bits) - 1;
  for (size_t row = 0; row < rows; ++row) {
    const uint8_t *in = packed + row * rowBytes;
    uint32_t pending = 0;
    int count = 0;
    for (size_t column = 0; column < columns; ++column) {
      if (count < bits) {
        uint32_t byte = *in++;
        pending = order == BitOrder::LowFirst ? pending | byte << count : pending << 8 | byte;
        count += 8;
      }
      count -= bits;
      uint32_t code = order == BitOrder::LowFirst ? pending : pending >> count;
      codes[row * columns + column] = static_cast<uint8_t>(code & mask);
      pending = order == BitOrder::LowFirst ? pending >> bits : pending & ((1u << count) - 1);
    }
  }
  return codes;
}

} // namespace quantc::numerics
