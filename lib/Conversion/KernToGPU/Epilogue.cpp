//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Requantization in registers: the forms of docs/Numerics.md that suit a GPU.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

using namespace quantc;
using namespace quantc::togpu;

Val quantc::togpu::requantize(Val accumulator, Val multiplier, Val shift, const Rescale &r) {
  KernelBuilder &k = *accumulator.kernel;
  Val acc = accumulator;
  if (r.accLo > INT32_MIN)
    acc = max(acc, k.i32(r.accLo));
  if (r.accHi < INT32_MAX)
    acc = min(acc, k.i32(r.accHi));
  if (r.kind == kern::Epilogue::Fma32) {
    // [NUM-EPI-1] The low bits of 1.5 * 2^23 + p are p rounded.
    constexpr int64_t magicBits = 0x4B400000;
    Val t = k.fma(k.toFloat(acc), multiplier, k.f32(12582912.0f));
    return k.bitsOf(t) + (r.zeroPoint - magicBits);
  }
  // [NUM-REQ-3], limited before it is narrowed.
  Val s = k.widen(shift), one = k.i64(1);
  Val rounded = (k.widen(acc) * k.widen(multiplier) + (one << (s - 1))) >> s;
  Val lo = k.i64(r.lo - r.zeroPoint), hi = k.i64(r.hi - r.zeroPoint);
  return k.narrow(min(max(rounded, lo), hi)) + r.zeroPoint;
}

Val quantc::togpu::limited(Val code, const Rescale &r) {
  if (!r.clampsLater())
    return code;
  KernelBuilder &k = *code.kernel;
  return min(max(code, k.i32(r.lo)), k.i32(r.hi));
}

Val quantc::togpu::packLimited(mlir::ArrayRef<Val> codes, const Rescale &r) {
  KernelBuilder &k = *codes.front().kernel;
  if (r.clampsLater() && r.lo == 0 && r.hi == 255)
    return k.packSaturated(codes[0], codes[1], codes[2], codes[3]);
  llvm::SmallVector<Val> bytes;
  for (Val code : codes)
    bytes.push_back(limited(code, r));
  return k.pack(bytes);
}

void quantc::togpu::storeLimited(KernelBuilder &k, mlir::ArrayRef<Val> codes, Val pointer,
                                 const Rescale &r) {
  llvm::SmallVector<Val> values;
  if (codes.size() < 4) {
    for (Val code : codes)
      values.push_back(limited(code, r));
    return k.storeBytes(values, pointer);
  }
  for (size_t i = 0; i < codes.size(); i += 4)
    values.push_back(packLimited(codes.slice(i, 4), r));
  k.storeWords(values, pointer);
}
