//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small network put together by hand, as an emitter would write it: convolution, fork,
// convolution and average-pooled sum with the direct branch, maximum pool, linear layer. The
// reference is the network's definition (zero points subtracted, padding adds nothing) over
// lib/Numerics.
//
// Compiled as it is, everything agrees. Mutations, one at a time, must be found:
//   FLIP_WEIGHT    one bit of one weight of the second convolution
//   FLIP_ROUNDING  the second convolution rounds down
//   FLIP_DEPTH     the residual branch gets a stream of depth 1
//   FLIP_PADDING   the border of the second convolution holds 0 instead of the zero point
//
//===----------------------------------------------------------------------===//

#include "support.h"

#include <algorithm>

namespace {

enum { H = 12, W = 10, C = 4, O = 10, PH = H / 2, PW = W / 2, images = 40 };
typedef ap_uint<8> in_code;
typedef ap_uint<4> mid_code;
typedef ap_int<6> sum_code;
typedef ap_int<8> out_code;
const int in_zero = 7, mid_zero = 3, conv2_zero = -2, sum_zero = -5, out_zero = 11;

struct conv1_window : qhls::unit_defaults {
  static const int height = H, width = W, channels = 1, lanes = 1, kernel_h = 3, kernel_w = 3,
                   stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, pad_top = 1,
                   pad_left = 1, out_height = H, out_width = W, groups = 1;
};
struct conv1_mvau : qhls::unit_defaults {
  static const int pixels = H * W, groups = 1, inputs = 9, outputs = C, simd = 3, pe = 2,
                   acc_bits = 20;
};
struct conv2_window : conv1_window {
  static const int channels = C, lanes = 2;
};
struct conv2_mvau : qhls::unit_defaults {
  static const int pixels = H * W, groups = 1, inputs = 9 * C, outputs = C, simd = 2, pe = 2,
                   acc_bits = 18;
};
struct pool_window : qhls::unit_defaults {
  static const int height = H, width = W, channels = C, lanes = 2, kernel_h = 2, kernel_w = 2,
                   stride_h = 2, stride_w = 2, dilation_h = 1, dilation_w = 1, pad_top = 0,
                   pad_left = 0, out_height = PH, out_width = PW, groups = 2;
};
struct linear_mvau : qhls::unit_defaults {
  static const int pixels = 1, groups = 1, inputs = PH * PW * C, outputs = O, simd = 2, pe = 5,
                   acc_bits = 22;
};

#ifdef FLIP_ROUNDING
const qhls::rounding conv2_rounding = qhls::rounding::floor;
#else
const qhls::rounding conv2_rounding = qhls::rounding::half_up;
#endif
#ifdef FLIP_PADDING
const int conv2_padding = 0;
#else
const int conv2_padding = mid_zero;
#endif
#ifdef FLIP_DEPTH
const int direct_depth = 1;
#else
const int direct_depth =
    2 * (2 * W + 12); // the rows that the window of the other branch holds back
#endif

// What a weights folder would hold.
struct parameters {
  qhls::rom_int<8> conv1[qhls::mvau_shape<conv1_mvau>::rows][2][3];
  qhls::rom_int<4> conv2[qhls::mvau_shape<conv2_mvau>::rows][2][2];
  qhls::rom_int<5> linear[qhls::mvau_shape<linear_mvau>::rows][5][2];
  qhls::requantize<20, mid_code, C / 2, 2> conv1_epilogue;
  qhls::requantize<18, sum_code, C / 2, 2, conv2_rounding> conv2_epilogue;
  qhls::requantize<22, out_code, O / 5, 5> linear_epilogue;
  qhls::add_parameters sum;
};
// The same as the definition has it: w[output][tap][channel], bias without zero points.
struct definition {
  codes conv1, conv2, linear, bias1, bias2, bias3;
};

template <class E>
void scale_epilogue(random_source &r, E &e, int channels, int lanes, int low, int high, int zero) {
  for (int c = 0; c < channels; ++c) {
    e.multiplier[c / lanes][c % lanes] = static_cast<qhls::rom_uint<24>>(random_multiplier(r));
    e.shift[c / lanes][c % lanes] = static_cast<qhls::rom_uint<6>>(r.in(low, high));
  }
  typedef typename E::out_type code;
  e.zero_point = zero;
  e.lo = static_cast<int>(qhls::least<code>());
  e.hi = e.lo + (1 << qhls::code_of<code>::width) - 1;
}

/// Weights [outputs][inputs] into a ROM, and the bias with the zero point's share into an epilogue.
template <class M, class ROM, class E>
void place(random_source &r, int bits, int zero, codes &weight, codes &bias, ROM &rom,
           E &epilogue) {
  const int K = M::inputs, SF = K / M::simd;
  weight.resize(static_cast<size_t>(M::outputs * K));
  bias.resize(static_cast<size_t>(M::outputs));
  for (int o = 0; o < M::outputs; ++o) {
    long long sum = 0;
    for (int k = 0; k < K; ++k) {
      long long w = weight[static_cast<size_t>(o * K + k)] =
          r.in(-(1 << (bits - 1)) + 1, (1 << (bits - 1)) - 1);
      sum += w;
      typedef typename std::remove_reference<decltype(rom[0][0][0])>::type element;
      rom[o / M::pe * SF + k / M::simd][o % M::pe][k % M::simd] = static_cast<element>(w);
    }
    long long b = bias[static_cast<size_t>(o)] = r.in(-300, 300);
    typedef typename std::remove_reference<decltype(epilogue.bias[0][0])>::type element;
    epilogue.bias[o / M::pe][o % M::pe] =
        static_cast<element>(wrapped(b - zero * sum, M::acc_bits));
  }
}

void make(parameters &p, definition &d) {
  random_source r(2024);
  place<conv1_mvau>(r, 8, in_zero, d.conv1, d.bias1, p.conv1, p.conv1_epilogue);
  place<conv2_mvau>(r, 4, mid_zero, d.conv2, d.bias2, p.conv2, p.conv2_epilogue);
  place<linear_mvau>(r, 5, sum_zero, d.linear, d.bias3, p.linear, p.linear_epilogue);
  scale_epilogue(r, p.conv1_epilogue, C, 2, 35, 36, mid_zero);
  scale_epilogue(r, p.conv2_epilogue, C, 2, 26, 27, conv2_zero);
  scale_epilogue(r, p.linear_epilogue, O, 5, 27, 28, out_zero);
  p.sum = {1 << 19, 3 << 18, 20, mid_zero, conv2_zero, sum_zero, -32, 31};
#ifdef FLIP_WEIGHT
  p.conv2[17][1][0] = static_cast<qhls::rom_int<4>>(p.conv2[17][1][0] ^ 1);
#endif
}

// The network as units.
void network(const parameters &p, hls::stream<qhls::word<in_code, 1>> &in,
             hls::stream<qhls::word<out_code, 5>> &out) {
  typedef qhls::word<in_code, 1> pixel_t;
  typedef qhls::word<in_code, 9> patch_t;
  typedef qhls::word<in_code, 3> patch3_t;
  typedef qhls::word<mid_code, 2> mid_t;
  typedef qhls::word<sum_code, 2> sum_t;
  QHLS_DATAFLOW()
  QHLS_STREAM(patch_t, patches, 2)
  QHLS_STREAM(patch3_t, thirds, 2)
  QHLS_STREAM(mid_t, mid, 2)
  QHLS_STREAM(mid_t, direct, direct_depth)
  QHLS_STREAM(
      mid_t, branch,
      qhls::window_shape<conv2_window>::fill_cycles) // work for the next frame, ahead of time
  QHLS_STREAM(mid_t, taps, 2)
  QHLS_STREAM(sum_t, conv, 2)
  QHLS_STREAM(sum_t, sum, 2)
  QHLS_STREAM(sum_t, pool_taps, 2)
  QHLS_STREAM(sum_t, pooled, 2)
  (void)sizeof(pixel_t);
  QHLS_PROCESS("conv1.window", qhls::window_parallel<conv1_window>(in, patches, in_code(in_zero));)
  QHLS_PROCESS("conv1.width", qhls::width_converter<H * W>(patches, thirds);)
  QHLS_PROCESS("conv1", qhls::mvau<conv1_mvau>(thirds, mid, p.conv1, p.conv1_epilogue);)
  QHLS_PROCESS("fork", qhls::duplicate<H * W * C / 2>(mid, direct, branch);)
  QHLS_PROCESS("conv2.window", qhls::window<conv2_window>(branch, taps, mid_code(conv2_padding));)
  QHLS_PROCESS("conv2", qhls::mvau<conv2_mvau>(taps, conv, p.conv2, p.conv2_epilogue);)
  QHLS_PROCESS("sum", qhls::add<H * W * C / 2>(direct, conv, sum, p.sum);)
  QHLS_PROCESS("pool.window",
               qhls::window<pool_window>(sum, pool_taps, sum_code(qhls::least<sum_code>()));)
  QHLS_PROCESS("pool", qhls::reduce_max<PH * PW * C / 2, 4>(pool_taps, pooled);)
  QHLS_PROCESS("linear", qhls::mvau<linear_mvau>(pooled, out, p.linear, p.linear_epilogue);)
  QHLS_DATAFLOW_END()
}

// The network by definition.
codes convolve(const codes &x, int channels, const codes &w, const codes &bias, int zero) {
  codes acc;
  for (int y0 = 0; y0 < H; ++y0)
    for (int x0 = 0; x0 < W; ++x0)
      for (int o = 0; o < C; ++o) {
        long long sum = bias[static_cast<size_t>(o)];
        for (int k = 0; k < 9; ++k)
          for (int c = 0; c < channels; ++c) {
            int y = y0 + k / 3 - 1, z = x0 + k % 3 - 1;
            if (y >= 0 && y < H && z >= 0 && z < W)
              sum += w[static_cast<size_t>((o * 9 + k) * channels + c)] *
                     (x[static_cast<size_t>((y * W + z) * channels + c)] - zero);
          }
        acc.push_back(sum);
      }
  return acc;
}
template <class E> codes rescale(const codes &acc, const E &e, int lanes) {
  codes y;
  const int channels = int(E::folds) * int(E::lanes);
  for (size_t i = 0; i < acc.size(); ++i) {
    size_t c = i % static_cast<size_t>(channels), f = c / static_cast<size_t>(lanes),
           l = c % static_cast<size_t>(lanes);
    y.push_back(oracle_requantize(acc[i], static_cast<int>(e.multiplier[f][l]),
                                  static_cast<int>(e.shift[f][l]), 0, e.zero_point, e.lo, e.hi));
  }
  return y;
}
codes reference(const parameters &p, const definition &d, const codes &image) {
  codes mid = rescale(convolve(image, 1, d.conv1, d.bias1, in_zero), p.conv1_epilogue, 2);
  codes conv = rescale(convolve(mid, C, d.conv2, d.bias2, mid_zero), p.conv2_epilogue, 2);
  codes sum, logits;
  for (size_t i = 0; i < mid.size(); ++i)
    sum.push_back(oracle_add(static_cast<int>(mid[i]) - mid_zero,
                             static_cast<int>(conv[i]) - conv2_zero, 1 << 19, 3 << 18, 20, sum_zero,
                             -32, 31));
  for (int o = 0; o < O; ++o) {
    long long acc = d.bias3[static_cast<size_t>(o)];
    for (int i = 0; i < PH * PW * C; ++i) {
      int y = i / C / PW * 2, x = i / C % PW * 2;
      auto at = [&](int dy, int dx) {
        return sum[static_cast<size_t>(((y + dy) * W + x + dx) * C + i % C)];
      };
      long long most = std::max(std::max(at(0, 0), at(0, 1)), std::max(at(1, 0), at(1, 1)));
      acc += d.linear[static_cast<size_t>(o * PH * PW * C + i)] * (most - sum_zero);
    }
    logits.push_back(acc);
  }
  return rescale(logits, p.linear_epilogue, 5);
}

} // namespace

int main() {
  static parameters p;
  definition d;
  make(p, d);
  random_source r(7);
  codes input, expected;
  for (int image = 0; image < images; ++image) {
    codes pixels = r.some<in_code>(H * W), y = reference(p, d, pixels);
    input.insert(input.end(), pixels.begin(), pixels.end());
    expected.insert(expected.end(), y.begin(), y.end());
  }
  for (qhls::sim::mode_t mode : {qhls::sim::sequential, qhls::sim::dataflow}) {
    hls::stream<qhls::word<in_code, 1>> in("in");
    hls::stream<qhls::word<out_code, 5>> out("out");
    send(in, input);
    qhls::sim::settings() = qhls::sim::options();
    qhls::sim::settings().mode = mode;
    qhls::sim::settings().frames = images;
    network(p, in, out);
    const qhls::sim::run_result &run = qhls::sim::last_run();
    qhls::sim::print_deadlock(stdout);
    expect(!run.deadlock, "deadlock");
    codes found = receive(out);
    expect_codes(found, expected, mode == qhls::sim::dataflow ? "dataflow" : "sequential");
    for (const qhls::sim::stream_result &s : run.streams)
      expect(s.name == "out" || s.left == 0, "beats left in " + s.name);
    if (mode == qhls::sim::dataflow && !run.deadlock) {
      // The slowest unit is conv2: it takes cycles of its own, and its window's first two rows and
      // drain a frame.
      long long model = qhls::mvau_shape<conv2_mvau>::cycles, interval = run.interval();
      std::printf("interval %lld, conv2 alone %lld\n", interval, model);
      expect(interval >= model &&
                 interval <= model + qhls::window_shape<conv2_window>::fill_cycles + 20,
             "interval");
      expect(run.stream("direct")->peak <= direct_depth, "peak within depth");
    }
  }
  // Saturated or constant outputs would hide mistakes.
  std::sort(expected.begin(), expected.end());
  expect(std::unique(expected.begin(), expected.end()) - expected.begin() > 60,
         "outputs are varied");
  std::printf("%d checks, %d failures\n", checks(), failures());
  return failures() != 0;
}
