//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions, windows and pools against loops written from the definitions of dyad: zero points
// are subtracted, padding adds nothing, accumulators are exact.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_HLS_CHECK_WINDOWS_H
#define QUANTC_TEST_HLS_CHECK_WINDOWS_H

#include "support.h"

/// Value of channel c at (y, x) of frame f, NHWC; `outside` beyond the border.
template <class W> long long at(const codes &v, int f, int y, int x, int c, long long outside) {
  if (y < 0 || y >= W::height || x < 0 || x >= W::width)
    return outside;
  return v[static_cast<size_t>(((f * W::height + y) * W::width + x) * W::channels + c)];
}
/// Calls fn(frame, oy, ox).
template <class W, class Fn> void for_outputs(int frames, Fn fn) {
  for (int f = 0; f < frames; ++f)
    for (int oy = 0; oy < W::out_height; ++oy)
      for (int ox = 0; ox < W::out_width; ++ox)
        fn(f, oy, ox);
}
template <class W>
long long tap(const codes &v, int f, int oy, int ox, int k, int c, long long outside) {
  return at<W>(v, f, oy * W::stride_h - W::pad_top + k / W::kernel_w * W::dilation_h,
               ox * W::stride_w - W::pad_left + k % W::kernel_w * W::dilation_w, c, outside);
}
template <class W> constexpr int taps_of() { return W::kernel_h * W::kernel_w; }

template <class W, class T> void check_window(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2;
  codes input = r.some<T>(static_cast<size_t>(frames * W::height * W::width * W::channels)),
        expected, parallel;
  long long pad = r.code<T>();
  for_outputs<W>(frames, [&](int f, int oy, int ox) {
    for (int g = 0; g < W::groups; ++g)
      for (int k = 0; k < taps_of<W>(); ++k)
        for (int c = 0; c < W::channels / W::groups; ++c)
          expected.push_back(tap<W>(input, f, oy, ox, k, g * (W::channels / W::groups) + c, pad));
  });
  check_unit<T, W::lanes, T, W::lanes>(
      name, frames, input, expected, qhls::window_cycles<W>::value, qhls::latency::window,
      [&](hls::stream<qhls::word<T, W::lanes>> &in, hls::stream<qhls::word<T, W::lanes>> &out) {
        qhls::window<W>(in, out, T(pad));
      });
}

template <class W, class T> void check_window_parallel(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2;
  const int L = taps_of<W>() * W::channels;
  codes input = r.some<T>(static_cast<size_t>(frames * W::height * W::width * W::channels)),
        expected;
  long long pad = r.code<T>();
  for_outputs<W>(frames, [&](int f, int oy, int ox) {
    for (int k = 0; k < taps_of<W>(); ++k)
      for (int c = 0; c < W::channels; ++c)
        expected.push_back(tap<W>(input, f, oy, ox, k, c, pad));
  });
  check_unit<T, W::lanes, T, L>(
      name, frames, input, expected, qhls::window_parallel_cycles<W>::value, qhls::latency::window,
      [&](hls::stream<qhls::word<T, W::lanes>> &in, hls::stream<qhls::word<T, L>> &out) {
        qhls::window_parallel<W>(in, out, T(pad));
      });
}

/// A convolution as window and mvau, two processes with a stream of depth 2 between them.
template <class W, class M, class TI, class TW, class TO, qhls::rounding R>
void check_conv(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2, G = W::groups, CG = W::channels / G, K = taps_of<W>() * CG, O = M::outputs;
  typedef qhls::mvau_shape<M> shape;
  typedef qhls::requantize<M::acc_bits, TO, G * shape::neuron_folds, M::pe, R> epilogue_t;
  codes input = r.some<TI>(static_cast<size_t>(frames * W::height * W::width * W::channels));
  codes weight(static_cast<size_t>(G * O * K)), bias(static_cast<size_t>(G * O)), sums(bias.size());
  long long zero = r.code<TI>();
  static qhls::rom_of<TW> rom[shape::rows][M::pe][M::simd];
  for (int o = 0; o < G * O; ++o) {
    bias[static_cast<size_t>(o)] = r.in(-200, 200);
    for (int k = 0; k < K; ++k) {
      long long w = weight[static_cast<size_t>(o * K + k)] = r.code<TW>();
      sums[static_cast<size_t>(o)] += w;
      int row = (o / O * shape::neuron_folds + o % O / M::pe) * shape::synapse_folds + k / M::simd;
      rom[row][o % O % M::pe][k % M::simd] = static_cast<qhls::rom_of<TW>>(w);
    }
  }
  random_requantize<epilogue_t> e(r, bias, sums, zero);
  codes expected;
  for_outputs<W>(frames, [&](int f, int oy, int ox) {
    for (int o = 0; o < G * O; ++o) {
      long long acc = bias[static_cast<size_t>(o)];
      for (int k = 0; k < K; ++k)
        acc += weight[static_cast<size_t>(o * K + k)] *
               (tap<W>(input, f, oy, ox, k / CG, o / O * CG + k % CG, zero) - zero);
      expected.push_back(e.expected(acc, o));
    }
  });
  for (qhls::sim::mode_t mode : {qhls::sim::sequential, qhls::sim::dataflow}) {
    hls::stream<qhls::word<TI, W::lanes>> in("in");
    hls::stream<qhls::word<TO, M::pe>> out("out");
    send(in, input);
    qhls::sim::settings() = qhls::sim::options();
    qhls::sim::settings().mode = mode;
    qhls::sim::settings().frames = frames;
    QHLS_DATAFLOW()
    typedef qhls::word<TI, W::lanes> tap_t;
    QHLS_STREAM(tap_t, taps, 2)
    QHLS_PROCESS("window", qhls::window<W>(in, taps, TI(zero));)
    QHLS_PROCESS("mvau", qhls::mvau<M>(taps, out, rom, e.epilogue);)
    QHLS_DATAFLOW_END()
    expect_codes(receive(out), expected, name);
    expect(in.empty() && taps.empty(), std::string(name) + ": beats left");
    // The slower of the two sets the pace; the window's first rows and the pipelines come on top.
    const int alone[] = {shape::cycles, qhls::window_cycles<W>::value};
    long long pace = std::max(alone[0], alone[1]);
    if (mode == qhls::sim::dataflow) {
      long long cycles = qhls::sim::last_run().cycles;
      expect(cycles >= frames * pace, std::string(name) + ": faster than its slowest unit");
      expect(cycles <= frames * (pace + qhls::window_shape<W>::row_cycles +
                                 qhls::window_shape<W>::fill_cycles + 20),
             std::string(name) + ": slower than its slowest unit and the fill");
    }
  }
}

/// The matrix-vector unit alone; its cycles are exact.
template <class M, class TI, class TW, class TO, qhls::rounding R>
void check_mvau(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2, G = M::groups, K = M::inputs, O = M::outputs;
  typedef qhls::mvau_shape<M> shape;
  typedef qhls::requantize<M::acc_bits, TO, G * shape::neuron_folds, M::pe, R> epilogue_t;
  codes input = r.some<TI>(static_cast<size_t>(frames * M::pixels * G * K)),
        bias(static_cast<size_t>(G * O)), sums(bias.size());
  long long zero = r.code<TI>();
  static qhls::rom_of<TW> rom[shape::rows][M::pe][M::simd];
  for (auto &row : rom)
    for (auto &neuron : row)
      for (auto &w : neuron)
        w = static_cast<qhls::rom_of<TW>>(r.code<TW>());
  auto weight = [&](int o, int k) {
    return static_cast<long long>(
        rom[(o / O * shape::neuron_folds + o % O / M::pe) * shape::synapse_folds + k / M::simd]
           [o % O % M::pe][k % M::simd]);
  };
  for (int o = 0; o < G * O; ++o) {
    bias[static_cast<size_t>(o)] = r.in(-1000, 1000);
    for (int k = 0; k < K; ++k)
      sums[static_cast<size_t>(o)] += weight(o, k);
  }
  random_requantize<epilogue_t> e(r, bias, sums, zero);
  codes expected;
  for (int v = 0; v < frames * M::pixels; ++v)
    for (int o = 0; o < G * O; ++o) {
      long long acc = bias[static_cast<size_t>(o)];
      for (int k = 0; k < K; ++k)
        acc += weight(o, k) * (input[static_cast<size_t>((v * G + o / O) * K + k)] - zero);
      expected.push_back(e.expected(acc, o));
    }
  check_unit<TI, M::simd, TO, M::pe>(
      name, frames, input, expected,
      static_cast<long long>(M::pixels) * G * (K / M::simd) * (O / M::pe),
      qhls::latency::contraction,
      [&](hls::stream<qhls::word<TI, M::simd>> &in, hls::stream<qhls::word<TO, M::pe>> &out) {
        qhls::mvau<M>(in, out, rom, e.epilogue);
      });
}

/// A window and the depthwise convolution that reads it.
template <class W, class D, class TI, class TO, class ROM, class EPILOGUE>
void check_behind_window(const char *name, int frames, const codes &input, const codes &expected,
                         long long pad, const ROM &rom, const EPILOGUE &epilogue) {
  hls::stream<qhls::word<TI, W::lanes>> in("in");
  hls::stream<qhls::word<TO, W::lanes>> out("out");
  send(in, input);
  run_region(qhls::sim::sequential, frames, [&] {
    hls::stream<qhls::word<TI, W::lanes>> between("between");
    for (int f = 0; f < frames; ++f)
      qhls::window<W>(in, between, TI(pad));
    for (int f = 0; f < frames; ++f)
      qhls::depthwise<D>(between, out, rom, epilogue);
    qhls::sim::settings().frames = 0;
  });
  expect_codes(receive(out), expected, std::string(name) + " behind its window");
}

/// Depthwise convolution, maximum and sum over the same window.
template <class W, class D, class TI, class TW, class TO, qhls::rounding R>
void check_depthwise(const char *name, uint64_t seed) {
  random_source r(seed);
  const int frames = 2, K = taps_of<W>(), C = W::channels, L = W::lanes;
  typedef qhls::requantize<D::acc_bits, TO, C / L, L, R> epilogue_t;
  codes input = r.some<TI>(static_cast<size_t>(frames * W::height * W::width * C)),
        bias(static_cast<size_t>(C)), sums(bias.size());
  codes pool_sums(bias.size(), K), none(bias.size());
  long long zero = r.code<TI>();
  static qhls::rom_of<TW> rom[qhls::depthwise_shape<D>::rows][D::lanes];
  for (int c = 0; c < C; ++c) {
    bias[static_cast<size_t>(c)] = r.in(-100, 100);
    for (int k = 0; k < K; ++k) {
      long long w = r.code<TW>();
      rom[c / L * K + k][c % L] = static_cast<qhls::rom_of<TW>>(w);
      sums[static_cast<size_t>(c)] += w;
    }
  }
  random_requantize<epilogue_t> e(r, bias, sums, zero), pool(r, none, pool_sums, zero);
  codes expected, sum, most, taps, max_taps;
  for_outputs<W>(frames, [&](int f, int oy, int ox) {
    for (int c = 0; c < C; ++c) {
      long long acc = bias[static_cast<size_t>(c)], total = 0, best = qhls::least<TI>();
      for (int k = 0; k < K; ++k) {
        long long x = tap<W>(input, f, oy, ox, k, c, zero) - zero;
        acc += static_cast<long long>(rom[c / L * K + k][c % L]) * x;
        total += x;
        best = std::max(best, tap<W>(input, f, oy, ox, k, c, qhls::least<TI>()));
      }
      expected.push_back(e.expected(acc, c));
      sum.push_back(pool.expected(total, c));
      most.push_back(best);
    }
    for (int fold = 0; fold < C / L; ++fold)
      for (int k = 0; k < K; ++k)
        for (int l = 0; l < L; ++l) {
          taps.push_back(tap<W>(input, f, oy, ox, k, fold * L + l, zero));
          max_taps.push_back(tap<W>(input, f, oy, ox, k, fold * L + l, qhls::least<TI>()));
        }
  });
  const int pixels = W::out_height * W::out_width;
  long long cycles = static_cast<long long>(pixels) * (C / L) * K;
  typedef hls::stream<qhls::word<TI, L>> in_t;
  typedef hls::stream<qhls::word<TO, L>> out_t;
  check_unit<TI, L, TO, L>(
      name, frames, taps, expected, cycles, qhls::latency::contraction,
      [&](in_t &in, out_t &out) { qhls::depthwise<D>(in, out, rom, e.epilogue); });
  check_unit<TI, L, TO, L>(
      std::string(name) + " sum", frames, taps, sum, cycles, qhls::latency::pointwise,
      [&](in_t &in, out_t &out) { qhls::reduce_sum<pixels, C / L, K>(in, out, pool.epilogue); });
  check_unit<TI, L, TI, L>(
      std::string(name) + " maximum", frames, max_taps, most, cycles, qhls::latency::maximum,
      [&](in_t &in, in_t &out) { qhls::reduce_max<pixels *(C / L), K>(in, out); });
  check_behind_window<W, D, TI, TO>(name, frames, input, expected, zero, rom, e.epilogue);
}

#endif // QUANTC_TEST_HLS_CHECK_WINDOWS_H
