//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Area formulas and the device table; see Parts.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/HLS/IR/Parts.h"
#include <algorithm>
#include <cmath>
#include <utility>

using namespace quantc::hls;

static constexpr Part table[] = {
#define QUANTC_HLS_PART(NAME, VENDOR, LUT, FF, DSP, BRAM18) {NAME, VENDOR, LUT, FF, DSP, BRAM18},
#include "quantc/Dialect/HLS/IR/Parts.def"
#undef QUANTC_HLS_PART
};

llvm::ArrayRef<Part> quantc::hls::parts() { return table; }

const Part *quantc::hls::findPart(llvm::StringRef name) {
  for (const Part &part : table)
    if (part.name == name)
      return &part;
  return nullptr;
}

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t quantc::hls::bram18(int64_t width, int64_t depth) {
  static constexpr std::pair<int64_t, int64_t> geometries[] = {{1, 16384}, {2, 8192},  {4, 4096},
                                                               {9, 2048},  {18, 1024}, {36, 512}};
  int64_t least = INT64_MAX;
  for (auto [w, d] : geometries)
    least = std::min(least, ceilDiv(width, w) * ceilDiv(depth, d));
  return least;
}

/// LUTs of a 6-input LUT RAM hold 64 bits each.
static constexpr int64_t lutRamDepth = 64;

Resources quantc::hls::memory(int64_t width, int64_t depth) {
  Resources r;
  if (depth > lutRamDepth) {
    r.bram18 = bram18(width, depth);
    return r;
  }
  r.lutLow = r.lutHigh = double(width * ceilDiv(depth, lutRamDepth));
  r.ffLow = r.ffHigh = double(width);
  return r;
}

Resources quantc::hls::fifo(int64_t width, int64_t depth) {
  Resources r;
  r.lutLow = 20;
  r.lutHigh = 40;
  r.ffLow = r.ffHigh = 20;
  if (depth <= 1024 && bram18(width, depth) * 600 > width * ceilDiv(depth, 32)) {
    // Shift registers: 32 bits a LUT.
    r.lutLow += double(width * ceilDiv(depth, 32));
    r.lutHigh += double(width * ceilDiv(depth, 32));
    r.ffHigh += double(width);
    return r;
  }
  r.bram18 = bram18(width, depth);
  return r;
}

Resources quantc::hls::productsInDSP(int64_t pe, int64_t simd, int64_t a, int64_t w, int64_t acc) {
  double tree = 300 + 1.1 * double(pe) * (double(a + w) * double(2 * simd - 1) + double(acc));
  Resources r;
  r.lutLow = 0.2 * tree; // DSP slices absorb adders in some tools
  r.lutHigh = tree;
  r.ffLow = double(pe * acc + simd * a);
  r.ffHigh = r.ffLow + double(pe * simd * (a + w));
  r.dsp = pe * simd;
  return r;
}

Resources quantc::hls::productsInFabric(int64_t pe, int64_t simd, int64_t a, int64_t w,
                                        int64_t acc) {
  double p = double(pe), s = double(simd), sum = double(a + w);
  double fitted = 286 + p * s * (2.15 * double(a) * double(w) + 2.92 * sum);
  double published = 300 + 1.1 * p *
                               (s * double(2 * ceilDiv(a + w, 6) - 1) * sum +
                                sum * double(2 * simd - 1) + double(acc));
  Resources r;
  r.lutLow = std::min(fitted, published);
  r.lutHigh = std::max(fitted, published);
  r.ffLow = double(pe * acc + simd * a);
  r.ffHigh = r.ffLow + p * s * sum;
  return r;
}

Resources quantc::hls::rescaler(int64_t acc, int64_t out) {
  // A 25 x 18 multiplier takes the 24-bit multiplier and up to 18 accumulator bits. Behind it a
  // shifter of six stages, a rounding adder, and the clamp.
  double product = double(acc + 24);
  Resources r;
  r.dsp = acc <= 18 ? 1 : 2;
  r.lutLow = 1.5 * product + double(2 * out);
  r.lutHigh = 4 * product + double(4 * out);
  r.ffLow = product;
  r.ffHigh = 4 * product;
  return r;
}

Resources quantc::hls::comparators(int64_t acc, int64_t count) {
  double bits = double(acc * count);
  return {0.5 * bits, 1.2 * bits, double(count), 1.5 * double(count), 0, 0};
}

Resources quantc::hls::control(int64_t bits) {
  double b = double(bits);
  return {40 + 0.5 * b, 120 + 1.5 * b, 40 + b, 100 + 3 * b, 0, 0};
}
