//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units that move beats and change none: width converters, forks, concatenation, padding,
// broadcasts.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_MOVE_H
#define QHLS_MOVE_H

#include "latency.h"
#include "types.h"

namespace qhls {

namespace detail {
/// Lanes of one beat from those of several (Widen), or the other way round.
template <bool Widen> struct converter;
template <> struct converter<true> {
  template <int WORDS, class T, int A, int B>
  static void run(hls::stream<word<T, A>> &in, hls::stream<word<T, B>> &out) {
    QHLS_INLINE()
    static_assert(B % A == 0, "one lane count divides the other");
    static_assert(WORDS % (B / A) == 0, "the beats fill whole words");
    word<T, B> y = {};
    int part = 0;
    for (int i = 0; i < WORDS; ++i) {
      QHLS_PIPELINE()
      word<T, A> x = in.read();
      for (int l = 0; l < A; ++l) {
        QHLS_UNROLL()
        y.set(part * A + l, x.get(l));
      }
      if (++part == B / A) {
        part = 0;
        out.write(y);
      }
      QHLS_TICK();
    }
  }
};
template <> struct converter<false> {
  template <int WORDS, class T, int A, int B>
  static void run(hls::stream<word<T, A>> &in, hls::stream<word<T, B>> &out) {
    QHLS_INLINE()
    static_assert(A % B == 0, "one lane count divides the other");
    word<T, A> x = {};
    int part = 0;
    for (int i = 0; i < WORDS * (A / B); ++i) {
      QHLS_PIPELINE()
      if (part == 0)
        x = in.read();
      word<T, B> y;
      for (int l = 0; l < B; ++l) {
        QHLS_UNROLL()
        y.set(l, x.get(part * B + l));
      }
      out.write(y);
      if (++part == A / B)
        part = 0;
      QHLS_TICK();
    }
  }
};
} // namespace detail

/// WORDS beats of A lanes as beats of B lanes; A divides B or B divides A.
template <int WORDS, class T, int A, int B>
void width_converter(hls::stream<word<T, A>> &in, hls::stream<word<T, B>> &out) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  detail::converter<(B >= A)>::template run<WORDS>(in, out);
}

/// Every beat to each output.
template <int BEATS, class Word>
void duplicate(hls::stream<Word> &in, hls::stream<Word> &out0, hls::stream<Word> &out1) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  for (int i = 0; i < BEATS; ++i) {
    QHLS_PIPELINE()
    Word x = in.read();
    out0.write(x);
    out1.write(x);
    QHLS_TICK();
  }
}
template <int BEATS, class Word>
void duplicate(hls::stream<Word> &in, hls::stream<Word> &out0, hls::stream<Word> &out1,
               hls::stream<Word> &out2) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  for (int i = 0; i < BEATS; ++i) {
    QHLS_PIPELINE()
    Word x = in.read();
    out0.write(x);
    out1.write(x);
    out2.write(x);
    QHLS_TICK();
  }
}
template <int BEATS, class Word>
void duplicate(hls::stream<Word> &in, hls::stream<Word> &out0, hls::stream<Word> &out1,
               hls::stream<Word> &out2, hls::stream<Word> &out3) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  for (int i = 0; i < BEATS; ++i) {
    QHLS_PIPELINE()
    Word x = in.read();
    out0.write(x);
    out1.write(x);
    out2.write(x);
    out3.write(x);
    QHLS_TICK();
  }
}

/// OUTER times: A beats of `a`, then B beats of `b`.
template <int OUTER, int A, int B, class Word>
void concat(hls::stream<Word> &a, hls::stream<Word> &b, hls::stream<Word> &out) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  int at = 0;
  for (int i = 0; i < OUTER * (A + B); ++i) {
    QHLS_PIPELINE()
    Word x;
    if (at < A)
      x = a.read();
    else
      x = b.read();
    out.write(x);
    if (++at == A + B)
      at = 0;
    QHLS_TICK();
  }
}

/// A border of `value`. Members of CFG: height, width, folds, top, left, bottom, right.
template <class CFG, class T, int L>
void pad(hls::stream<word<T, L>> &in, hls::stream<word<T, L>> &out, T value) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  enum {
    rows = CFG::top + CFG::height + CFG::bottom,
    columns = CFG::left + CFG::width + CFG::right
  };
  int y = 0, x = 0, fold = 0;
  for (int i = 0; i < rows * columns * CFG::folds; ++i) {
    QHLS_PIPELINE()
    word<T, L> beat;
    if (y >= CFG::top && y < CFG::top + CFG::height && x >= CFG::left &&
        x < CFG::left + CFG::width) {
      beat = in.read();
    } else {
      for (int l = 0; l < L; ++l) {
        QHLS_UNROLL()
        beat.set(l, value);
      }
    }
    out.write(beat);
    if (++fold == CFG::folds) {
      fold = 0;
      if (++x == columns) {
        x = 0;
        ++y;
      }
    }
    QHLS_TICK();
  }
}

/// BEATS beats, TIMES times: one pixel for the whole image.
template <int TIMES, int BEATS, class Word>
void repeat(hls::stream<Word> &in, hls::stream<Word> &out) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  Word kept[BEATS];
  int time = 0, beat = 0;
  for (int i = 0; i < TIMES * BEATS; ++i) {
    QHLS_PIPELINE()
    if (time == 0)
      kept[beat] = in.read();
    out.write(kept[beat]);
    if (++beat == BEATS) {
      beat = 0;
      ++time;
    }
    QHLS_TICK();
  }
}

/// One channel on all lanes of FOLDS beats.
template <int PIXELS, int FOLDS, class T, int L>
void spread(hls::stream<word<T, 1>> &in, hls::stream<word<T, L>> &out) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  word<T, 1> x = {};
  int fold = 0;
  for (int i = 0; i < PIXELS * FOLDS; ++i) {
    QHLS_PIPELINE()
    if (fold == 0)
      x = in.read();
    word<T, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      y.set(l, x.get(0));
    }
    out.write(y);
    if (++fold == FOLDS)
      fold = 0;
    QHLS_TICK();
  }
}

/// A constant operand.
template <int TIMES, int BEATS, class T, int L, class TR>
void constant(hls::stream<word<T, L>> &out, const TR (&rom)[BEATS][L]) {
  QHLS_INLINE_OFF()
  QHLS_RESHAPE(rom, 2)
  QHLS_UNIT(latency::move);
  int beat = 0;
  for (int i = 0; i < TIMES * BEATS; ++i) {
    QHLS_PIPELINE()
    word<T, L> y;
    for (int l = 0; l < L; ++l) {
      QHLS_UNROLL()
      y.set(l, T(rom[beat][l]));
    }
    out.write(y);
    if (++beat == BEATS)
      beat = 0;
    QHLS_TICK();
  }
}

/// Elements of [D0, D1, D2] in row-major order to those of its transpose: result axis i is axis P
/// of i. Keeps a frame: first it fills, then it sends.
template <int D0, int D1, int D2, int P0, int P1, int P2, class T>
void transpose(hls::stream<word<T, 1>> &in, hls::stream<word<T, 1>> &out) {
  QHLS_INLINE_OFF()
  static_assert(P0 + P1 + P2 == 3 && P0 != P1 && P0 != P2 && P1 != P2, "a permutation of 0, 1, 2");
  QHLS_UNIT(latency::window);
  enum {
    count = D0 * D1 * D2,
    size0 = P0 == 0   ? D0
            : P0 == 1 ? D1
                      : D2,
    size1 = P1 == 0   ? D0
            : P1 == 1 ? D1
                      : D2,
    size2 = P2 == 0   ? D0
            : P2 == 1 ? D1
                      : D2,
    step0 = P0 == 0   ? D1 * D2
            : P0 == 1 ? D2
                      : 1,
    step1 = P1 == 0   ? D1 * D2
            : P1 == 1 ? D2
                      : 1,
    step2 = P2 == 0   ? D1 * D2
            : P2 == 1 ? D2
                      : 1,
  };
  static_assert(size0 * size1 * size2 == count, "the result has the operand's elements");
  word<T, 1> frame[count];
  int i0 = 0, i1 = 0, i2 = 0;
  for (int i = 0; i < 2 * count; ++i) {
    QHLS_PIPELINE()
    if (i < count) {
      frame[i] = in.read();
    } else {
      out.write(frame[i0 * step0 + i1 * step1 + i2 * step2]);
      if (++i2 == size2) {
        i2 = 0;
        if (++i1 == size1) {
          i1 = 0;
          ++i0;
        }
      }
    }
    QHLS_TICK();
  }
}

/// Reads what nobody uses.
template <int BEATS, class Word> void discard(hls::stream<Word> &in) {
  QHLS_INLINE_OFF()
  QHLS_UNIT(latency::move);
  for (int i = 0; i < BEATS; ++i) {
    QHLS_PIPELINE()
    (void)in.read();
    QHLS_TICK();
  }
}

} // namespace qhls

#endif // QHLS_MOVE_H
