//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions: maxima and sums of the windows that `window` sends (groups = folds), and sums over
// the image.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_REDUCE_H
#define QHLS_REDUCE_H

#include "mvau.h"

namespace qhls {

/// WORDS results, each the lane-wise maximum of TAPS beats. The window's padding is the least code.
template <int WORDS, int TAPS, class T, int L>
void reduce_max(hls::stream<word<T, L>> &in, hls::stream<word<T, L>> &out) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::maximum);
  word<T, L> best = {};
  int tap = 0;
  for (int i = 0; i < WORDS * TAPS; ++i) {
    QHLS_PIPELINE()
    word<T, L> x = in.read();
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      if (tap == 0 || x.raw(l) > best.raw(l))
        best.set(l, x.get(l));
    }
    if (++tap == TAPS) {
      tap = 0;
      out.write(best);
    }
    QHLS_TICK();
  }
}

/// [NUM-POOL-1] An epilogue of the sum of TAPS raw codes.
template <int PIXELS, int FOLDS, int TAPS, class TI, class TO, int L, class Epilogue>
void reduce_sum(hls::stream<word<TI, L>> &in, hls::stream<word<TO, L>> &out,
                const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  (void)sizeof(detail::check_epilogue<Epilogue, Epilogue::acc_bits, FOLDS, L>);
  typedef accumulator<Epilogue::acc_bits> acc_t;
  QHLS_UNIT(latency::pointwise);
  acc_t acc[L];
  QHLS_PARTITION(acc, 0)
  int tap = 0, fold = 0, pixel = 0;
  for (int i = 0; i < PIXELS * FOLDS * TAPS; ++i) {
    QHLS_PIPELINE()
    word<TI, L> x = in.read();
    word<TO, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      acc[l] = static_cast<acc_t>((tap == 0 ? acc_t(0) : acc[l]) + x.raw(l));
      if (tap == TAPS - 1)
        y.set(l, epilogue.apply(pixel, fold, l, acc[l]));
    }
    if (++tap == TAPS) {
      tap = 0;
      out.write(y);
      if (++fold == FOLDS) {
        fold = 0;
        ++pixel;
      }
    }
    QHLS_TICK();
  }
}

/// An epilogue of the sums of all pixels: one result pixel. Results leave while the last pixel
/// arrives.
template <int PIXELS, int FOLDS, class TI, class TO, int L, class Epilogue>
void global_sum(hls::stream<word<TI, L>> &in, hls::stream<word<TO, L>> &out,
                const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  (void)sizeof(detail::check_epilogue<Epilogue, Epilogue::acc_bits, FOLDS, L>);
  typedef accumulator<Epilogue::acc_bits> acc_t;
  QHLS_UNIT(latency::pointwise);
  acc_t acc[FOLDS][L];
  QHLS_PARTITION(acc, 2)
  int fold = 0, pixel = 0;
  for (int i = 0; i < PIXELS * FOLDS; ++i) {
    QHLS_PIPELINE()
    word<TI, L> x = in.read();
    word<TO, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      acc[fold][l] = static_cast<acc_t>((pixel == 0 ? acc_t(0) : acc[fold][l]) + x.raw(l));
      if (pixel == PIXELS - 1)
        y.set(l, epilogue.apply(0, fold, l, acc[fold][l]));
    }
    if (pixel == PIXELS - 1)
      out.write(y);
    if (++fold == FOLDS) {
      fold = 0;
      ++pixel;
    }
    QHLS_TICK();
  }
}

} // namespace qhls

#endif // QHLS_REDUCE_H
