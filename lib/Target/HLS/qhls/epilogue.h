//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Epilogues: what a unit does with the accumulator of (pixel, fold, lane) before it sends the
// result. Each is an aggregate whose arrays are ROMs. [NUM-...] labels are those of
// docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_EPILOGUE_H
#define QHLS_EPILOGUE_H

#include "types.h"

namespace qhls {

/// [NUM-RND-1] What happens to the discarded fraction.
enum class rounding { half_up, half_even, half_away, toward_zero, floor };

/// [NUM-RND-2] value / 2^shift rounded, shift >= 1. Nothing is added before the shift; past W + 1
/// it makes no more difference.
template <rounding R, int W> sint<W> shift_rounded(sint<W> value, int shift) {
  QHLS_INLINE()
  typedef sint<W + 2> wide;
  int s = shift > W + 1 ? W + 1 : shift;
  wide v = static_cast<wide>(value);
  wide quotient = static_cast<wide>(v >> s);
  bool half = ((v >> (s - 1)) & 1) != 0;
  bool up = half;
  if (R != rounding::half_up) {
    wide mask = static_cast<wide>((static_cast<wide>(1) << (s - 1)) - 1);
    bool sticky = (v & mask) != 0;
    up = R == rounding::half_even     ? half && (sticky || (quotient & 1) != 0)
         : R == rounding::half_away   ? half && (sticky || v >= 0)
         : R == rounding::toward_zero ? v < 0 && (half || sticky)
                                      : false;
  }
  return static_cast<sint<W>>(quotient + (up ? 1 : 0));
}

/// [NUM-SAT-1] value + zero_point limited to [lo, hi].
template <class Out, class V> Out clamp_code(V value, int zero_point, int lo, int hi) {
  QHLS_INLINE()
  if (value < lo - zero_point)
    return Out(lo);
  if (value > hi - zero_point)
    return Out(hi);
  return Out(static_cast<int>(value) + zero_point);
}

/// [NUM-REQ-4] of a value of ACC bits.
template <int ACC, class Out, rounding R>
Out requantize_code(sint<ACC> value, rom_uint<24> multiplier, rom_uint<6> shift, int zero_point,
                    int lo, int hi) {
  QHLS_INLINE()
  typedef sint<ACC + 25> product_t; // 24 bits and a sign
  product_t product =
      static_cast<product_t>(static_cast<product_t>(value) * static_cast<product_t>(multiplier));
  product_t scaled = shift_rounded<R, ACC + 25>(product, static_cast<int>(shift));
  return clamp_code<Out>(scaled, zero_point, lo, hi);
}

/// Rescaling by channel, or for the whole tensor with one fold and one lane.
template <int ACC, class Out, int FOLDS, int LANES, rounding R = rounding::half_up>
struct requantize {
  static_assert(ACC >= 1 && ACC <= 32, "accumulators have at most 32 bits");
  typedef Out out_type;
  enum { acc_bits = ACC, folds = FOLDS, lanes = LANES };
  rom_int<ACC> bias[FOLDS][LANES];
  rom_uint<24> multiplier[FOLDS][LANES];
  rom_uint<6> shift[FOLDS][LANES];
  int zero_point, lo, hi;

  Out apply(int, int fold, int lane, accumulator<ACC> acc) const {
    QHLS_INLINE()
    QHLS_RESHAPE(bias, 2)
    QHLS_RESHAPE(multiplier, 2)
    QHLS_RESHAPE(shift, 2)
    int f = FOLDS == 1 ? 0 : fold, l = LANES == 1 ? 0 : lane;
    sint<ACC> value = static_cast<sint<ACC>>(wrap<ACC>(acc + bias[f][l]));
    return requantize_code<ACC, Out, R>(value, multiplier[f][l], shift[f][l], zero_point, lo, hi);
  }
};

/// Rescaling by pixel: average pools whose windows are shorter at the borders.
template <int ACC, class Out, int PIXELS, rounding R = rounding::half_up>
struct requantize_by_pixel {
  static_assert(ACC >= 1 && ACC <= 32, "accumulators have at most 32 bits");
  typedef Out out_type;
  enum { acc_bits = ACC, folds = 1, lanes = 1 };
  rom_int<ACC> bias[PIXELS];
  rom_uint<24> multiplier[PIXELS];
  rom_uint<6> shift[PIXELS];
  int zero_point, lo, hi;

  Out apply(int pixel, int, int, accumulator<ACC> acc) const {
    QHLS_INLINE()
    sint<ACC> value = static_cast<sint<ACC>>(wrap<ACC>(acc + bias[pixel]));
    return requantize_code<ACC, Out, R>(value, multiplier[pixel], shift[pixel], zero_point, lo, hi);
  }
};

/// [NUM-STEP-1] A monotone epilogue as its steps: base + number of thresholds <= acc + bias.
template <int ACC, class Out, int FOLDS, int LANES, int N> struct thresholds {
  static_assert(ACC >= 1 && ACC <= 32, "accumulators have at most 32 bits");
  typedef Out out_type;
  enum { acc_bits = ACC, folds = FOLDS, lanes = LANES };
  rom_int<ACC> bias[FOLDS][LANES];
  rom_int<ACC + 1> threshold[FOLDS][LANES][N];
  int base;

  Out apply(int, int fold, int lane, accumulator<ACC> acc) const {
    QHLS_INLINE()
    QHLS_RESHAPE(bias, 2)
    QHLS_RESHAPE(threshold, 2)
    QHLS_RESHAPE(threshold, 3)
    int f = FOLDS == 1 ? 0 : fold, l = LANES == 1 ? 0 : lane;
    sint<ACC> value = static_cast<sint<ACC>>(wrap<ACC>(acc + bias[f][l]));
    int code = base;
    for (int i = 0; i < N; ++i) {
      QHLS_UNROLL()
      code += value >= threshold[f][l][i] ? 1 : 0;
    }
    return Out(code);
  }
};

/// The accumulator itself.
template <int ACC, int FOLDS, int LANES> struct add_bias {
  typedef ap_int<ACC> out_type;
  enum { acc_bits = ACC, folds = FOLDS, lanes = LANES };
  rom_int<ACC> bias[FOLDS][LANES];

  ap_int<ACC> apply(int, int fold, int lane, accumulator<ACC> acc) const {
    QHLS_INLINE()
    QHLS_RESHAPE(bias, 2)
    int f = FOLDS == 1 ? 0 : fold, l = LANES == 1 ? 0 : lane;
    return ap_int<ACC>(wrap<ACC>(acc + bias[f][l]));
  }
};

/// [NUM-LUT-1] Entry i belongs to the i-th least code of In.
template <class In, class Out> struct table {
  static_assert(code_of<In>::width <= 16, "a table has at most 2^16 entries");
  typedef Out out_type;
  enum { acc_bits = code_of<In>::signed_width, folds = 1, lanes = 1 };
  rom_of<Out> entry[1 << code_of<In>::width];

  Out apply(int, int, int, accumulator<acc_bits> code) const {
    QHLS_INLINE()
    return Out(entry[static_cast<int>(code) - static_cast<int>(least<In>())]);
  }
};

} // namespace qhls

#endif // QHLS_EPILOGUE_H
