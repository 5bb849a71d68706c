//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise units: an epilogue on every element, sums and products of two tensors.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_POINTWISE_H
#define QHLS_POINTWISE_H

#include "mvau.h"

namespace qhls {

/// Applies an epilogue to each element: rescaling, thresholds, a table.
template <int PIXELS, int FOLDS, class TI, class TO, int L, class Epilogue>
void pointwise(hls::stream<word<TI, L>> &in, hls::stream<word<TO, L>> &out,
               const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  (void)sizeof(detail::check_epilogue<Epilogue, Epilogue::acc_bits, FOLDS, L>);
  static_assert(int(Epilogue::acc_bits) >= int(code_of<TI>::signed_width),
                "the epilogue is too narrow for the input");
  QHLS_UNIT(latency::pointwise);
  int fold = 0, pixel = 0;
  for (int i = 0; i < PIXELS * FOLDS; ++i) {
    QHLS_PIPELINE()
    word<TI, L> x = in.read();
    word<TO, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      y.set(l,
            epilogue.apply(pixel, fold, l, static_cast<accumulator<Epilogue::acc_bits>>(x.raw(l))));
    }
    out.write(y);
    if (++fold == FOLDS) {
      fold = 0;
      ++pixel;
    }
    QHLS_TICK();
  }
}

/// [NUM-ADD-1]
struct add_parameters {
  int multiplier_a, multiplier_b, shift;
  int zero_a, zero_b, zero_point, lo, hi;
};

/// [NUM-ADD-3] Both terms rescaled to one shift, one rounding. Exact for codes of 16 bits too.
template <int BEATS, class TA, class TB, class TO, int L>
void add(hls::stream<word<TA, L>> &a, hls::stream<word<TB, L>> &b, hls::stream<word<TO, L>> &out,
         const add_parameters &p) {
  QHLS_INLINE_OFF()
  enum {
    term_a = code_of<TA>::width + 1 + 22, // a difference of codes, times 21 bits and a sign
    term_b = code_of<TB>::width + 1 + 22,
    sum_bits = (int(term_a) > int(term_b) ? int(term_a) : int(term_b)) + 1,
  };
  typedef sint<sum_bits> sum_t;
  QHLS_UNIT(latency::add);
  for (int i = 0; i < BEATS; ++i) {
    QHLS_PIPELINE()
    word<TA, L> x = a.read();
    word<TB, L> z = b.read();
    word<TO, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      sum_t left = static_cast<sum_t>(static_cast<sum_t>(x.raw(l)) - static_cast<sum_t>(p.zero_a));
      sum_t right = static_cast<sum_t>(static_cast<sum_t>(z.raw(l)) - static_cast<sum_t>(p.zero_b));
      sum_t sum = static_cast<sum_t>(static_cast<sum_t>(left * p.multiplier_a) +
                                     static_cast<sum_t>(right * p.multiplier_b));
      y.set(l, clamp_code<TO>(shift_rounded<rounding::half_up, sum_bits>(sum, p.shift),
                              p.zero_point, p.lo, p.hi));
    }
    out.write(y);
    QHLS_TICK();
  }
}

/// [NUM-MUL-1] An epilogue of (a - zero_a) * (b - zero_b).
template <int PIXELS, int FOLDS, class TA, class TB, class TO, int L, class Epilogue>
void mul(hls::stream<word<TA, L>> &a, hls::stream<word<TB, L>> &b, hls::stream<word<TO, L>> &out,
         int zero_a, int zero_b, const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  enum { product_bits = int(code_of<TA>::width) + int(code_of<TB>::width) + 2 };
  typedef sint<product_bits> product_t;
  (void)sizeof(detail::check_epilogue<Epilogue, Epilogue::acc_bits, FOLDS, L>);
  QHLS_UNIT(latency::mul);
  int fold = 0, pixel = 0;
  for (int i = 0; i < PIXELS * FOLDS; ++i) {
    QHLS_PIPELINE()
    word<TA, L> x = a.read();
    word<TB, L> z = b.read();
    word<TO, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      product_t left =
          static_cast<product_t>(static_cast<product_t>(x.raw(l)) - static_cast<product_t>(zero_a));
      product_t right =
          static_cast<product_t>(static_cast<product_t>(z.raw(l)) - static_cast<product_t>(zero_b));
      product_t product = static_cast<product_t>(left * right);
      y.set(l,
            epilogue.apply(pixel, fold, l, static_cast<accumulator<Epilogue::acc_bits>>(product)));
    }
    out.write(y);
    if (++fold == FOLDS) {
      fold = 0;
      ++pixel;
    }
    QHLS_TICK();
  }
}

} // namespace qhls

#endif // QHLS_POINTWISE_H
