//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators of ap_int.h. Widths of results are the vendors': sums take one bit more than the wider
// operand, products the bits of both; an unsigned operand takes one more beside a signed one. A C
// integer acts as the ap type of its width.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_AP_OPERATORS_H
#define QHLS_SIM_AP_OPERATORS_H

namespace qhls_ap {

template <int W1, bool S1, int W2, bool S2> struct result {
  enum {
    sign = S1 || S2,
    wide1 = W1 + (S2 && !S1),
    wide2 = W2 + (S1 && !S2),
    both = larger(wide1, wide2),
  };
  typedef typename make<both + 1, sign>::type sum;
  typedef typename make<both + 1, true>::type difference;
  typedef typename make<W1 + W2, sign>::type product;
  typedef typename make<both, sign>::type bits;
};

template <int W1, bool S1, int W2, bool S2>
typename result<W1, S1, W2, S2>::sum operator+(const base<W1, S1> &a, const base<W2, S2> &b) {
  typename result<W1, S1, W2, S2>::sum r;
  uint64_t carry = 0;
  for (int i = 0; 64 * i < r.length(); ++i) {
    uint64_t x = a.limb(i), y = x + b.limb(i), z = y + carry;
    carry = (y < x) | (z < y);
    r.setLimb(i, z);
  }
  return r;
}

template <int W1, bool S1, int W2, bool S2>
typename result<W1, S1, W2, S2>::difference operator-(const base<W1, S1> &a,
                                                      const base<W2, S2> &b) {
  typename result<W1, S1, W2, S2>::difference r;
  uint64_t borrow = 0;
  for (int i = 0; 64 * i < r.length(); ++i) {
    uint64_t x = a.limb(i), y = x - b.limb(i), z = y - borrow;
    borrow = (x < y) | (y < z);
    r.setLimb(i, z);
  }
  return r;
}

template <int W1, bool S1, int W2, bool S2>
typename result<W1, S1, W2, S2>::product operator*(const base<W1, S1> &a, const base<W2, S2> &b) {
  typename result<W1, S1, W2, S2>::product r;
  if (W1 + W2 <= 64) {
    r.setLimb(0, a.limb(0) * b.limb(0));
    return r;
  }
  // 32-bit digits, modulo 2^(64 * limbs); the operands are extended that far.
  enum { digits = (W1 + W2 + 63) / 64 * 2 };
  uint64_t sum[digits] = {};
  for (int i = 0; i < digits; ++i) {
    uint64_t carry = 0;
    for (int j = 0; i + j < digits; ++j) {
      uint64_t x = a.limb(i / 2) >> (i % 2 * 32) & 0xffffffffu,
               y = b.limb(j / 2) >> (j % 2 * 32) & 0xffffffffu;
      uint64_t t = x * y + sum[i + j] + carry;
      sum[i + j] = t & 0xffffffffu;
      carry = t >> 32;
    }
  }
  for (int i = 0; i < digits / 2; ++i)
    r.setLimb(i, sum[2 * i] | sum[2 * i + 1] << 32);
  return r;
}

/// Towards zero, as C; both operands of at most 64 bits, and not both of 64 with different signs.
template <int W1, bool S1, int W2, bool S2>
typename make<W1 + S2, (S1 || S2)>::type operator/(const base<W1, S1> &a, const base<W2, S2> &b) {
  static_assert(W1 <= 64 && W2 <= 64, "division is for at most 64 bits");
  typedef typename make<W1 + S2, (S1 || S2)>::type R;
  if (S1 || S2)
    return b.to_int64() == -1 ? R(-a) : R(a.to_int64() / b.to_int64());
  return R(a.to_uint64() / b.to_uint64());
}
template <int W1, bool S1, int W2, bool S2>
typename make<W1, S1>::type operator%(const base<W1, S1> &a, const base<W2, S2> &b) {
  return typename make<W1, S1>::type(a - (a / b) * b);
}

#define QHLS_AP_BITWISE(OP)                                                                        \
  template <int W1, bool S1, int W2, bool S2>                                                      \
  typename result<W1, S1, W2, S2>::bits operator OP(const base<W1, S1> &a,                         \
                                                    const base<W2, S2> &b) {                       \
    typename result<W1, S1, W2, S2>::bits r;                                                       \
    for (int i = 0; 64 * i < r.length(); ++i)                                                      \
      r.setLimb(i, a.limb(i) OP b.limb(i));                                                        \
    return r;                                                                                      \
  }
QHLS_AP_BITWISE(&)
QHLS_AP_BITWISE(|)
QHLS_AP_BITWISE(^)
#undef QHLS_AP_BITWISE

/// -1, 0 or 1 by mathematical value.
template <int W1, bool S1, int W2, bool S2>
int compare(const base<W1, S1> &a, const base<W2, S2> &b) {
  enum { limbs = (larger(W1, W2) + 64) / 64 }; // one bit more, so that the last limb has both signs
  int64_t x = static_cast<int64_t>(a.limb(limbs - 1)), y = static_cast<int64_t>(b.limb(limbs - 1));
  if (x != y)
    return x < y ? -1 : 1;
  for (int i = limbs - 2; i >= 0; --i)
    if (a.limb(i) != b.limb(i))
      return a.limb(i) < b.limb(i) ? -1 : 1;
  return 0;
}

template <int W, bool S> typename make<W + 1, true>::type base<W, S>::operator-() const {
  return typename make<W + 1, true>::type(ap_int<1>(0) - *this);
}

/// The ap type that a C integer acts as.
template <class I> struct of_native {
  typedef typename make<std::is_same<I, bool>::value ? 1 : int(sizeof(I)) * 8,
                        std::is_signed<I>::value>::type type;
};
template <class I> using if_integral = typename std::enable_if<std::is_integral<I>::value>::type;

#define QHLS_AP_MIXED(OP)                                                                          \
  template <int W, bool S, class I, class = if_integral<I>>                                        \
  auto operator OP(const base<W, S> &a, I b)->decltype(a OP typename of_native<I>::type(b)) {      \
    return a OP typename of_native<I>::type(b);                                                    \
  }                                                                                                \
  template <int W, bool S, class I, class = if_integral<I>>                                        \
  auto operator OP(I a, const base<W, S> &b)->decltype(typename of_native<I>::type(a) OP b) {      \
    return typename of_native<I>::type(a) OP b;                                                    \
  }
QHLS_AP_MIXED(+)
QHLS_AP_MIXED(-)
QHLS_AP_MIXED(*)
QHLS_AP_MIXED(/)
QHLS_AP_MIXED(%)
QHLS_AP_MIXED(&)
QHLS_AP_MIXED(|)
QHLS_AP_MIXED(^)

#define QHLS_AP_COMPARE(OP)                                                                        \
  template <int W1, bool S1, int W2, bool S2>                                                      \
  bool operator OP(const base<W1, S1> &a, const base<W2, S2> &b) {                                 \
    return compare(a, b) OP 0;                                                                     \
  }                                                                                                \
  QHLS_AP_MIXED(OP)
QHLS_AP_COMPARE(==)
QHLS_AP_COMPARE(!=)
QHLS_AP_COMPARE(<)
QHLS_AP_COMPARE(<=)
QHLS_AP_COMPARE(>)
QHLS_AP_COMPARE(>=)
#undef QHLS_AP_COMPARE
#undef QHLS_AP_MIXED

} // namespace qhls_ap

#endif // QHLS_SIM_AP_OPERATORS_H
