//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Step tables by binary search and in closed form, and equality of epilogues by comparing steps.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/StepTable.h"

namespace quantc::numerics {

namespace {

/// floor((a + b) / 2) without overflow.
int64_t midpoint(int64_t a, int64_t b) { return static_cast<int64_t>((int128_t(a) + b) >> 1); }

/// Smallest a in (lo, hi] with f(a) >= target, given f(lo) < target <= f(hi).
int64_t firstReaching(const EpilogueFn &f, int64_t lo, int64_t hi, int64_t target) {
  while (int128_t(hi) - lo > 1) {
    int64_t mid = midpoint(lo, hi);
    (f(mid) >= target ? hi : lo) = mid;
  }
  return hi;
}

/// ceil(n / d) for d > 0.
int128_t ceilDiv(int128_t n, int128_t d) { return n / d + (n % d > 0); }

} // namespace

std::optional<std::vector<int64_t>> requantizeSteps(const EpilogueFn &f, IntRange acc) {
  int64_t first = f(acc.lo), last = f(acc.hi);
  int128_t count = int128_t(last) - first;
  if (count < 0 || count > kMaxSteps)
    return std::nullopt;
  std::vector<int64_t> steps;
  steps.reserve(static_cast<size_t>(count));
  int64_t at = acc.lo;
  for (int64_t target = first + 1; target <= last; ++target) {
    if (f(at) < target) // else the output jumped past several values at once
      at = firstReaching(f, at, acc.hi, target);
    steps.push_back(at);
  }
  return steps;
}

std::optional<std::vector<int64_t>> dyadicSteps(Dyadic d, int32_t zp, int32_t lo, int32_t hi,
                                                IntRange acc) {
  int64_t first = requantizeClamp(acc.lo, d, zp, lo, hi);
  int64_t last = requantizeClamp(acc.hi, d, zp, lo, hi);
  if (last - first > kMaxSteps)
    return std::nullopt;
  std::vector<int64_t> steps;
  steps.reserve(static_cast<size_t>(last - first));
  for (int64_t output = first + 1; output <= last; ++output) {
    int128_t numerator = (int128_t(2) * (output - zp) - 1) * (int128_t(1) << (d.shift - 1));
    steps.push_back(saturate(saturateToInt64(ceilDiv(numerator, d.multiplier)), acc.lo, acc.hi));
  }
  return steps;
}

bool epiloguesEqual(const EpilogueFn &f, const EpilogueFn &g, IntRange acc) {
  if (f(acc.lo) != g(acc.lo) || f(acc.hi) != g(acc.hi))
    return false;
  std::optional<std::vector<int64_t>> steps = requantizeSteps(f, acc);
  if (!steps)
    return false;
  for (int64_t at : *steps)
    if (f(at) != g(at) || f(at - 1) != g(at - 1))
      return false;
  return true;
}

bool onnxEqualsDyadic(float scale, Dyadic d, int32_t zp, int32_t lo, int32_t hi, IntRange acc) {
  if (!(scale > 0) || !isLegal(d) || lo > hi)
    return false;
  return epiloguesEqual([=](int64_t a) { return requantizeClamp(a, d, zp, lo, hi); },
                        [=](int64_t a) { return requantizeOnnx(a, scale, zp, lo, hi); }, acc);
}

} // namespace quantc::numerics
