//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See RangeScan.h.
//
//===----------------------------------------------------------------------===//

#include "RangeScan.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cstdint>
#include <limits>

using namespace llvm;

/// A key that orders like the float; its own inverse on bit patterns.
static int32_t orderKey(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

bool quantc::scanRange(ArrayRef<float> values, float &min, float &max) {
  int32_t lowest = std::numeric_limits<int32_t>::max();
  int32_t highest = std::numeric_limits<int32_t>::min();
  for (float value : values) {
    int32_t key = orderKey(bit_cast<int32_t>(value));
    lowest = std::min(lowest, key);
    highest = std::max(highest, key);
  }
  // Infinities and NaNs are the keys beyond all finite ones, on both sides.
  constexpr int32_t kInfinity = 0x7f800000;
  if (highest >= kInfinity || lowest <= orderKey(static_cast<int32_t>(0xff800000u)))
    return false;
  min = bit_cast<float>(orderKey(lowest)) + 0.0f;
  max = bit_cast<float>(orderKey(highest)) + 0.0f;
  return true;
}
