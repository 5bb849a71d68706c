//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Area of hardware and the devices that hold it. No IR.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_IR_PARTS_H
#define QUANTC_DIALECT_HLS_IR_PARTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace quantc::hls {

/// An estimate of area. LUTs and flip-flops are bands [low, high]; DSP slices and block RAMs (in
/// units of 18 kbit) are counts. Sources and fits: docs/Dialects/HLS.md, "Cost model".
struct Resources {
  double lutLow = 0, lutHigh = 0, ffLow = 0, ffHigh = 0;
  int64_t dsp = 0, bram18 = 0;

  Resources &operator+=(const Resources &o) {
    lutLow += o.lutLow;
    lutHigh += o.lutHigh;
    ffLow += o.ffLow;
    ffHigh += o.ffHigh;
    dsp += o.dsp;
    bram18 += o.bram18;
    return *this;
  }
  Resources operator*(int64_t n) const {
    double f = double(n);
    return {lutLow * f, lutHigh * f, ffLow * f, ffHigh * f, dsp * n, bram18 * n};
  }
};

/// A device.
struct Part {
  llvm::StringRef name;
  llvm::StringRef vendorName; ///< as the vendor's tools take it
  int64_t lut = 0, ff = 0, dsp = 0, bram18 = 0;
};

/// The table (Parts.def), and a row of it by name; null for an unknown name.
llvm::ArrayRef<Part> parts();
const Part *findPart(llvm::StringRef name);

/// Block RAMs of 18 kbit for `depth` words of `width` bits: the least over the geometries.
int64_t bram18(int64_t width, int64_t depth);
/// A memory with one read port: LUTs up to 64 words, block RAM beyond.
Resources memory(int64_t width, int64_t depth);
/// A stream of `depth` words of `width` bits.
Resources fifo(int64_t width, int64_t depth);

/// What a product of a- and w-bit operands, accumulated in `acc` bits, costs for pe x simd of them.
Resources productsInDSP(int64_t pe, int64_t simd, int64_t a, int64_t w, int64_t acc);
Resources productsInFabric(int64_t pe, int64_t simd, int64_t a, int64_t w, int64_t acc);
/// One dyadic rescaling of an accumulator.
Resources rescaler(int64_t acc, int64_t out);
/// `count` comparators with an accumulator and the sum of their results.
Resources comparators(int64_t acc, int64_t count);
/// Counters and control of one pipelined loop, and registers for `bits` of data.
Resources control(int64_t bits);

} // namespace quantc::hls

#endif // QUANTC_DIALECT_HLS_IR_PARTS_H
