//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 convolution, depthwise convolution and matmul: bit for bit the sum that
// Numerics defines (one FMA per k in order from +0, then the bias) on levels with FMA,
// and with separate roundings on the others; the definition itself is held against
// fp64 with the classical error bound.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include "quantc/Numerics/Float.h"

#include <algorithm>
#include <cmath>

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

/// One dot product in all the ways that levels compute it.
class Dot {
public:
  void add(float a, float b) {
    fused = numerics::fmaF32(a, b, fused);
    float product = a * b;
    separate = separate + product;
    exact += double(a) * b;
    magnitude += std::fabs(double(a) * b);
    ++count;
  }
  float sum(const LevelInfo &level) const { return level.hasFma ? fused : separate; }
  float finish(const LevelInfo &level, float bias, bool clamp, float lo, float hi) const {
    float v = (level.hasFma ? fused : separate) + bias;
    // |error| <= gamma_k * sum |a b|, and one more rounding for the bias.
    const double unit = std::ldexp(1.0, -24);
    const double bound = 2 * (count + 2) * unit * (magnitude + std::fabs(bias)) + 1e-37;
    RC_ASSERT(std::fabs(double(v) - (exact + bias)) <= bound);
    return clamp ? numerics::clipF32(v, lo, hi) : v;
  }

private:
  float fused = 0, separate = 0;
  double exact = 0, magnitude = 0;
  int count = 0;
};

struct Clamp {
  bool on;
  float lo, hi;
  explicit Clamp(Data &data)
      : on(data.in(0, 1)), lo(data.in(0, 1) ? 0.0f : static_cast<float>(data.real(-3, 0))),
        hi(data.in(0, 1) ? INFINITY : static_cast<float>(data.real(0, 6))) {}
};

struct Window {
  int64_t batch, outH, outW, kernelH, kernelW, strideH, strideW, dilH, dilW;
  explicit Window(Data &data) {
    batch = data.in(1, 2), outH = data.in(1, 3);
    outW = data.in(0, 2) ? data.in(1, 9) : data.in(1, 40);
    kernelH = data.in(1, 4), kernelW = data.in(1, 4);
    strideH = data.in(1, 2), strideW = data.in(1, 3);
    dilH = data.in(1, 2), dilW = data.in(0, 2) ? 1 : 2;
  }
  int64_t width() const { return (outW - 1) * strideW + (kernelW - 1) * dilW + 1; }
  int64_t height() const { return (outH - 1) * strideH + (kernelH - 1) * dilH + 1; }
};

void checkConvolution(uint32_t seed) {
  Data data(seed);
  const Window w(data);
  const int64_t groups = data.in(0, 2) ? 1 : data.in(2, 3);
  const int64_t groupC = data.in(0, 1) ? data.in(1, 6) : data.in(1, 50);
  const int64_t groupN = data.in(0, 1) ? data.in(1, 40) : 16 * data.in(1, 5);
  const Clamp clamp(data);
  ConvShape shape;
  shape.kernelH = w.kernelH, shape.kernelW = w.kernelW;
  shape.strideH = w.strideH, shape.strideW = w.strideW, shape.dilH = w.dilH, shape.dilW = w.dilW;
  shape.groups = groups, shape.groupC = groupC, shape.groupN = groupN;
  shape.inPixelStride = groups * groupC + (data.in(0, 3) ? 0 : data.in(0, 5));
  shape.inRowStride = w.width() * shape.inPixelStride;
  const ConvPlan plan = planConv(shape);
  const int64_t inBatch = w.height() * shape.inRowStride, channels = groups * groupN;
  const int64_t outPixel = channels + data.in(0, 3), outRow = w.outW * outPixel + data.in(0, 3);
  std::vector<float> in = data.floats(size_t(w.batch * inBatch));
  std::vector<float> weights = data.floats(size_t(channels * groupC * w.kernelH * w.kernelW));
  std::vector<float> bias = data.floats(size_t(convChannels(groups, groupN)));
  std::vector<Dot> dots;
  for (int64_t b = 0; b < w.batch; ++b)
    for (int64_t y = 0; y < w.outH; ++y)
      for (int64_t x = 0; x < w.outW; ++x)
        for (int64_t n = 0; n < channels; ++n) {
          Dot dot;
          for (int64_t ky = 0; ky < w.kernelH; ++ky)
            for (int64_t kx = 0; kx < w.kernelW; ++kx)
              for (int64_t c = 0; c < groupC; ++c)
                dot.add(in[size_t(b * inBatch + (y * w.strideH + ky * w.dilH) * shape.inRowStride +
                                  (x * w.strideW + kx * w.dilW) * shape.inPixelStride +
                                  n / groupN * groupC + c)],
                        weights[size_t(((n * groupC + c) * w.kernelH + ky) * w.kernelW + kx)]);
          dots.push_back(dot);
        }
  std::vector<float> packed(packedConvF32Size(shape));
  packConvF32(shape, weights.data(), packed.data());
  const auto rows = randomSplit(data, w.batch * w.outH);
  const auto panels = randomSplit(data, groups * convPanelsPerGroup(groupN));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> expected(size_t(w.batch * w.outH * outRow), 7.0f);
    size_t i = 0;
    for (int64_t row = 0; row < w.batch * w.outH; ++row)
      for (int64_t x = 0; x < w.outW; ++x)
        for (int64_t n = 0; n < channels; ++n)
          expected[size_t(row * outRow + x * outPixel + n)] =
              dots[i++].finish(level, bias[size_t(n)], clamp.on, clamp.lo, clamp.hi);
    GuardedArray<float> gi(in, Guarded::Activation), gw(packed, Guarded::Constant);
    GuardedArray<float> gb(bias, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [panelBegin, panelEnd] : panels)
        table.conv_f32(out.get(), gi.get(), gw.get(), gb.get(), rowBegin, rowEnd, panelBegin,
                       panelEnd, w.outH, w.outW, inBatch, plan.inRowStep, plan.inPixelStep,
                       plan.segH, plan.segW, plan.segLen, plan.segStrideH, plan.segStrideW, groups,
                       groupN, plan.inGroupStride, w.outH * outRow, outRow, outPixel, clamp.on,
                       clamp.lo, clamp.hi);
    expectEqual(expected, out.values(), level.name);
  });
}

void checkDepthwise(uint32_t seed) {
  Data data(seed);
  const Window w(data);
  const int64_t channels = data.in(0, 1) ? data.in(1, 150) : 16 * data.in(1, 9);
  const Clamp clamp(data);
  const int64_t inPixel = channels + (data.in(0, 3) ? 0 : data.in(0, 5));
  const int64_t inRow = w.width() * inPixel, inBatch = w.height() * inRow;
  const int64_t outPixel = channels + data.in(0, 3), outRow = w.outW * outPixel + data.in(0, 3);
  std::vector<float> in = data.floats(size_t(w.batch * inBatch));
  std::vector<float> weights = data.floats(size_t(channels * w.kernelH * w.kernelW));
  std::vector<float> packed(weights.size());
  packDepthwiseF32(channels, w.kernelH, w.kernelW, weights.data(), packed.data());
  std::vector<float> bias = data.floats(size_t(channels));
  std::vector<Dot> dots;
  for (int64_t b = 0; b < w.batch; ++b)
    for (int64_t y = 0; y < w.outH; ++y)
      for (int64_t x = 0; x < w.outW; ++x)
        for (int64_t c = 0; c < channels; ++c) {
          Dot dot;
          for (int64_t ky = 0; ky < w.kernelH; ++ky)
            for (int64_t kx = 0; kx < w.kernelW; ++kx)
              dot.add(in[size_t(b * inBatch + (y * w.strideH + ky * w.dilH) * inRow +
                                (x * w.strideW + kx * w.dilW) * inPixel + c)],
                      weights[size_t((c * w.kernelH + ky) * w.kernelW + kx)]);
          dots.push_back(dot);
        }
  const auto rows = randomSplit(data, w.batch * w.outH);
  const auto blocks = randomSplit(data, (channels + 63) / 64);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> expected(size_t(w.batch * w.outH * outRow), 7.0f);
    size_t i = 0;
    for (int64_t row = 0; row < w.batch * w.outH; ++row)
      for (int64_t x = 0; x < w.outW; ++x)
        for (int64_t c = 0; c < channels; ++c)
          expected[size_t(row * outRow + x * outPixel + c)] =
              dots[i++].finish(level, bias[size_t(c)], clamp.on, clamp.lo, clamp.hi);
    GuardedArray<float> gi(in, Guarded::Activation), gw(packed, Guarded::Constant);
    GuardedArray<float> gb(bias, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [blockBegin, blockEnd] : blocks)
        table.dwconv_f32(out.get(), gi.get(), gw.get(), gb.get(), rowBegin, rowEnd, blockBegin,
                         blockEnd, w.outH, w.outW, channels, inBatch, inRow, inPixel, w.kernelH,
                         w.kernelW, w.strideH, w.strideW, w.dilH, w.dilW, w.outH * outRow, outRow,
                         outPixel, clamp.on, clamp.lo, clamp.hi);
    expectEqual(expected, out.values(), level.name);
  });
}

void checkMatmul(uint32_t seed) {
  Data data(seed);
  const int64_t batch = data.in(1, 3), m = data.in(1, 20), k = data.in(1, 40);
  const int64_t n = data.in(0, 1) ? data.in(1, 100) : 16 * data.in(1, 5);
  const int64_t lda = k + data.in(0, 3), ldb = n + data.in(0, 3), ldc = n + data.in(0, 3);
  const int64_t aBatch = data.in(0, 3) ? m * lda : 0, bBatch = data.in(0, 3) ? k * ldb : 0;
  std::vector<float> a = data.floats(size_t(batch * m * lda));
  std::vector<float> b = data.floats(size_t(batch * k * ldb));
  std::vector<Dot> dots;
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t y = 0; y < m; ++y)
      for (int64_t x = 0; x < n; ++x) {
        Dot dot;
        for (int64_t j = 0; j < k; ++j)
          dot.add(a[size_t(i * aBatch + y * lda + j)], b[size_t(i * bBatch + j * ldb + x)]);
        dots.push_back(dot);
      }
  const auto rows = randomSplit(data, batch * m), panels = randomSplit(data, (n + 31) / 32);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> expected(size_t(batch * m * ldc), 7.0f);
    size_t i = 0;
    for (int64_t row = 0; row < batch * m; ++row)
      for (int64_t x = 0; x < n; ++x)
        expected[size_t(row * ldc + x)] = dots[i++].finish(level, 0, false, 0, 0);
    GuardedArray<float> ga(a, Guarded::Activation), gb(b, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [panelBegin, panelEnd] : panels)
        table.matmul_f32(out.get(), ga.get(), gb.get(), rowBegin, rowEnd, panelBegin, panelEnd, m,
                         n, k, lda, ldb, ldc, aBatch, bBatch, m * ldc);
    expectEqual(expected, out.values(), level.name);
  });
}

void checkGemm(uint32_t seed) {
  Data data(seed);
  // Columns are taken 512, or for many k fewer, at a time.
  const bool wide = data.in(0, 3) == 0, deep = !wide && data.in(0, 3) == 0;
  const int64_t m = data.in(1, wide || deep ? 3 : 20),
                k = deep ? data.in(600, 900) : data.in(1, 40);
  const int64_t n = wide ? data.in(500, 1100) : deep ? data.in(100, 300) : data.in(1, 140);
  const bool transB = data.in(0, 1);
  const int64_t lda = k + data.in(0, 3), ldb = (transB ? k : n) + data.in(0, 3);
  const int64_t ldc = n + data.in(0, 3);
  // Arrays end with their last element.
  std::vector<float> a = data.floats(size_t((m - 1) * lda + k));
  std::vector<float> b = data.floats(size_t(transB ? (n - 1) * ldb + k : (k - 1) * ldb + n));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> expected(size_t((m - 1) * ldc + n), 7.0f);
    for (int64_t y = 0; y < m; ++y)
      for (int64_t x = 0; x < n; ++x) {
        Dot dot;
        for (int64_t j = 0; j < k; ++j)
          dot.add(a[size_t(y * lda + j)], b[size_t(transB ? x * ldb + j : j * ldb + x)]);
        expected[size_t(y * ldc + x)] = dot.sum(level);
      }
    GuardedArray<float> ga(a, Guarded::Constant), gb(b, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    const int64_t columns = std::clamp<int64_t>(131072 / k / 64 * 64, 64, 512);
    GuardedArray<float> scratch(std::vector<float>(size_t(k * columns)), Guarded::Constant);
    table.gemm_f32(out.get(), ga.get(), gb.get(), scratch.get(), m, n, k, lda, ldb, ldc, transB);
    expectEqual(expected, out.values(), level.name);
  });
}

struct PlainConvolution {
  enum Kind { Any, Pointwise, Depthwise };
  Window w;
  int64_t groups, inGroup, outGroup, height, width, padTop, padLeft;
  PlainConvolution(Data &data, Kind kind) : w(data) {
    groups = data.in(1, 3), inGroup = data.in(1, 4), outGroup = data.in(0, 2) ? data.in(1, 6) : 40;
    padTop = data.in(0, 2), padLeft = data.in(0, 2);
    int64_t padBottom = data.in(0, 2), padRight = data.in(0, 2);
    if (kind == Pointwise) {
      w.batch = data.in(1, 3), w.outH = data.in(1, 12), inGroup = data.in(1, 30);
      w.kernelH = w.kernelW = w.strideH = w.strideW = 1;
      padTop = padLeft = padBottom = padRight = 0;
    }
    if (kind == Depthwise) {
      groups = data.in(2, 4), inGroup = 1, outGroup = data.in(0, 1) ? 1 : data.in(1, 3);
      w.outH = data.in(1, 20);
      if (data.in(0, 3)) { // squares without dilation have code of their own
        w.kernelH = w.kernelW = data.in(0, 1) ? 3 : 5;
        w.dilH = w.dilW = 1;
      }
    }
    // Padding behind is what is left of the window's reach.
    height = std::max<int64_t>(1, w.height() - padTop - padBottom);
    width = std::max<int64_t>(1, w.width() - padLeft - padRight);
  }
  size_t scratch() const {
    int64_t elements = 64 * (inGroup * w.kernelH * w.kernelW + outGroup) + 6144;
    if (groups > 1) {
      const int64_t rows = (w.kernelH - 1) * w.dilH + 7 * w.strideH + 1;
      const int64_t pitch = (w.outW + (w.kernelW - 1) * w.dilW + 30) / 16 * 16;
      elements = std::max(elements, rows * w.strideW * pitch);
    }
    return size_t(elements);
  }
  Dot dot(const std::vector<float> &in, const std::vector<float> &weights, int64_t image,
          int64_t channel, int64_t y, int64_t x) const {
    Dot sum;
    const int64_t first = channel / outGroup * inGroup;
    for (int64_t c = 0; c < inGroup; ++c)
      for (int64_t ky = 0; ky < w.kernelH; ++ky)
        for (int64_t kx = 0; kx < w.kernelW; ++kx) {
          const int64_t row = y * w.strideH + ky * w.dilH - padTop;
          const int64_t column = x * w.strideW + kx * w.dilW - padLeft;
          const bool inside = row >= 0 && row < height && column >= 0 && column < width;
          const int64_t plane = image * groups * inGroup + first + c;
          sum.add(weights[size_t(((channel * inGroup + c) * w.kernelH + ky) * w.kernelW + kx)],
                  inside ? in[size_t((plane * height + row) * width + column)] : 0.0f);
        }
    return sum;
  }
};

void checkPlainConvolution(uint32_t seed, PlainConvolution::Kind kind) {
  Data data(seed);
  const PlainConvolution c(data, kind);
  const Window &w = c.w;
  const int64_t channels = c.groups * c.inGroup, outChannels = c.groups * c.outGroup;
  const int64_t k = c.inGroup * w.kernelH * w.kernelW, pixels = w.outH * w.outW;
  std::vector<float> in = data.floats(size_t(w.batch * channels * c.height * c.width));
  std::vector<float> weights = data.floats(size_t(outChannels * k));
  std::vector<float> scale = data.floats(size_t(outChannels));
  std::vector<float> shift = data.floats(size_t(outChannels));
  const bool scaled = data.in(0, 1), shifted = data.in(0, 1);
  const Clamp clamp(data);
  const float lo = clamp.on ? clamp.lo : -INFINITY, hi = clamp.on ? clamp.hi : INFINITY;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> expected;
    for (int64_t image = 0; image < w.batch; ++image)
      for (int64_t o = 0; o < outChannels; ++o)
        for (int64_t i = 0; i < pixels; ++i) {
          float v = c.dot(in, weights, image, o, i / w.outW, i % w.outW).sum(level);
          const float b = shifted ? shift[size_t(o)] : 0.0f, s = scale[size_t(o)];
          const float product = v * s;
          v = !scaled ? v + b : level.hasFma ? numerics::fmaF32(v, s, b) : product + b;
          expected.push_back(numerics::clipF32(v, lo, hi));
        }
    GuardedArray<float> gi(in, Guarded::Constant), gw(weights, Guarded::Constant);
    GuardedArray<float> gs(scale, Guarded::Constant), gb(shift, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    GuardedArray<float> scratch(std::vector<float>(c.scratch()), Guarded::Constant);
    table.conv_nchw_f32(out.get(), gi.get(), gw.get(), scaled ? gs.get() : nullptr,
                        shifted ? gb.get() : nullptr, scratch.get(), lo, hi, w.batch, channels,
                        c.height, c.width, outChannels, w.outH, w.outW, w.kernelH, w.kernelW,
                        w.strideH, w.strideW, w.dilH, w.dilW, c.padTop, c.padLeft, c.groups);
    expectEqual(expected, out.values(), level.name);
  });
}

} // namespace

RC_GTEST_PROP(ConvF32, EqualsDefinition, (uint32_t seed)) { checkConvolution(seed); }
RC_GTEST_PROP(DepthwiseF32, EqualsDefinition, (uint32_t seed)) { checkDepthwise(seed); }
RC_GTEST_PROP(MatmulF32, EqualsDefinition, (uint32_t seed)) { checkMatmul(seed); }
RC_GTEST_PROP(GemmF32, EqualsDefinition, (uint32_t seed)) { checkGemm(seed); }
RC_GTEST_PROP(ConvNchwF32, EqualsDefinition, (uint32_t seed)) {
  checkPlainConvolution(seed, PlainConvolution::Any);
}
RC_GTEST_PROP(ConvNchwF32, PointwiseEqualsDefinition, (uint32_t seed)) {
  checkPlainConvolution(seed, PlainConvolution::Pointwise);
}
RC_GTEST_PROP(ConvNchwF32, DepthwiseEqualsDefinition, (uint32_t seed)) {
  checkPlainConvolution(seed, PlainConvolution::Depthwise);
}
