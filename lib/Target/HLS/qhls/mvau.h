//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions: the matrix-vector unit of convolutions and linear layers, and the vector unit of
// depthwise convolutions. Units sum raw codes; the bias of the epilogue holds the zero point's
// share [NUM-ACC-3].
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_MVAU_H
#define QHLS_MVAU_H

#include "epilogue.h"
#include "latency.h"

namespace qhls {

namespace detail {
template <class Epilogue, int ACC, int FOLDS, int LANES> struct check_epilogue {
  static_assert(int(Epilogue::acc_bits) == ACC,
                "the epilogue is for accumulators of another width");
  static_assert(int(Epilogue::folds) == 1 || int(Epilogue::folds) == FOLDS,
                "the epilogue has another folding");
  static_assert(int(Epilogue::lanes) == 1 || int(Epilogue::lanes) == LANES,
                "the epilogue has other lanes");
};
} // namespace detail

/// Shape of a matrix-vector unit. Members of CFG, all static const int: pixels, groups, inputs and
/// outputs (of a group), simd, pe, acc_bits, multiplier.
template <class CFG> struct mvau_shape {
  static_assert(CFG::inputs % CFG::simd == 0, "simd divides the inputs of a group");
  static_assert(CFG::outputs % CFG::pe == 0, "pe divides the outputs of a group");
  enum {
    synapse_folds = CFG::inputs / CFG::simd,
    neuron_folds = CFG::outputs / CFG::pe,
    rows = CFG::groups * neuron_folds * synapse_folds, ///< of the weights
    cycles = CFG::pixels * rows,
  };
};

/// For each pixel and group, `outputs` sums over `inputs` codes. A group's beats are read once,
/// kept, and used for each of its neuron folds. weights[(g * NF + nf) * SF + sf][p][s] is output nf
/// * PE + p of group g, input sf * SIMD + s.
template <class CFG, class TI, class TO, class TW, class Epilogue>
void mvau(hls::stream<word<TI, CFG::simd>> &in, hls::stream<word<TO, CFG::pe>> &out,
          const TW (&weights)[mvau_shape<CFG>::rows][CFG::pe][CFG::simd],
          const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  QHLS_PARTITION(weights, 2)
  QHLS_RESHAPE(weights, 3)
  typedef mvau_shape<CFG> shape;
  enum {
    SF = shape::synapse_folds,
    NF = shape::neuron_folds,
    product_bits = code_of<TI>::signed_width + code_of<TW>::signed_width,
    dot_bits = product_bits + log2_ceil(CFG::simd),
  };
  (void)sizeof(detail::check_epilogue<Epilogue, CFG::acc_bits, CFG::groups * NF, CFG::pe>);
  QHLS_UNIT(latency::contraction);

  word<TI, CFG::simd> kept[SF];
  accumulator<CFG::acc_bits> acc[CFG::pe];
  QHLS_PARTITION(acc, 0)
  int sf = 0, nf = 0, group = 0, pixel = 0, row = 0;
  for (int i = 0; i < shape::cycles; ++i) {
    QHLS_PIPELINE()
    if (nf == 0)
      kept[sf] = in.read();
    const word<TI, CFG::simd> &x = kept[sf];
    word<TO, CFG::pe> y;
    for (int p = 0; p < CFG::pe; ++p) {
      QHLS_UNROLL()
      sint<dot_bits> dot = 0;
      for (int s = 0; s < CFG::simd; ++s) {
        QHLS_UNROLL()
        dot = static_cast<sint<dot_bits>>(
            dot + multiplier<CFG::multiplier>::template times<sint<product_bits>>(
                      static_cast<sint<product_bits>>(weights[row][p][s]),
                      static_cast<sint<product_bits>>(x.raw(s))));
      }
      acc[p] = static_cast<accumulator<CFG::acc_bits>>(
          (sf == 0 ? accumulator<CFG::acc_bits>(0) : acc[p]) + dot);
      if (sf == SF - 1)
        y.set(p, epilogue.apply(pixel, group * NF + nf, p, acc[p]));
    }
    if (sf == SF - 1)
      out.write(y);
    ++row;
    if (++sf == SF) {
      sf = 0;
      if (++nf == NF) {
        nf = 0;
        if (++group == CFG::groups) {
          group = 0;
          row = 0;
          ++pixel;
        }
      }
    }
    QHLS_TICK();
  }
}

/// Shape of a depthwise unit. Members of CFG: pixels, channels, lanes, taps, acc_bits, multiplier.
template <class CFG> struct depthwise_shape {
  static_assert(CFG::channels % CFG::lanes == 0, "lanes divide the channels");
  enum {
    folds = CFG::channels / CFG::lanes,
    rows = folds * CFG::taps, ///< of the weights
    cycles = CFG::pixels * rows,
  };
};

/// Each channel with taps of its own. The window sends, per pixel, all taps of fold 0, then of fold
/// 1, ... weights[f * taps + t][l] is tap t of channel f * lanes + l.
template <class CFG, class TI, class TO, class TW, class Epilogue>
void depthwise(hls::stream<word<TI, CFG::lanes>> &in, hls::stream<word<TO, CFG::lanes>> &out,
               const TW (&weights)[depthwise_shape<CFG>::rows][CFG::lanes],
               const Epilogue &epilogue) {
  QHLS_INLINE_OFF()
  QHLS_RESHAPE(weights, 2)
  typedef depthwise_shape<CFG> shape;
  enum { product_bits = code_of<TI>::signed_width + code_of<TW>::signed_width };
  (void)sizeof(detail::check_epilogue<Epilogue, CFG::acc_bits, shape::folds, CFG::lanes>);
  QHLS_UNIT(latency::contraction);

  accumulator<CFG::acc_bits> acc[CFG::lanes];
  QHLS_PARTITION(acc, 0)
  int tap = 0, fold = 0, pixel = 0, row = 0;
  for (int i = 0; i < shape::cycles; ++i) {
    QHLS_PIPELINE()
    word<TI, CFG::lanes> x = in.read();
    word<TO, CFG::lanes> y;
    for (int l = 0; l < CFG::lanes; ++l) {
      QHLS_UNROLL()
      sint<product_bits> product = multiplier<CFG::multiplier>::template times<sint<product_bits>>(
          static_cast<sint<product_bits>>(weights[row][l]),
          static_cast<sint<product_bits>>(x.raw(l)));
      acc[l] = static_cast<accumulator<CFG::acc_bits>>(
          (tap == 0 ? accumulator<CFG::acc_bits>(0) : acc[l]) + product);
      if (tap == CFG::taps - 1)
        y.set(l, epilogue.apply(pixel, fold, l, acc[l]));
    }
    if (tap == CFG::taps - 1)
      out.write(y);
    ++row;
    if (++tap == CFG::taps) {
      tap = 0;
      if (++fold == shape::folds) {
        fold = 0;
        row = 0;
        ++pixel;
      }
    }
    QHLS_TICK();
  }
}

} // namespace qhls

#endif // QHLS_MVAU_H
