//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 elementwise functions, pooling and reductions. Levels with FMA must give the
// bits of Numerics; levels without round more often, and are held to a bound where a
// definition contains an FMA (measured over 6e6 arguments: sigmoid and tanh 2 ulp, exp
// 1 ulp, hard sigmoid and hard swish 4.5e-8 near their knees, where they cancel).
// Everything else is exact on all levels.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include "quantc/Numerics/Float.h"

#include <cmath>
#include <limits>

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

constexpr int64_t muladdUlps = 4;

float special(Data &data) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f,  -0.0f,  1e-40f, -1e-40f, inf,    -inf,    NAN,    88.7f,
                          89.0f, -87.3f, -87.4f, 9.02f,   -9.02f, 3.4e38f, -3e38f, 1e-20f};
  return values[data.in(0, 15)];
}

std::vector<float> mixed(Data &data, size_t n) {
  std::vector<float> v = data.floats(n, -12, 12);
  const bool wild = data.in(0, 1);
  for (float &x : v)
    if (wild && data.in(0, 4) == 0)
      x = data.in(0, 1) ? special(data) : static_cast<float>(data.real(-100, 100));
  return v;
}

float unaryReference(UnaryOp op, float x, float alpha, float beta) {
  switch (op) {
  case UnaryOp::Relu:
    return numerics::reluF32(x);
  case UnaryOp::LeakyRelu:
    return numerics::leakyReluF32(x, alpha);
  case UnaryOp::Clip:
    return numerics::clipF32(x, alpha, beta);
  case UnaryOp::HardSigmoid:
    return numerics::hardSigmoidF32(x, alpha, beta);
  case UnaryOp::HardSwish:
    return numerics::hardSwishF32(x);
  case UnaryOp::Sigmoid:
    return numerics::sigmoidF32(x);
  case UnaryOp::Tanh:
    return numerics::tanhF32(x);
  case UnaryOp::Exp:
    return numerics::expF32(x);
  case UnaryOp::Abs:
    return std::fabs(x);
  case UnaryOp::Neg:
    return -x;
  case UnaryOp::Sqrt:
    return std::sqrt(x);
  case UnaryOp::Erf:
    return numerics::erfF32(x);
  case UnaryOp::Reciprocal:
    return 1.0f / x;
  case UnaryOp::Gelu:
    return numerics::geluF32(x);
  }
  return x;
}
constexpr int numUnaryOps = 14;

/// Ops whose definition contains a fused multiply-add.
bool usesFma(UnaryOp op) {
  return op == UnaryOp::HardSigmoid || op == UnaryOp::HardSwish || op == UnaryOp::Sigmoid ||
         op == UnaryOp::Tanh || op == UnaryOp::Exp || op == UnaryOp::Erf || op == UnaryOp::Gelu;
}

/// Equal bits, or within the bound where the level has no FMA. Near zero, where
/// cancellation makes ulps meaningless, one ulp of 1 is allowed.
void expectClose(const std::vector<float> &expected, const std::vector<float> &actual,
                 const LevelInfo &level, bool fused) {
  if (level.hasFma || !fused)
    return expectEqual(expected, actual, level.name);
  for (size_t i = 0; i < expected.size(); ++i)
    if (ulpDistance(expected[i], actual[i]) > muladdUlps &&
        !(std::fabs(expected[i] - actual[i]) <= std::ldexp(1.0f, -23))) {
      RC_LOG() << level.name << ": element " << i << " is " << actual[i] << ", expected "
               << expected[i] << "\n";
      RC_FAIL("outside the bound");
    }
}

float binaryReference(BinaryOp op, float a, float b) {
  switch (op) {
  case BinaryOp::Add:
    return a + b;
  case BinaryOp::Sub:
    return a - b;
  case BinaryOp::Mul:
    return a * b;
  case BinaryOp::Div:
    return a / b;
  case BinaryOp::Min:
    return a != a || b != b ? NAN : std::min(a, b);
  case BinaryOp::Max:
    return a != a || b != b ? NAN : std::max(a, b);
  }
  return 0;
}

} // namespace

RC_GTEST_PROP(UnaryF32, EqualsNumerics, (uint32_t seed)) {
  Data data(seed);
  const size_t n = size_t(data.in(1, 200));
  const UnaryOp op = static_cast<UnaryOp>(data.in(0, numUnaryOps - 1));
  const float alpha = static_cast<float>(data.real(-1, 1));
  const float beta = static_cast<float>(data.real(-1, 2));
  const std::vector<float> in = mixed(data, n);
  std::vector<float> expected;
  for (float x : in)
    expected.push_back(unaryReference(op, x, alpha, beta));
  const auto parts = randomSplit(data, int64_t(n));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(in, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(n, 7.0f), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.unary_f32(out.get(), g.get(), begin, end, int64_t(op), alpha, beta);
    expectClose(expected, out.values(), level, usesFma(op));
    table.unary_f32(g.get(), g.get(), 0, int64_t(n), int64_t(op), alpha, beta); // in place
    expectEqual(out.values(), g.values(), level.name);
  });
}

RC_GTEST_PROP(BinaryF32, EqualsIeee, (uint32_t seed)) {
  Data data(seed);
  const BinaryOp op = static_cast<BinaryOp>(data.in(0, 5));
  // Two outer dimensions, an inner one; each operand broadcasts some of them.
  const int64_t d0 = data.in(1, 3), d1 = data.in(1, 4), d2 = data.in(1, 50);
  auto strides = [&](int64_t (&s)[3]) {
    int64_t gap = data.in(0, 3) ? 1 : 2;
    s[0] = data.in(0, 3) ? d1 * d2 * gap : 0;
    s[1] = data.in(0, 3) ? d2 * gap : 0;
    s[2] = data.in(0, 3) ? gap : 0;
  };
  int64_t a[3], b[3];
  strides(a);
  strides(b);
  const size_t count = size_t(d0 * d1 * d2 * 2);
  const std::vector<float> x = mixed(data, count), y = mixed(data, count);
  std::vector<float> expected(size_t(d0 * d1 * d2)), flat;
  for (int64_t i = 0; i < d0; ++i)
    for (int64_t j = 0; j < d1; ++j)
      for (int64_t k = 0; k < d2; ++k)
        expected[size_t((i * d1 + j) * d2 + k)] =
            binaryReference(op, x[size_t(i * a[0] + j * a[1] + k * a[2])],
                            y[size_t(i * b[0] + j * b[1] + k * b[2])]);
  for (size_t i = 0; i < expected.size(); ++i)
    flat.push_back(binaryReference(op, x[i], y[i]));
  const auto units = randomSplit(data, d0 * d1), parts = randomSplit(data, int64_t(flat.size()));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> gx(x, Guarded::Activation), gy(y, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [begin, end] : units)
      table.binary_f32_nd(out.get(), gx.get(), gy.get(), begin, end, 1, 1, 1, d0, d1, d2, 0, 0, 0,
                          d1 * d2, d2, 1, 0, 0, 0, a[0], a[1], a[2], 0, 0, 0, b[0], b[1], b[2],
                          int64_t(op));
    expectEqual(expected, out.values(), level.name);
    for (auto [begin, end] : parts)
      table.binary_f32(out.get(), gx.get(), gy.get(), begin, end, int64_t(op));
    expectEqual(flat, out.values(), level.name);
  });
}

RC_GTEST_PROP(SoftmaxF32, EqualsNumerics, (uint32_t seed)) {
  Data data(seed);
  const int64_t outer = data.in(1, 4), axis = data.in(1, 60),
                inner = data.in(0, 1) ? 1 : data.in(1, 5);
  const size_t n = size_t(outer * axis * inner);
  const std::vector<float> in = data.in(0, 3) ? data.floats(n, -30, 30) : mixed(data, n);
  std::vector<float> expected(n);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i)
      numerics::softmaxF32(in.data() + o * axis * inner + i, expected.data() + o * axis * inner + i,
                           size_t(axis), size_t(inner));
  const auto parts = randomSplit(data, outer);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(in, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(n, 7.0f), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.softmax_f32(out.get(), g.get(), begin, end, axis, inner);
    expectClose(expected, out.values(), level, true);
    table.softmax_f32(g.get(), g.get(), 0, outer, axis, inner); // in place
    expectEqual(out.values(), g.values(), level.name);
  });
}

RC_GTEST_PROP(ReduceMeanF32, EqualsNumerics, (uint32_t seed)) {
  Data data(seed);
  const int64_t outer = data.in(1, 4), axis = data.in(1, 60),
                inner = data.in(0, 1) ? 1 : data.in(1, 40);
  const std::vector<float> in = mixed(data, size_t(outer * axis * inner));
  std::vector<float> expected;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i)
      expected.push_back(
          numerics::sumF32(in.data() + o * axis * inner + i, size_t(axis), size_t(inner)) /
          static_cast<float>(axis));
  const auto parts = randomSplit(data, outer);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(in, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.reduce_mean_f32(out.get(), g.get(), begin, end, axis, inner);
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(PoolF32, EqualsNaiveLoop, (uint32_t seed)) {
  Data data(seed);
  const int64_t h = data.in(1, 7), w = data.in(1, 7), channels = data.in(1, 40);
  const int64_t kernel = data.in(1, 4), stride = data.in(1, 3), dil = data.in(1, 2);
  const int64_t reach = (kernel - 1) * dil;
  const int64_t top = data.in(0, std::min(reach, dil)), left = data.in(0, std::min(reach, dil));
  const int64_t bottom = data.in(0, std::min(reach, dil)), right = data.in(0, std::min(reach, dil));
  // With ceil_mode the last window may leave the padded image, but must touch the image.
  auto outputs = [&](int64_t size, int64_t before, int64_t after) {
    int64_t span = size + before + after - reach - 1;
    return span < 0 ? int64_t(0) : span / stride + 1 + (data.in(0, 1) && span % stride != 0);
  };
  const int64_t outH = outputs(h, top, bottom), outW = outputs(w, left, right);
  const bool includePad = data.in(0, 1);
  const std::vector<float> in = mixed(data, size_t(h * w * channels));
  std::vector<float> average(size_t(outH * outW * channels)), maximum(average.size());
  bool allTouch = outH > 0 && outW > 0;
  for (int64_t y = 0; y < outH; ++y)
    for (int64_t x = 0; x < outW; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        float sum = 0, max = -INFINITY;
        int64_t inside = 0, padded = 0;
        for (int64_t ky = 0; ky < kernel; ++ky)
          for (int64_t kx = 0; kx < kernel; ++kx) {
            int64_t iy = y * stride - top + ky * dil, ix = x * stride - left + kx * dil;
            padded += iy < h + bottom && ix < w + right;
            if (iy < 0 || iy >= h || ix < 0 || ix >= w)
              continue;
            float v = in[size_t((iy * w + ix) * channels + c)];
            sum += v;
            max = max != max || v != v ? NAN : std::max(max, v);
            ++inside;
          }
        allTouch &= inside > 0;
        size_t at = size_t((y * outW + x) * channels + c);
        average[at] = sum / static_cast<float>(includePad ? padded : inside);
        maximum[at] = max;
      }
  RC_PRE(allTouch);
  const auto rows = randomSplit(data, outH), parts = randomSplit(data, channels);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(in, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(average.size(), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [begin, end] : parts)
        table.avg_pool_f32(out.get(), g.get(), rowBegin, rowEnd, begin, end, outH, outW, h, w, 0,
                           w * channels, channels, kernel, kernel, stride, stride, dil, dil, top,
                           left, bottom, right, 0, outW * channels, channels, includePad);
    expectEqual(average, out.values(), level.name);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [begin, end] : parts)
        table.max_pool_f32(out.get(), g.get(), rowBegin, rowEnd, begin, end, outH, outW, h, w, 0,
                           w * channels, channels, kernel, kernel, stride, stride, dil, dil, top,
                           left, 0, outW * channels, channels);
    expectEqual(maximum, out.values(), level.name);
  });
}
