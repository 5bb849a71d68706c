//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the checks of units share: random codes with boundary values, running a unit in both modes
// of the simulation, comparing every code, every left beat and the cycles.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_HLS_SUPPORT_H
#define QUANTC_TEST_HLS_SUPPORT_H

#include "oracle.h"
#include "qhls/qhls.h"

#include <cstdio>
#include <string>
#include <vector>

typedef std::vector<long long> codes;

struct random_source {
  uint64_t state;
  explicit random_source(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1Du >> 11;
  }
  /// In [lo, hi]; a quarter of the values are the bounds.
  long long in(long long lo, long long hi) {
    uint64_t kind = next() % 8;
    return kind == 0   ? lo
           : kind == 1 ? hi
                       : lo + static_cast<long long>(next() % static_cast<uint64_t>(hi - lo + 1));
  }
  template <class T> long long code() {
    return in(qhls::least<T>(), qhls::least<T>() + (1LL << qhls::code_of<T>::width) - 1);
  }
  template <class T> codes some(size_t count) {
    codes v(count);
    for (long long &x : v)
      x = code<T>();
    return v;
  }
};

inline int &failures() {
  static int count = 0;
  return count;
}
inline int &checks() {
  static int count = 0;
  return count;
}
inline void expect(bool good, const std::string &what) {
  ++checks();
  if (good)
    return;
  ++failures();
  if (failures() <= 20)
    std::printf("FAILED %s\n", what.c_str());
}
inline void expect_equal(long long found, long long expected, const std::string &what) {
  expect(found == expected,
         what + ": expected " + std::to_string(expected) + ", but found " + std::to_string(found));
}

template <class T, int L> void send(hls::stream<qhls::word<T, L>> &s, const codes &values) {
  for (size_t at = 0; at + L <= values.size(); at += L) {
    qhls::word<T, L> beat;
    for (int l = 0; l < L; ++l)
      beat.set(l, T(values[at + static_cast<size_t>(l)]));
    s.write(beat);
  }
}
template <class T, int L> codes receive(hls::stream<qhls::word<T, L>> &s) {
  codes values;
  while (!s.empty()) {
    qhls::word<T, L> beat = s.read();
    for (int l = 0; l < L; ++l)
      values.push_back(static_cast<long long>(beat.get(l)));
  }
  return values;
}
inline void expect_codes(const codes &found, const codes &expected, const std::string &what) {
  expect_equal(static_cast<long long>(found.size()), static_cast<long long>(expected.size()),
               what + ": codes");
  size_t wrong = 0;
  for (size_t i = 0; i < found.size() && i < expected.size(); ++i)
    if (found[i] != expected[i] && wrong++ == 0)
      expect_equal(found[i], expected[i], what + ": code " + std::to_string(i));
  expect_equal(static_cast<long long>(wrong), 0, what + ": codes that differ");
}

/// Runs `frames` frames of `region`, which declares processes between the given streams, in the
/// given mode.
template <class Region> void run_region(qhls::sim::mode_t mode, int frames, Region region) {
  qhls::sim::settings() = qhls::sim::options();
  qhls::sim::settings().mode = mode;
  qhls::sim::settings().frames = frames;
  QHLS_DATAFLOW()
  region();
  QHLS_DATAFLOW_END()
}

/// One unit alone: codes in both modes, nothing left, and exactly the cycles that it states.
template <class TI, int LI, class TO, int LO, class Unit>
void check_unit(const std::string &what, int frames, const codes &input, const codes &expected,
                long long cycles, int latency, Unit unit) {
  for (qhls::sim::mode_t mode : {qhls::sim::sequential, qhls::sim::dataflow}) {
    hls::stream<qhls::word<TI, LI>> in("in");
    hls::stream<qhls::word<TO, LO>> out("out");
    send(in, input);
    run_region(mode, frames, [&] { QHLS_PROCESS("unit", unit(in, out);) });
    expect_codes(receive(out), expected, what);
    expect(in.empty(), what + ": beats left");
    if (mode == qhls::sim::dataflow) {
      expect(!qhls::sim::last_run().deadlock, what + ": deadlock");
      expect_equal(qhls::sim::last_run().cycles, frames * (cycles + latency), what + ": cycles");
    }
  }
}

/// The same for a unit of two inputs.
template <class TA, int LA, class TB, int LB, class TO, int LO, class Unit>
void check_unit2(const std::string &what, int frames, const codes &a, const codes &b,
                 const codes &expected, long long cycles, int latency, Unit unit) {
  for (qhls::sim::mode_t mode : {qhls::sim::sequential, qhls::sim::dataflow}) {
    hls::stream<qhls::word<TA, LA>> in_a("a");
    hls::stream<qhls::word<TB, LB>> in_b("b");
    hls::stream<qhls::word<TO, LO>> out("out");
    send(in_a, a);
    send(in_b, b);
    run_region(mode, frames, [&] { QHLS_PROCESS("unit", unit(in_a, in_b, out);) });
    expect_codes(receive(out), expected, what);
    expect(in_a.empty() && in_b.empty(), what + ": beats left");
    if (mode == qhls::sim::dataflow)
      expect_equal(qhls::sim::last_run().cycles, frames * (cycles + latency), what + ": cycles");
  }
}

/// Parameters of an output: zero point, limits, and a dyadic that brings `bits` of accumulator to
/// its width.
template <class TO> struct output_range {
  int zero_point, lo, hi;
  explicit output_range(random_source &r) {
    long long least = qhls::least<TO>(), most = least + (1LL << qhls::code_of<TO>::width) - 1;
    zero_point = static_cast<int>(r.in(least, most));
    lo = static_cast<int>(r.next() % 3 ? least : r.in(least, most));
    hi = static_cast<int>(r.next() % 3 ? most : r.in(lo, most));
  }
};
inline int random_multiplier(random_source &r) {
  return static_cast<int>(r.in(1 << 22, (1 << 23) - 1)) * 2 + 1;
}
inline int random_shift(random_source &r, int acc_bits, int out_bits) {
  if (r.next() % 8 == 0)
    return r.next() % 2 ? 1 : 62;
  long long shift = 23 + acc_bits - out_bits + r.in(-4, 2);
  return static_cast<int>(shift < 1 ? 1 : shift > 62 ? 62 : shift);
}
inline long long wrapped(long long v, int bits) {
  return static_cast<long long>(static_cast<uint64_t>(v) << (64 - bits)) >> (64 - bits);
}

/// A random `requantize`. Its bias is `bias[channel] - zero * sums[channel]`, modulo 2^ACC.
template <class E> struct random_requantize;
template <int ACC, class TO, int F, int L, qhls::rounding R>
struct random_requantize<qhls::requantize<ACC, TO, F, L, R>> {
  qhls::requantize<ACC, TO, F, L, R> epilogue;
  random_requantize(random_source &r, const codes &bias, const codes &sums, long long zero) {
    output_range<TO> o(r);
    epilogue.zero_point = o.zero_point;
    epilogue.lo = o.lo;
    epilogue.hi = o.hi;
    for (int f = 0; f < F; ++f)
      for (int l = 0; l < L; ++l) {
        size_t c = static_cast<size_t>(f * L + l);
        typedef qhls::rom_int<ACC> bias_t;
        epilogue.bias[f][l] = static_cast<bias_t>(wrapped(bias[c] - zero * sums[c], ACC));
        epilogue.multiplier[f][l] = static_cast<qhls::rom_uint<24>>(random_multiplier(r));
        epilogue.shift[f][l] =
            static_cast<qhls::rom_uint<6>>(random_shift(r, ACC, qhls::code_of<TO>::width));
      }
  }
  /// By lib/Numerics, of the accumulator without zero point.
  int expected(long long acc, int channel) const {
    int c = F * L == 1 ? 0 : channel;
    return oracle_requantize(acc, static_cast<int>(epilogue.multiplier[c / L][c % L]),
                             static_cast<int>(epilogue.shift[c / L][c % L]), static_cast<int>(R),
                             epilogue.zero_point, epilogue.lo, epilogue.hi);
  }
};

#endif // QUANTC_TEST_HLS_SUPPORT_H
