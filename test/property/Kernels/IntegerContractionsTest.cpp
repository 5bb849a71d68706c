//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// conv_u8s8 and dwconv_u8s8 against naive loops over the unpacked tensors: random
// shapes, strides, dilations, groups, splits, multipliers and boundary values, all
// levels, all epilogues that a proof allows; every byte of the output buffer is
// compared, so writing outside the output is found too.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

/// A convolution over a padded NHWC buffer, not packed in any way.
struct Problem {
  int64_t batch, outH, outW, kernelH, kernelW, strideH, strideW, dilH, dilW;
  int64_t groups, groupC, groupN;
  int64_t inPixelStride, inRowStride, inBatchStride;
  int64_t outPixelStride, outRowStride, outBatchStride;
  std::vector<uint8_t> in;
  std::vector<int8_t> weights; ///< OIHW
  std::vector<int32_t> bias;

  int64_t outChannels() const { return groups * groupN; }
  ConvShape shape() const {
    ConvShape s;
    s.kernelH = kernelH, s.kernelW = kernelW, s.strideH = strideH, s.strideW = strideW;
    s.dilH = dilH, s.dilW = dilW, s.groups = groups, s.groupC = groupC, s.groupN = groupN;
    s.inRowStride = inRowStride, s.inPixelStride = inPixelStride;
    return s;
  }
  size_t outElements() const { return static_cast<size_t>(batch * outBatchStride); }

  int64_t accumulate(int64_t b, int64_t y, int64_t x, int64_t n) const {
    int64_t acc = bias[static_cast<size_t>(n)];
    for (int64_t ky = 0; ky < kernelH; ++ky)
      for (int64_t kx = 0; kx < kernelW; ++kx)
        for (int64_t c = 0; c < groupC; ++c) {
          int64_t at = b * inBatchStride + (y * strideH + ky * dilH) * inRowStride +
                       (x * strideW + kx * dilW) * inPixelStride + n / groupN * groupC + c;
          int64_t w = ((n * groupC + c) * kernelH + ky) * kernelW + kx;
          acc += int64_t(in[static_cast<size_t>(at)]) * weights[static_cast<size_t>(w)];
        }
    return acc;
  }
  /// Accumulators in output order [batch][y][x][n].
  std::vector<int64_t> accumulators() const {
    std::vector<int64_t> acc;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t y = 0; y < outH; ++y)
        for (int64_t x = 0; x < outW; ++x)
          for (int64_t n = 0; n < outChannels(); ++n)
            acc.push_back(accumulate(b, y, x, n));
    return acc;
  }
  /// The output buffer that the kernel must leave, starting from `background`.
  template <typename T>
  std::vector<T> expected(const std::vector<int64_t> &acc, const Requantization &r,
                          Epilogue epilogue, T background) const {
    std::vector<T> out(outElements(), background);
    size_t i = 0;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t y = 0; y < outH; ++y)
        for (int64_t x = 0; x < outW; ++x)
          for (int64_t n = 0; n < outChannels(); ++n, ++i)
            out[static_cast<size_t>(b * outBatchStride + y * outRowStride + x * outPixelStride +
                                    n)] =
                static_cast<T>(r.apply(epilogue, acc[i], static_cast<size_t>(n)));
    return out;
  }
};

Problem randomProblem(Data &data, bool depthwise) {
  Problem p;
  p.batch = data.in(1, 2);
  p.outH = data.in(1, 4);
  p.outW = data.in(0, 2) ? data.in(1, 9) : data.in(1, 40);
  bool common = data.in(0, 1);
  p.kernelH = common ? 3 : data.in(1, 6), p.kernelW = common ? 3 : data.in(1, 5);
  p.strideH = data.in(1, 2), p.strideW = data.in(1, 3);
  p.dilH = common ? 1 : data.in(1, 2), p.dilW = common ? 1 : data.in(1, 2);
  if (depthwise) {
    p.groups = data.in(0, 1) ? data.in(1, 150) : 16 * data.in(1, 9);
    p.groupC = p.groupN = 1;
  } else {
    if (data.in(0, 2) == 0)
      p.kernelH = p.kernelW = 1;
    p.groups = data.in(0, 2) ? 1 : data.in(2, 3);
    p.groupC = data.in(0, 1) ? data.in(1, 6) : data.in(1, 70);
    p.groupN = data.in(0, 1) ? data.in(1, 40) : 16 * data.in(1, 6);
  }
  int64_t channels = p.groups * p.groupC;
  p.inPixelStride = channels + (data.in(0, 3) ? 0 : data.in(0, 9));
  int64_t width = (p.outW - 1) * p.strideW + (p.kernelW - 1) * p.dilW + 1;
  int64_t height = (p.outH - 1) * p.strideH + (p.kernelH - 1) * p.dilH + 1;
  p.inRowStride = width * p.inPixelStride + data.in(0, 1) * data.in(0, 20);
  p.inBatchStride = height * p.inRowStride;
  p.outPixelStride = p.outChannels() + data.in(0, 1) * data.in(0, 9);
  p.outRowStride = p.outW * p.outPixelStride + data.in(0, 1) * data.in(0, 9);
  p.outBatchStride = p.outH * p.outRowStride;
  // The last pixel of the last row ends the buffer.
  int64_t used = p.batch * p.inBatchStride - (p.inRowStride - width * p.inPixelStride) -
                 (p.inPixelStride - channels);
  p.in = data.bytes<uint8_t>(static_cast<size_t>(used));
  p.weights =
      data.bytes<int8_t>(static_cast<size_t>(p.outChannels() * p.groupC * p.kernelH * p.kernelW));
  int64_t room = INT32_MAX - 255 * 128 * p.groupC * p.kernelH * p.kernelW;
  int64_t limit = data.in(0, 3) ? 100000 : room;
  for (int64_t n = 0; n < p.outChannels(); ++n)
    p.bias.push_back(static_cast<int32_t>(data.in(-limit, limit)));
  return p;
}

/// Arguments of one call that depend on the epilogue and the partition.
using Invoke = std::function<void(void *out, const void *mult, const int32_t *shift,
                                  Epilogue epilogue, numerics::IntRange clamp)>;

/// Runs `invoke` for every allowed epilogue of a level and compares the output buffers.
void check(const Problem &p, const std::vector<int64_t> &acc, const Requantization &r,
           const LevelInfo &level, const std::vector<int64_t> &order, const Invoke &invoke) {
  numerics::IntRange range{*std::min_element(acc.begin(), acc.end()),
                           *std::max_element(acc.begin(), acc.end())};
  for (Epilogue epilogue : allEpilogues) {
    numerics::IntRange clamp;
    if (!r.allows(epilogue, level, range, &clamp))
      continue;
    if (level.level == Level::V3)
      RC_TAG("epilogue " + std::to_string(int(epilogue)));
    GuardedArray<char> mult(r.multiplierArray(epilogue, order), Guarded::Constant);
    GuardedArray<int32_t> shift(r.shiftArray(order), Guarded::Constant);
    std::string what = std::string(level.name) + ", epilogue " + std::to_string(int(epilogue));
    if (epilogue == Epilogue::Raw) {
      GuardedArray<int32_t> out(std::vector<int32_t>(p.outElements(), -77), Guarded::Constant);
      invoke(out.get(), mult.get(), shift.get(), epilogue, clamp);
      expectEqual(p.expected<int32_t>(acc, r, epilogue, -77), out.values(), what.c_str());
    } else {
      GuardedArray<uint8_t> out(std::vector<uint8_t>(p.outElements(), 77), Guarded::Constant);
      invoke(out.get(), mult.get(), shift.get(), epilogue, clamp);
      expectEqual(p.expected<uint8_t>(acc, r, epilogue, 77), out.values(), what.c_str());
    }
  }
}

double magnitudeOf(const Problem &p) {
  double depth = double(p.groupC * p.kernelH * p.kernelW);
  return 1000 + std::sqrt(depth) * 147 * 74;
}

void checkConvolution(uint32_t seed) {
  Data data(seed);
  Problem p = randomProblem(data, /*depthwise=*/false);
  Requantization r =
      Requantization::random(data, static_cast<size_t>(p.outChannels()), magnitudeOf(p));
  std::vector<int64_t> acc = p.accumulators();
  const ConvShape shape = p.shape();
  const ConvPlan plan = planConv(shape);
  std::vector<int8_t> packed(packedConvU8S8Size(shape));
  packConvU8S8(shape, p.weights.data(), packed.data());
  const std::vector<int64_t> order =
      naturalOrder(p.outChannels(), convChannels(p.groups, p.groupN));
  std::vector<int32_t> bias = p.bias;
  bias.resize(order.size(), 12345);
  GuardedArray<uint8_t> in(p.in, Guarded::Activation);
  GuardedArray<int8_t> weights(packed, Guarded::Constant);
  GuardedArray<int32_t> biases(bias, Guarded::Constant);
  auto rows = randomSplit(data, p.batch * p.outH);
  auto panels = randomSplit(data, p.groups * convPanelsPerGroup(p.groupN));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    check(p, acc, r, level, order,
          [&](void *out, const void *mult, const int32_t *shift, Epilogue epilogue,
              numerics::IntRange clamp) {
            for (auto [rowBegin, rowEnd] : rows)
              for (auto [panelBegin, panelEnd] : panels)
                table.conv_u8s8(out, in.get(), weights.get(), biases.get(), mult, shift, rowBegin,
                                rowEnd, panelBegin, panelEnd, p.outH, p.outW, p.inBatchStride,
                                plan.inRowStep, plan.inPixelStep, plan.segH, plan.segW, plan.segLen,
                                plan.segStrideH, plan.segStrideW, p.groups, p.groupN,
                                plan.inGroupStride, p.outBatchStride, p.outRowStride,
                                p.outPixelStride, int64_t(epilogue), r.zp, r.lo, r.hi, clamp.lo,
                                clamp.hi);
          });
  });
}

void checkDepthwise(uint32_t seed) {
  Data data(seed);
  Problem p = randomProblem(data, /*depthwise=*/true);
  Requantization r = Requantization::random(data, static_cast<size_t>(p.groups), magnitudeOf(p));
  std::vector<int64_t> acc = p.accumulators();
  GuardedArray<uint8_t> in(p.in, Guarded::Activation);
  auto rows = randomSplit(data, p.batch * p.outH);
  auto blocks = randomSplit(data, (p.groups + 63) / 64);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    const int64_t lanes = level.depthwiseLanes;
    std::vector<int8_t> packed(packedDepthwiseU8S8Size(lanes, p.groups, p.kernelH, p.kernelW));
    packDepthwiseU8S8(lanes, p.groups, p.kernelH, p.kernelW, p.weights.data(), packed.data());
    std::vector<int64_t> order;
    for (int64_t i = 0; i < depthwiseChannels(lanes, p.groups); ++i)
      order.push_back(depthwiseChannelAt(lanes, p.groups, i));
    std::vector<int32_t> bias(order.size());
    permuteDepthwise(lanes, p.groups, p.bias.data(), bias.data());
    GuardedArray<int8_t> weights(packed, Guarded::Constant);
    GuardedArray<int32_t> biases(bias, Guarded::Constant);
    check(p, acc, r, level, order,
          [&](void *out, const void *mult, const int32_t *shift, Epilogue epilogue,
              numerics::IntRange clamp) {
            for (auto [rowBegin, rowEnd] : rows)
              for (auto [blockBegin, blockEnd] : blocks)
                table.dwconv_u8s8(out, in.get(), weights.get(), biases.get(), mult, shift, rowBegin,
                                  rowEnd, blockBegin, blockEnd, p.outH, p.outW, p.groups,
                                  p.inBatchStride, p.inRowStride, p.inPixelStride, p.kernelH,
                                  p.kernelW, p.strideH, p.strideW, p.dilH, p.dilW, p.outBatchStride,
                                  p.outRowStride, p.outPixelStride, int64_t(epilogue), r.zp, r.lo,
                                  r.hi, clamp.lo, clamp.hi);
          });
  });
}

} // namespace

RC_GTEST_PROP(ConvU8S8, EqualsNaiveLoop, (uint32_t seed)) { checkConvolution(seed); }
RC_GTEST_PROP(DepthwiseU8S8, EqualsNaiveLoop, (uint32_t seed)) { checkDepthwise(seed); }

/// A border that holds the zero point, and a bias that holds -zp * sum(w), make the
/// valid convolution of the buffer the padded convolution of the image.
RC_GTEST_PROP(ConvU8S8, BorderOfZeroPointsIsPadding, (uint32_t seed)) {
  Data data(seed);
  const int64_t h = data.in(1, 6), w = data.in(1, 6), c = data.in(1, 5), n = data.in(1, 20);
  const int64_t pad = data.in(0, 2), zp = data.in(0, 255), side = 3;
  RC_PRE(h + 2 * pad >= side && w + 2 * pad >= side);
  std::vector<uint8_t> image = data.bytes<uint8_t>(static_cast<size_t>(h * w * c));
  std::vector<int8_t> weights = data.bytes<int8_t>(static_cast<size_t>(n * c * side * side));
  ConvShape shape;
  shape.kernelH = shape.kernelW = side;
  shape.groupC = shape.inPixelStride = c;
  shape.groupN = n;
  shape.inRowStride = (w + 2 * pad) * c;
  const ConvPlan plan = planConv(shape);
  const int64_t outH = h + 2 * pad - 2, outW = w + 2 * pad - 2;
  std::vector<int32_t> expected, bias(static_cast<size_t>(convChannels(1, n)), 0);
  auto weightAt = [&](int64_t o, int64_t i, int64_t ky, int64_t kx) -> int64_t {
    return weights[static_cast<size_t>(((o * c + i) * side + ky) * side + kx)];
  };
  for (int64_t o = 0; o < n; ++o)
    for (int64_t i = 0; i < c * side * side; ++i)
      bias[static_cast<size_t>(o)] -=
          static_cast<int32_t>(zp * weights[static_cast<size_t>(o * c * side * side + i)]);
  for (int64_t y = 0; y < outH; ++y)
    for (int64_t x = 0; x < outW; ++x)
      for (int64_t o = 0; o < n; ++o) {
        int64_t acc = 0;
        for (int64_t ky = 0; ky < side; ++ky)
          for (int64_t kx = 0; kx < side; ++kx) {
            int64_t iy = y + ky - pad, ix = x + kx - pad;
            if (iy >= 0 && iy < h && ix >= 0 && ix < w)
              for (int64_t i = 0; i < c; ++i)
                acc += (image[static_cast<size_t>((iy * w + ix) * c + i)] - zp) *
                       weightAt(o, i, ky, kx);
          }
        expected.push_back(static_cast<int32_t>(acc));
      }
  std::vector<int8_t> packed(packedConvU8S8Size(shape));
  packConvU8S8(shape, weights.data(), packed.data());
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> in(
        std::vector<uint8_t>(static_cast<size_t>((h + 2 * pad) * (w + 2 * pad) * c), 99),
        Guarded::Activation);
    table.fill_border(in.get(), 1, 0, h, w, plan.segStrideH, c, pad, pad, pad, pad, zp);
    for (int64_t y = 0; y < h; ++y)
      std::memcpy(in.get() + (y + pad) * plan.segStrideH + pad * c, image.data() + y * w * c,
                  static_cast<size_t>(w * c));
    GuardedArray<int32_t> out(std::vector<int32_t>(expected.size(), 0), Guarded::Constant);
    table.conv_u8s8(out.get(), in.get(), packed.data(), bias.data(), nullptr, nullptr, 0, outH, 0,
                    convPanelsPerGroup(n), outH, outW, 0, plan.inRowStep, plan.inPixelStep,
                    plan.segH, plan.segW, plan.segLen, plan.segStrideH, plan.segStrideW, 1, n, 0, 0,
                    outW * n, n, int64_t(Epilogue::Raw), 0, 0, 255, INT32_MIN, INT32_MAX);
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(MatmulU8, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const int64_t batch = data.in(1, 3), m = data.in(1, 20), k = data.in(1, 40);
  const int64_t n = data.in(0, 1) ? data.in(1, 100) : 32 * data.in(1, 3);
  const int64_t lda = k + data.in(0, 3), ldb = n + data.in(0, 3), ldc = n + data.in(0, 3);
  const int64_t aBatch = data.in(0, 3) ? m * lda : 0, bBatch = data.in(0, 3) ? k * ldb : 0;
  const int64_t zpA = data.in(0, 255), zpB = data.in(0, 255);
  std::vector<uint8_t> a = data.bytes<uint8_t>(size_t(batch * m * lda));
  std::vector<uint8_t> b = data.bytes<uint8_t>(size_t(batch * k * ldb));
  std::vector<int32_t> expected(size_t(batch * m * ldc), 7);
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t y = 0; y < m; ++y)
      for (int64_t x = 0; x < n; ++x) {
        int64_t sum = 0;
        for (int64_t j = 0; j < k; ++j)
          sum += (a[size_t(i * aBatch + y * lda + j)] - zpA) *
                 (b[size_t(i * bBatch + j * ldb + x)] - zpB);
        expected[size_t((i * m + y) * ldc + x)] = int32_t(sum);
      }
  const auto rows = randomSplit(data, batch * m);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    // Neither operand is read beyond its elements.
    GuardedArray<uint8_t> ga(a, Guarded::Constant), gb(b, Guarded::Constant);
    GuardedArray<int32_t> out(std::vector<int32_t>(expected.size(), 7), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      table.matmul_u8(out.get(), ga.get(), gb.get(), rowBegin, rowEnd, m, n, k, lda, ldb, ldc,
                      aBatch, bBatch, m * ldc, zpA, zpB);
    expectEqual(expected, out.values(), level.name);
  });
}
