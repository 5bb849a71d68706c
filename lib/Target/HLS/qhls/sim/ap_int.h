//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stand-in for the vendors' integers of any width: ap_int<W> and ap_uint<W> wrap modulo 2^W and
// operators give results wide enough to be exact, as the vendors' do. Up to 64 bits live in one C
// integer, wider ones (packed words of streams) in 64-bit limbs. Covers what the unit library and
// readable user code need: arithmetic, shifts, comparisons, bits and ranges; division up to 64
// bits.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_AP_INT_H
#define QHLS_SIM_AP_INT_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

template <int W> class ap_int;
template <int W> class ap_uint;

namespace qhls_ap {

constexpr int larger(int a, int b) { return a > b ? a : b; }

/// The narrowest C integer of at least W bits, W <= 64.
template <int W, bool S> struct native {
  typedef typename std::conditional<
      W <= 8, typename std::conditional<S, int8_t, uint8_t>::type,
      typename std::conditional<
          W <= 16, typename std::conditional<S, int16_t, uint16_t>::type,
          typename std::conditional<W <= 32, typename std::conditional<S, int32_t, uint32_t>::type,
                                    typename std::conditional<S, int64_t, uint64_t>::type>::type>::
          type>::type type;
};

/// The low W bits of `v`, sign- or zero-extended to 64; 1 <= W <= 64.
template <int W, bool S> constexpr uint64_t extend(uint64_t v) {
  return W >= 64 ? v
         : S ? static_cast<uint64_t>(static_cast<int64_t>(v << ((64 - W) & 63)) >> ((64 - W) & 63))
             : v & ((uint64_t(1) << (W & 63)) - 1);
}

/// Value of at most 64 bits.
template <int W, bool S, bool Narrow = (W <= 64)> struct store {
  typename native<W, S>::type v;

  constexpr store() : v(0) {}
  constexpr uint64_t limb(int i) const {
    return i == 0 ? static_cast<uint64_t>(static_cast<int64_t>(v))
                  : (S && v < 0 ? ~uint64_t(0) : 0);
  }
  void setLimb(int i, uint64_t x) {
    if (i == 0)
      v = static_cast<typename native<W, S>::type>(extend<W, S>(x));
  }
};

/// Wider: least significant limb first, the last one extended.
template <int W, bool S> struct store<W, S, false> {
  enum { limbs = (W + 63) / 64, last = W - (limbs - 1) * 64 };
  uint64_t v[limbs];

  store() : v() {}
  uint64_t limb(int i) const {
    return i < limbs ? v[i] : (S && static_cast<int64_t>(v[limbs - 1]) < 0 ? ~uint64_t(0) : 0);
  }
  void setLimb(int i, uint64_t x) {
    if (i < limbs)
      v[i] = i == limbs - 1 ? extend<last, S>(x) : x;
  }
};

template <int W, bool S> class base;

/// The ap type of a width and a sign.
template <int W, bool S> struct make {
  typedef typename std::conditional<S, ap_int<W>, ap_uint<W>>::type type;
};

/// Some bits of a value, to read or to assign.
template <class B> class range_ref {
  B &b;
  int hi, lo;

public:
  range_ref(B &value, int high, int low) : b(value), hi(high), lo(low) {}
  range_ref(const range_ref &) = default;
  int length() const { return hi - lo + 1; }
  uint64_t limb(int i) const {
    int left = length() - 64 * i;
    return left <= 0 ? 0 : b.bitsAt(lo + 64 * i, left < 64 ? left : 64);
  }
  uint64_t to_uint64() const { return limb(0); }
  operator unsigned long long() const { return limb(0); }
  template <int W, bool S> range_ref &operator=(const base<W, S> &o) {
    for (int at = 0; at < length(); at += 64)
      b.setBitsAt(lo + at, length() - at < 64 ? length() - at : 64, o.limb(at / 64));
    return *this;
  }
  template <class O> range_ref &operator=(const range_ref<O> &o) {
    for (int at = 0; at < length(); at += 64)
      b.setBitsAt(lo + at, length() - at < 64 ? length() - at : 64, o.limb(at / 64));
    return *this;
  }
  range_ref &operator=(const range_ref &o) { return operator= <B>(o); }
  template <class I>
  typename std::enable_if<std::is_integral<I>::value, range_ref &>::type operator=(I v) {
    for (int at = 0; at < length(); at += 64)
      b.setBitsAt(lo + at, length() - at < 64 ? length() - at : 64,
                  at == 0 ? static_cast<uint64_t>(v) : (v < I(0) ? ~uint64_t(0) : 0));
    return *this;
  }
};

template <int W, bool S> class base {
  static_assert(W >= 1, "a width is at least 1");
  store<W, S> s;

public:
  enum { width = W, sign_flag = S };
  typedef typename make<W, S>::type self;

  constexpr base() : s() {}
  uint64_t limb(int i) const { return s.limb(i); }
  void setLimb(int i, uint64_t x) { s.setLimb(i, x); }
  template <int W2, bool S2> void assign(const base<W2, S2> &o) {
    for (int i = 0; 64 * i < W; ++i)
      s.setLimb(i, o.limb(i));
  }
  void assignInt(uint64_t v, bool negative) {
    s.setLimb(0, v);
    for (int i = 1; 64 * i < W; ++i)
      s.setLimb(i, negative ? ~uint64_t(0) : 0);
  }

  int length() const { return W; }
  int64_t to_int64() const { return static_cast<int64_t>(s.limb(0)); }
  uint64_t to_uint64() const { return s.limb(0); }
  int to_int() const { return static_cast<int>(s.limb(0)); }
  operator typename std::conditional<S, long long, unsigned long long>::type() const {
    return static_cast<typename std::conditional<S, long long, unsigned long long>::type>(
        s.limb(0));
  }

  /// `count` <= 64 bits from bit `at` on.
  uint64_t bitsAt(int at, int count) const {
    int i = at / 64, shift = at % 64;
    uint64_t v = s.limb(i) >> shift;
    if (shift != 0 && shift + count > 64)
      v |= s.limb(i + 1) << (64 - shift);
    return count < 64 ? v & ((uint64_t(1) << count) - 1) : v;
  }
  void setBitsAt(int at, int count, uint64_t x) {
    int i = at / 64, shift = at % 64;
    uint64_t mask = count < 64 ? (uint64_t(1) << count) - 1 : ~uint64_t(0);
    x &= mask;
    s.setLimb(i, (s.limb(i) & ~(mask << shift)) | x << shift);
    if (shift != 0 && shift + count > 64)
      s.setLimb(i + 1, (s.limb(i + 1) & ~(mask >> (64 - shift))) | x >> (64 - shift));
  }
  range_ref<base> range(int hi, int lo) { return range_ref<base>(*this, hi, lo); }
  range_ref<const base> range(int hi, int lo) const { return range_ref<const base>(*this, hi, lo); }
  range_ref<base> operator()(int hi, int lo) { return range(hi, lo); }
  range_ref<const base> operator()(int hi, int lo) const { return range(hi, lo); }
  range_ref<base> operator[](int i) { return range(i, i); }
  bool operator[](int i) const { return bitsAt(i, 1) != 0; }

  bool operator!() const {
    for (int i = 0; 64 * i < W; ++i)
      if (bitsAt(64 * i, W - 64 * i < 64 ? W - 64 * i : 64))
        return false;
    return true;
  }
  self operator~() const {
    self r;
    for (int i = 0; 64 * i < W; ++i)
      r.setLimb(i, ~s.limb(i));
    return r;
  }
  typename make<W + 1, true>::type operator-() const;
  /// n >= 0.
  self shiftedLeft(int n) const {
    self r;
    for (int i = 0; n < W && 64 * i < W; ++i) {
      int from = i - n / 64, shift = n % 64;
      uint64_t low = shift && from > 0 ? s.limb(from - 1) >> (64 - shift) : 0;
      r.setLimb(i, from < 0 ? 0 : s.limb(from) << shift | low);
    }
    return r;
  }
  self shiftedRight(int n) const {
    self r;
    for (int i = 0; 64 * i < W; ++i) {
      int from = i + n / 64, shift = n % 64;
      r.setLimb(i, s.limb(from) >> shift | (shift ? s.limb(from + 1) << (64 - shift) : 0));
    }
    return r;
  }
  /// Shift counts are any integer or ap value; a negative one shifts the other way.
  template <class N> self operator<<(const N &n) const {
    int count = static_cast<int>(n);
    return count < 0 ? shiftedRight(-count) : shiftedLeft(count);
  }
  template <class N> self operator>>(const N &n) const {
    int count = static_cast<int>(n);
    return count < 0 ? shiftedLeft(-count) : shiftedRight(count);
  }
  /// Hexadecimal digits, most significant first, as many as W bits need.
  std::string to_string() const {
    std::string text;
    for (int digit = (W + 3) / 4 - 1; digit >= 0; --digit)
      text += "0123456789abcdef"[bitsAt(4 * digit, W - 4 * digit < 4 ? W - 4 * digit : 4)];
    return text;
  }
};

} // namespace qhls_ap

#define QHLS_AP_MEMBERS(NAME, SIGNED)                                                              \
  template <int W> class NAME : public qhls_ap::base<W, SIGNED> {                                  \
    typedef qhls_ap::base<W, SIGNED> parent;                                                       \
                                                                                                   \
  public:                                                                                          \
    constexpr NAME() : parent() {}                                                                 \
    template <class I, class = typename std::enable_if<std::is_integral<I>::value>::type>          \
    NAME(I v) {                                                                                    \
      this->assignInt(static_cast<uint64_t>(v), v < I(0));                                         \
    }                                                                                              \
    NAME(double v) { this->assignInt(static_cast<uint64_t>(static_cast<int64_t>(v)), v < 0); }     \
    template <int W2, bool S2> NAME(const qhls_ap::base<W2, S2> &o) { this->assign(o); }           \
    template <class B> NAME(const qhls_ap::range_ref<B> &o) {                                      \
      for (int i = 0; 64 * i < W; ++i)                                                             \
        this->setLimb(i, o.limb(i));                                                               \
    }                                                                                              \
    template <class T> NAME &operator+=(const T &o) { return *this = NAME(*this + o); }            \
    template <class T> NAME &operator-=(const T &o) { return *this = NAME(*this - o); }            \
    template <class T> NAME &operator*=(const T &o) { return *this = NAME(*this * o); }            \
    template <class T> NAME &operator&=(const T &o) { return *this = NAME(*this & o); }            \
    template <class T> NAME &operator|=(const T &o) { return *this = NAME(*this | o); }            \
    template <class T> NAME &operator^=(const T &o) { return *this = NAME(*this ^ o); }            \
    NAME &operator<<=(int n) { return *this = *this << n; }                                        \
    NAME &operator>>=(int n) { return *this = *this >> n; }                                        \
    NAME &operator++() { return *this += 1; }                                                      \
    NAME &operator--() { return *this -= 1; }                                                      \
    NAME operator++(int) {                                                                         \
      NAME before(*this);                                                                          \
      ++*this;                                                                                     \
      return before;                                                                               \
    }                                                                                              \
    NAME operator--(int) {                                                                         \
      NAME before(*this);                                                                          \
      --*this;                                                                                     \
      return before;                                                                               \
    }                                                                                              \
  };
QHLS_AP_MEMBERS(ap_int, true)
QHLS_AP_MEMBERS(ap_uint, false)
#undef QHLS_AP_MEMBERS

#include "ap_operators.h"

#endif // QHLS_SIM_AP_INT_H
