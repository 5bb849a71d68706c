//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise units, reductions over the image and units that move beats, against plain loops and
// lib/Numerics.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_HLS_CHECK_ELEMENTWISE_H
#define QUANTC_TEST_HLS_CHECK_ELEMENTWISE_H

#include "support.h"

#include <algorithm>

template <class T, int L> using stream_of = hls::stream<qhls::word<T, L>>;

/// `requantize` of a tensor, its own zero point in the bias; per channel, or (ONE) for the whole
/// tensor.
template <int P, int F, int L, class TI, class TO, int ACC, qhls::rounding R, bool ONE>
void check_requantize(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2, EF = ONE ? 1 : F, EL = ONE ? 1 : L;
  codes input = r.some<TI>(frames * P * F * L), none(EF * EL), ones(EF * EL, 1), expected;
  long long zero = r.code<TI>();
  random_requantize<qhls::requantize<ACC, TO, EF, EL, R>> e(r, none, ones, zero);
  for (size_t i = 0; i < input.size(); ++i)
    expected.push_back(e.expected(input[i] - zero, static_cast<int>(i % (F * L))));
  check_unit<TI, L, TO, L>(name, frames, input, expected, P * F, qhls::latency::pointwise,
                           [&](stream_of<TI, L> &in, stream_of<TO, L> &out) {
                             qhls::pointwise<P, F>(in, out, e.epilogue);
                           });
}

/// A multiplier and a shift per pixel.
template <int P, int F, int L, class TI, class TO, int ACC>
void check_requantize_by_pixel(const char *name, uint64_t seed) {
  random_source r(seed);
  codes input = r.some<TI>(2 * P * F * L), expected;
  static qhls::requantize_by_pixel<ACC, TO, P> e;
  output_range<TO> o(r);
  e.zero_point = o.zero_point;
  e.lo = o.lo;
  e.hi = o.hi;
  for (int p = 0; p < P; ++p) {
    e.bias[p] = static_cast<qhls::rom_int<ACC>>(r.in(-3, 3));
    e.multiplier[p] = static_cast<qhls::rom_uint<24>>(random_multiplier(r));
    e.shift[p] = static_cast<qhls::rom_uint<6>>(random_shift(r, ACC, qhls::code_of<TO>::width));
  }
  for (size_t i = 0; i < input.size(); ++i) {
    size_t p = i / (F * L) % P;
    expected.push_back(oracle_requantize(
        input[i] + static_cast<long long>(e.bias[p]), static_cast<int>(e.multiplier[p]),
        static_cast<int>(e.shift[p]), 0, e.zero_point, e.lo, e.hi));
  }
  check_unit<TI, L, TO, L>(
      name, 2, input, expected, P * F, qhls::latency::pointwise,
      [&](stream_of<TI, L> &in, stream_of<TO, L> &out) { qhls::pointwise<P, F>(in, out, e); });
}

/// Thresholds made from a dyadic rescaling by bisection of lib/Numerics must give what it gives.
template <int P, int F, int L, int ACC, class TO>
void check_thresholds(const char *name, uint64_t seed) {
  random_source r(seed);
  typedef ap_int<ACC> TI;
  enum { N = (1 << qhls::code_of<TO>::width) - 1 };
  codes expected;
  static qhls::thresholds<ACC, TO, F, L, N> e;
  const long long least = -(1LL << (ACC - 1)), most = -least - 1;
  output_range<TO> o(r);
  o.lo = static_cast<int>(qhls::least<TO>());
  o.hi = o.lo + N;
  e.base = o.lo;
  std::vector<int> multiplier, shift;
  for (int c = 0; c < F * L; ++c) {
    multiplier.push_back(random_multiplier(r));
    shift.push_back(random_shift(r, ACC, qhls::code_of<TO>::width));
    e.bias[c / L][c % L] = static_cast<qhls::rom_int<ACC>>(r.in(-2, 2));
    for (int n = 0; n < N; ++n) {
      long long first = least,
                last = most + 1; // the smallest accumulator that reaches lo + n + 1, or most + 1
      while (first < last) {
        long long middle = first + (last - first) / 2;
        if (oracle_requantize(middle, multiplier.back(), shift.back(), 0, o.zero_point, o.lo,
                              o.hi) > o.lo + n)
          last = middle;
        else
          first = middle + 1;
      }
      e.threshold[c / L][c % L][n] = static_cast<qhls::rom_int<ACC + 1>>(first);
    }
  }
  codes input;
  for (int i = 0; i < 2 * P * F * L; ++i) {
    long long bias = static_cast<long long>(e.bias[i % (F * L) / L][i % L]);
    long long acc =
        std::min(most - 2, std::max(least + 2, r.code<TI>())); // with its bias still an accumulator
    // Every other one sits at a threshold.
    long long step =
        static_cast<long long>(e.threshold[i % (F * L) / L][i % L][r.next() % N]) - bias;
    if (i % 2 && step > least + 2 && step < most - 2)
      acc = step - static_cast<long long>(r.next() % 2);
    input.push_back(acc);
    size_t c = static_cast<size_t>(i % (F * L));
    expected.push_back(
        oracle_requantize(acc + bias, multiplier[c], shift[c], 0, o.zero_point, o.lo, o.hi));
  }
  check_unit<TI, L, TO, L>(
      name, 2, input, expected, P * F, qhls::latency::pointwise,
      [&](stream_of<TI, L> &in, stream_of<TO, L> &out) { qhls::pointwise<P, F>(in, out, e); });
}

/// Every code of a table.
template <int L, class TI, class TO> void check_table(const char *name, uint64_t seed) {
  random_source r(seed);
  enum { N = 1 << qhls::code_of<TI>::width, BEATS = (N + L - 1) / L };
  static qhls::table<TI, TO> e;
  codes input, expected;
  for (int i = 0; i < N; ++i)
    e.entry[i] = static_cast<qhls::rom_of<TO>>(r.code<TO>());
  for (int i = 0; i < BEATS * L; ++i) {
    input.push_back(qhls::least<TI>() + i % N);
    expected.push_back(static_cast<long long>(e.entry[i % N]));
  }
  check_unit<TI, L, TO, L>(
      name, 1, input, expected, BEATS, qhls::latency::pointwise,
      [&](stream_of<TI, L> &in, stream_of<TO, L> &out) { qhls::pointwise<BEATS, 1>(in, out, e); });
}

template <int BEATS, int L, class TA, class TB, class TO>
void check_add(const char *name, uint64_t seed) {
  random_source r(seed);
  codes a = r.some<TA>(2 * BEATS * L), b = r.some<TB>(2 * BEATS * L), expected;
  output_range<TO> o(r);
  int big = (1 << 21) - 1;
  qhls::add_parameters p = {static_cast<int>(r.in(-big, big)),
                            static_cast<int>(r.in(-big, big)),
                            static_cast<int>(r.in(1, 30)),
                            static_cast<int>(r.code<TA>()),
                            static_cast<int>(r.code<TB>()),
                            o.zero_point,
                            o.lo,
                            o.hi};
  for (size_t i = 0; i < a.size(); ++i)
    expected.push_back(oracle_add(static_cast<int>(a[i]) - p.zero_a,
                                  static_cast<int>(b[i]) - p.zero_b, p.multiplier_a, p.multiplier_b,
                                  p.shift, p.zero_point, p.lo, p.hi));
  check_unit2<TA, L, TB, L, TO, L>(name, 2, a, b, expected, BEATS, qhls::latency::add,
                                   [&](stream_of<TA, L> &x, stream_of<TB, L> &y,
                                       stream_of<TO, L> &out) { qhls::add<BEATS>(x, y, out, p); });
}

template <int P, int F, int L, class TA, class TB, class TO, int ACC, qhls::rounding R>
void check_mul(const char *name, uint64_t seed) {
  random_source r(seed);
  codes a = r.some<TA>(2 * P * F * L), b = r.some<TB>(2 * P * F * L), none(F * L), expected;
  int zero_a = static_cast<int>(r.code<TA>()), zero_b = static_cast<int>(r.code<TB>());
  random_requantize<qhls::requantize<ACC, TO, F, L, R>> e(r, none, none, 0);
  for (size_t i = 0; i < a.size(); ++i)
    expected.push_back(
        e.expected((a[i] - zero_a) * (b[i] - zero_b), static_cast<int>(i % (F * L))));
  check_unit2<TA, L, TB, L, TO, L>(
      name, 2, a, b, expected, P * F, qhls::latency::mul,
      [&](stream_of<TA, L> &x, stream_of<TB, L> &y, stream_of<TO, L> &out) {
        qhls::mul<P, F>(x, y, out, zero_a, zero_b, e.epilogue);
      });
}

/// A global average.
template <int P, int F, int L, class TI, class TO, int ACC>
void check_global_sum(const char *name, uint64_t seed) {
  random_source r(seed);
  codes input = r.some<TI>(2 * P * F * L), none(1), pixels(1, P), expected;
  long long zero = r.code<TI>();
  random_requantize<qhls::requantize<ACC, TO, 1, 1>> e(r, none, pixels, zero);
  for (int f = 0; f < 2; ++f)
    for (int c = 0; c < F * L; ++c) {
      long long sum = 0;
      for (int p = 0; p < P; ++p)
        sum += input[static_cast<size_t>((f * P + p) * F * L + c)] - zero;
      expected.push_back(e.expected(sum, c));
    }
  check_unit<TI, L, TO, L>(name, 2, input, expected, P * F, qhls::latency::pointwise,
                           [&](stream_of<TI, L> &in, stream_of<TO, L> &out) {
                             qhls::global_sum<P, F>(in, out, e.epilogue);
                           });
}

template <int WORDS, int A, int B, class T>
void check_width_converter(const char *name, uint64_t seed) {
  random_source r(seed);
  codes input = r.some<T>(2 * WORDS * A);
  check_unit<T, A, T, B>(
      name, 2, input, input, WORDS * std::max(1, A / B), qhls::latency::move,
      [&](stream_of<T, A> &in, stream_of<T, B> &out) { qhls::width_converter<WORDS>(in, out); });
}

template <int OUTER, int A, int B, int L, class T>
void check_concat(const char *name, uint64_t seed) {
  random_source r(seed);
  codes a = r.some<T>(2 * OUTER * A * L), b = r.some<T>(2 * OUTER * B * L), expected;
  for (int o = 0; o < 2 * OUTER; ++o) {
    expected.insert(expected.end(), a.begin() + o * A * L, a.begin() + (o + 1) * A * L);
    expected.insert(expected.end(), b.begin() + o * B * L, b.begin() + (o + 1) * B * L);
  }
  check_unit2<T, L, T, L, T, L>(name, 2, a, b, expected, OUTER * (A + B), qhls::latency::move,
                                [&](stream_of<T, L> &x, stream_of<T, L> &y, stream_of<T, L> &out) {
                                  qhls::concat<OUTER, A, B>(x, y, out);
                                });
}

template <class CFG, class T, int L> void check_pad(const char *name, uint64_t seed) {
  random_source r(seed);
  const int C = CFG::folds * L, rows = CFG::top + CFG::height + CFG::bottom,
            columns = CFG::left + CFG::width + CFG::right;
  codes input = r.some<T>(2 * CFG::height * CFG::width * C), expected;
  long long value = r.code<T>();
  for (int f = 0; f < 2; ++f)
    for (int y = -CFG::top; y < CFG::height + CFG::bottom; ++y)
      for (int x = -CFG::left; x < CFG::width + CFG::right; ++x)
        for (int c = 0; c < C; ++c)
          expected.push_back(
              y < 0 || y >= CFG::height || x < 0 || x >= CFG::width
                  ? value
                  : input[static_cast<size_t>(((f * CFG::height + y) * CFG::width + x) * C + c)]);
  check_unit<T, L, T, L>(
      name, 2, input, expected, rows * columns * CFG::folds, qhls::latency::move,
      [&](stream_of<T, L> &in, stream_of<T, L> &out) { qhls::pad<CFG>(in, out, T(value)); });
}

/// repeat, spread and constant.
template <int TIMES, int F, int L, class T> void check_broadcasts(const char *name, uint64_t seed) {
  random_source r(seed);
  codes pixel = r.some<T>(2 * F * L), repeated, column = r.some<T>(2 * TIMES), spread, rom_codes,
        constant;
  static qhls::rom_of<T> rom[F][L];
  for (int f = 0; f < 2; ++f)
    for (int t = 0; t < TIMES; ++t)
      for (int c = 0; c < F * L; ++c) {
        repeated.push_back(pixel[static_cast<size_t>(f * F * L + c)]);
        spread.push_back(column[static_cast<size_t>(f * TIMES + t)]);
        rom[c / L][c % L] = static_cast<qhls::rom_of<T>>(pixel[static_cast<size_t>(c)]);
        constant.push_back(pixel[static_cast<size_t>(c)]);
      }
  check_unit<T, L, T, L>(
      std::string(name) + " repeat", 2, pixel, repeated, TIMES * F, qhls::latency::move,
      [&](stream_of<T, L> &in, stream_of<T, L> &out) { qhls::repeat<TIMES, F>(in, out); });
  check_unit<T, 1, T, L>(
      std::string(name) + " spread", 2, column, spread, TIMES * F, qhls::latency::move,
      [&](stream_of<T, 1> &in, stream_of<T, L> &out) { qhls::spread<TIMES, F>(in, out); });
  check_unit<T, 1, T, L>(
      std::string(name) + " constant", 2, codes(), constant, TIMES * F, qhls::latency::move,
      [&](stream_of<T, 1> &, stream_of<T, L> &out) { qhls::constant<TIMES, F>(out, rom); });
}

template <int D0, int D1, int D2, int P0, int P1, int P2, class T>
void check_transpose(const char *name, uint64_t seed) {
  random_source r(seed);
  const int size[3] = {D0, D1, D2}, axis[3] = {P0, P1, P2};
  codes input = r.some<T>(2 * D0 * D1 * D2), expected;
  for (int f = 0; f < 2; ++f)
    for (int i = 0; i < size[P0]; ++i)
      for (int j = 0; j < size[P1]; ++j)
        for (int k = 0; k < size[P2]; ++k) {
          int at[3] = {0, 0, 0};
          at[axis[0]] = i;
          at[axis[1]] = j;
          at[axis[2]] = k;
          expected.push_back(
              input[static_cast<size_t>(((f * D0 + at[0]) * D1 + at[1]) * D2 + at[2])]);
        }
  check_unit<T, 1, T, 1>(name, 2, input, expected, 2 * D0 * D1 * D2, qhls::latency::window,
                         [&](stream_of<T, 1> &in, stream_of<T, 1> &out) {
                           qhls::transpose<D0, D1, D2, P0, P1, P2>(in, out);
                         });
}

/// Forks with 2, 3 and 4 branches; the discarded branches leave nothing behind.
template <int BEATS, int L, class T> void check_duplicate(const char *name, uint64_t seed) {
  random_source r(seed);
  codes input = r.some<T>(BEATS * L), twice;
  for (qhls::sim::mode_t mode : {qhls::sim::sequential, qhls::sim::dataflow})
    for (int branches = 2; branches <= 4; ++branches) {
      stream_of<T, L> in("in"), out("out"), rest0("rest0"), rest1("rest1"), rest2("rest2");
      send(in, input);
      if (branches == 2)
        send(rest1, input);
      run_region(mode, 1, [&] {
        QHLS_PROCESS("fork", if (branches == 2) qhls::duplicate<BEATS>(in, out, rest0);
                     else if (branches == 3) qhls::duplicate<BEATS>(in, out, rest0, rest1);
                     else qhls::duplicate<BEATS>(in, out, rest0, rest1, rest2);)
        QHLS_PROCESS("discard", qhls::discard<BEATS>(rest1);)
      });
      expect_codes(receive(out), input, name);
      expect_codes(receive(rest0), input, name);
      expect_codes(receive(rest2), branches == 4 ? input : codes(), name);
      expect(rest1.empty(), std::string(name) + ": beats left");
    }
}

#endif // QUANTC_TEST_HLS_CHECK_ELEMENTWISE_H
