//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types of the units: words of lanes, elements of ROMs, and integers of a stated width. With
// QHLS_EXACT these are the ap types of synthesis. Without it a simulation uses C integers at least
// as wide, which compilers vectorise; the code of the units is the same and so are the results.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H

#include "config.h"

#include <cstdint>

namespace qhls {

/// Smallest n with 2^n >= v; v >= 1.
constexpr int log2_ceil(long long v) { return v <= 1 ? 0 : 1 + log2_ceil((v + 1) / 2); }

/// Width and sign of an element type.
template <class T> struct code_of;
template <int W> struct code_of<ap_int<W>> {
  enum { width = W, is_signed = 1, signed_width = W };
};
template <int W> struct code_of<ap_uint<W>> {
  enum { width = W, is_signed = 0, signed_width = W + 1 };
};
template <> struct code_of<int8_t> : code_of<ap_int<8>> {};
template <> struct code_of<int16_t> : code_of<ap_int<16>> {};
template <> struct code_of<int32_t> : code_of<ap_int<32>> {};
template <> struct code_of<int64_t> : code_of<ap_int<64>> {};
template <> struct code_of<uint8_t> : code_of<ap_uint<8>> {};
template <> struct code_of<uint16_t> : code_of<ap_uint<16>> {};
template <> struct code_of<uint32_t> : code_of<ap_uint<32>> {};

/// Least value of an element type.
template <class T> constexpr long long least() {
  return code_of<T>::is_signed ? -(1LL << (code_of<T>::width - 1)) : 0;
}

namespace detail {
template <bool Condition, class A, class B> struct choose {
  typedef A type;
};
template <class A, class B> struct choose<false, A, B> {
  typedef B type;
};
template <int W> struct native_int {
  typedef
      typename choose<W <= 8, int8_t,
                      typename choose<W <= 16, int16_t,
                                      typename choose<W <= 32, int32_t, int64_t>::type>::type>::type
          type;
};
template <int W> struct native_uint {
  typedef typename choose<W <= 8, uint8_t, typename choose<W <= 16, uint16_t, uint32_t>::type>::type
      type;
};
template <class T> struct rom_type;
} // namespace detail

#ifdef QHLS_EXACT
/// Element of a ROM.
template <int W> using rom_int = ap_int<W>;
template <int W> using rom_uint = ap_uint<W>;
/// A signed value of W bits inside of a unit.
template <int W> using sint = ap_int<W>;
/// An accumulator of W bits, which wraps.
template <int W> using accumulator = ap_int<W>;
template <int W, class T> ap_int<W> wrap(const T &v) { return ap_int<W>(v); }
#else
template <int W> using rom_int = typename detail::native_int<W>::type;
template <int W> using rom_uint = typename detail::native_uint<W>::type;
template <int W> using sint = typename detail::choose<W <= 32, int32_t, int64_t>::type;
/// Sums up to 2^31 products of 32 bits without leaving its type, and wraps when it is rescaled.
template <int W> using accumulator = int64_t;
/// The low W bits of v, sign-extended.
template <int W> inline int64_t wrap(int64_t v) {
  return static_cast<int64_t>(static_cast<uint64_t>(v) << (64 - W)) >> (64 - W);
}
#endif

namespace detail {
template <int W> struct rom_type<ap_int<W>> {
  typedef rom_int<W> type;
};
template <int W> struct rom_type<ap_uint<W>> {
  typedef rom_uint<W> type;
};
} // namespace detail
/// Element of a ROM that holds values of T.
template <class T> using rom_of = typename detail::rom_type<T>::type;

/// One beat: N lanes of T. `raw` is a lane as the units compute with it.
template <class T, int N> struct word {
  typedef T type;
  enum { lanes = N, width = N * code_of<T>::width };
#ifdef QHLS_EXACT
  ap_uint<N * code_of<T>::width> packed;

  T get(int lane) const {
    QHLS_INLINE()
    enum { W = code_of<T>::width };
    T value;
    value.range(W - 1, 0) = packed.range(lane * W + W - 1, lane * W);
    return value;
  }
  T raw(int lane) const { return get(lane); }
  void set(int lane, const T &value) {
    QHLS_INLINE()
    enum { W = code_of<T>::width };
    packed.range(lane * W + W - 1, lane * W) = value.range(W - 1, 0);
  }
  ap_uint<N * code_of<T>::width> bits() const { return packed; }
#else
  rom_of<T> lane[N];

  T get(int i) const { return T(lane[i]); }
  rom_of<T> raw(int i) const { return lane[i]; }
  void set(int i, const T &value) { lane[i] = static_cast<rom_of<T>>(value); }
  ap_uint<N * code_of<T>::width> bits() const {
    enum { W = code_of<T>::width };
    ap_uint<N * W> all;
    for (int i = 0; i < N; ++i)
      all.range(i * W + W - 1, i * W) = T(lane[i]);
    return all;
  }
#endif
};

/// What a configuration may leave out.
struct unit_defaults {
  static const int multiplier = 0; ///< 0: the tool chooses; 1: DSP blocks; 2: fabric
};

/// The product of two values, in DSP blocks or in fabric if a configuration says so.
template <int Where> struct multiplier {
  template <class R> static R times(R a, R b) {
    QHLS_INLINE()
    return static_cast<R>(a * b);
  }
};
template <> struct multiplier<1> {
  template <class R> static R times(R a, R b) {
    QHLS_INLINE()
    R product = static_cast<R>(a * b);
    QHLS_MULTIPLY_IN_DSP(product)
    return product;
  }
};
template <> struct multiplier<2> {
  template <class R> static R times(R a, R b) {
    QHLS_INLINE()
    R product = static_cast<R>(a * b);
    QHLS_MULTIPLY_IN_FABRIC(product)
    return product;
  }
};

} // namespace qhls

#endif // QHLS_TYPES_H
