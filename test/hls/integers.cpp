//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stand-ins for ap_int and ap_uint against 128-bit integers: widths around every limb's border,
// all operators, ranges, wrapping; words in both layouts; the border with float against
// lib/Numerics.
//
//===----------------------------------------------------------------------===//

#include "qhls/border.h"
#include "support.h"

#include <cmath>
#include <limits>

namespace {

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

/// The low `bits` of v, as a signed or an unsigned number.
wide wrapped_wide(wide v, int bits, bool is_signed) {
  uwide u = static_cast<uwide>(v) << (128 - bits);
  return is_signed ? static_cast<wide>(u) >> (128 - bits) : static_cast<wide>(u >> (128 - bits));
}
template <class T> wide value(const T &x) {
  wide v = static_cast<wide>(static_cast<uwide>(x.limb(1)) << 64 | x.limb(0));
  return v;
}
template <class T> T random_value(random_source &r) {
  T x;
  for (int i = 0; 64 * i < x.length(); ++i) {
    uint64_t kind = r.next() % 6;
    x.setLimb(i, kind == 0   ? 0
                 : kind == 1 ? ~uint64_t(0)
                 : kind == 2 ? uint64_t(1) << r.next() % 64
                             : r.next() << 11 ^ r.next());
  }
  return x;
}

/// Sums, differences, bits and comparisons must be exact; products when they fit 127 bits.
template <class A, class B> void check_pair(random_source &r) {
  std::string what =
      "ap widths " + std::to_string(int(A::width)) + ", " + std::to_string(int(B::width));
  for (int i = 0; i < 60; ++i) {
    A a = random_value<A>(r);
    B b = i % 10 == 0 ? B(a) : random_value<B>(r);
    wide x = value(a), y = value(b);
    expect(value(a + b) == x + y, what + ": +");
    expect(value(a - b) == x - y, what + ": -");
    if (int(A::width) + int(B::width) <= 126)
      expect(value(a * b) == x * y, what + ": *");
    bool sign = A::sign_flag || B::sign_flag;
    int both = decltype(a & b)::width;
    expect(value(a & b) == wrapped_wide(x & y, both, sign), what + ": &");
    expect(value(a | b) == wrapped_wide(x | y, both, sign), what + ": |");
    expect(value(a ^ b) == wrapped_wide(x ^ y, both, sign), what + ": ^");
    expect((a < b) == (x < y) && (a <= b) == (x <= y) && (a > b) == (x > y), what + ": order");
    expect((a >= b) == (x >= y) && (a == b) == (x == y) && (a != b) == (x != y),
           what + ": equality");
    expect(value(A(b)) == wrapped_wide(y, A::width, A::sign_flag), what + ": conversion wraps");
    A c = a;
    c += b;
    expect(value(c) == wrapped_wide(x + y, A::width, A::sign_flag), what + ": +=");
  }
}

template <class A> void check_one(random_source &r) {
  std::string what =
      "ap width " + std::to_string(int(A::width)) + (A::sign_flag ? " signed" : " unsigned");
  const int W = A::width;
  for (int i = 0; i < 60; ++i) {
    A a = random_value<A>(r);
    wide x = value(a);
    int n = static_cast<int>(r.in(0, W - 1));
    expect(value(a << n) ==
               wrapped_wide(static_cast<wide>(static_cast<uwide>(x) << n), W, A::sign_flag),
           what + ": <<");
    expect(value(a >> n) == x >> n, what + ": >>");
    expect(value(a >> W) == (x < 0 ? -1 : 0), what + ": >> by the width");
    expect(value(~a) == wrapped_wide(~x, W, A::sign_flag), what + ": ~");
    expect(value(-a) == -x, what + ": negation");
    expect((!a) == (x == 0), what + ": !");
    int v = static_cast<int>(r.in(-1000, 1000));
    expect(value(a + v) == x + v && value(v - a) == v - x, what + ": with int");
    expect((a == v) == (x == v) && (a < v) == (x < v), what + ": compared with int");
    int lo = static_cast<int>(r.in(0, W - 1)), hi = static_cast<int>(r.in(lo, W - 1)),
        length = hi - lo + 1;
    wide part = wrapped_wide(x >> lo, length, false);
    expect(value(ap_uint<128>(a.range(hi, lo))) == part, what + ": range");
    A b = random_value<A>(r);
    wide before = value(b);
    b.range(hi, lo) = a.range(hi, lo);
    uwide mask = (length < 128 ? (static_cast<uwide>(1) << length) - 1 : ~static_cast<uwide>(0))
                 << lo;
    wide after =
        static_cast<wide>((static_cast<uwide>(before) & ~mask) | (static_cast<uwide>(part) << lo));
    expect(value(b) == wrapped_wide(after, W, A::sign_flag), what + ": assignment to a range");
    ap_int<20> divisor(static_cast<int>(r.in(1, 1000)));
    typename std::conditional<(W <= 63), A, ap_int<40>>::type dividend(a);
    expect(value(dividend / divisor) == value(dividend) / value(divisor), what + ": division");
    expect(value(dividend % divisor) == value(dividend) % value(divisor), what + ": remainder");
  }
}

template <int W> void check_width(random_source &r) {
  check_one<ap_int<W>>(r);
  check_one<ap_uint<W>>(r);
  check_pair<ap_int<W>, ap_int<5>>(r);
  check_pair<ap_uint<W>, ap_int<W>>(r);
  check_pair<ap_int<W>, ap_uint<64>>(r);
  check_pair<ap_uint<W>, ap_uint<31>>(r);
}

/// Words: lane 0 in the least significant bits, lanes across limbs, a few thousand bits.
template <class T, int N> void check_word(random_source &r) {
  qhls::word<T, N> w = {};
  codes values = r.some<T>(N);
  for (int l = 0; l < N; ++l)
    w.set(l, T(values[static_cast<size_t>(l)]));
  ap_uint<N * T::width> bits = w.bits();
  for (int l = 0; l < N; ++l) {
    expect_equal(static_cast<long long>(w.get(l)), values[static_cast<size_t>(l)],
                 "lane of a word");
    T lane;
    lane.range(T::width - 1, 0) = bits.range(l * T::width + T::width - 1, l * T::width);
    expect_equal(static_cast<long long>(lane), values[static_cast<size_t>(l)], "bits of a word");
  }
}

/// Products that need more than 128 bits: (2^n + 1) * (2^m + 1) has four bits set.
void check_long_product() {
  ap_uint<300> a = 1, b = 1;
  a = (a << 150) + 1;
  b = (b << 100) + 1;
  ap_uint<600> product = a * b;
  for (int i = 0; i < 600; ++i)
    expect(product[i] == (i == 0 || i == 100 || i == 150 || i == 250), "long product");
  expect((product >> 250) == 1 && product.to_string().size() == 150, "long shift");
}

/// Every value of narrow types at every shift; wide ones at ties and around them.
template <qhls::rounding R, int W> void check_rounding(random_source &r) {
  const long long least = -(1LL << (W - 1)), most = -least - 1;
  for (int shift = 1; shift <= 62; ++shift)
    for (int i = 0; i < (W <= 8 ? 1 << W : 40); ++i) {
      long long v = W <= 8 ? least + i : r.in(least, most);
      if (W > 8 && i % 2 && shift < W) // an odd multiple of the half, or next to it
        v = wrapped(((v >> (shift - 1)) | 1) * (1LL << (shift - 1)) + r.in(-1, 1) * (i % 4 == 1),
                    W);
      expect_equal(
          static_cast<long long>(qhls::shift_rounded<R, W>(static_cast<qhls::sint<W>>(v), shift)),
          oracle_shift(v, shift, static_cast<int>(R)),
          "rounding " + std::to_string(int(R)) + " of " + std::to_string(v) + " by " +
              std::to_string(shift));
    }
}
template <int W> void check_roundings(random_source &r) {
  check_rounding<qhls::rounding::half_up, W>(r);
  check_rounding<qhls::rounding::half_even, W>(r);
  check_rounding<qhls::rounding::half_away, W>(r);
  check_rounding<qhls::rounding::toward_zero, W>(r);
  check_rounding<qhls::rounding::floor, W>(r);
}

void check_border() {
  random_source r(3);
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  codes zeros = {-128, -3, 0, 7, 127};
  for (int i = 0; i < 20000; ++i) {
    float scale = static_cast<float>(std::ldexp(static_cast<double>(r.in(1, 1 << 20)), -24));
    float x = static_cast<float>(r.in(-300, 300)) * (i % 2 ? scale * 0.5f : 0.37f * scale);
    x = i % 100 == 0 ? infinity : i % 100 == 1 ? -infinity : i % 100 == 2 ? nan : x;
    int zp = static_cast<int>(zeros[r.next() % zeros.size()]);
    expect_equal(qhls::quantize_linear(x, scale, zp, -128, 127),
                 oracle_quantize(x, scale, zp, -128, 127), "quantize");
    int code = static_cast<int>(r.in(-32768, 32767));
    expect(qhls::dequantize_linear(code, scale, zp) == oracle_dequantize(code, scale, zp),
           "dequantize");
  }
}

} // namespace

int main() {
  random_source r(11);
  check_width<1>(r);
  check_width<2>(r);
  check_width<8>(r);
  check_width<17>(r);
  check_width<31>(r);
  check_width<32>(r);
  check_width<33>(r);
  check_width<57>(r);
  check_width<63>(r);
  check_width<64>(r);
  check_width<65>(r);
  check_width<100>(r);
  check_width<120>(r);
  check_word<ap_int<1>, 1>(r);
  check_word<ap_uint<3>, 100>(r);
  check_word<ap_int<5>, 64>(r);
  check_word<ap_int<16>, 200>(r);
  check_word<ap_uint<11>, 333>(r);
  check_roundings<2>(r);
  check_roundings<8>(r);
  check_roundings<30>(r);
  check_roundings<31>(r);
  check_roundings<57>(r);
  check_long_product();
  check_border();
  std::printf("%d checks, %d failures\n", checks(), failures());
  return failures() != 0;
}
