//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels between float and integer tensors and kernels that move data: every level
// against scalar references, over random shapes, strides and layouts, special float
// values and ties.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include "quantc/Numerics/Quantize.h"

#include <cmath>
#include <limits>

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

/// Values around code boundaries: ties, their neighbours, huge and special ones.
float interesting(Data &data, float scale) {
  switch (data.in(0, 9)) {
  case 0:
    return std::numeric_limits<float>::quiet_NaN();
  case 1:
    return data.in(0, 1) ? INFINITY : -INFINITY;
  case 2:
    return data.in(0, 1) ? 3.4e38f : -3.4e38f;
  case 3:
    return data.in(0, 1) ? 1e-42f : -0.0f;
  case 4:
  case 5: { // a tie, or one of its neighbours
    float tie = (static_cast<float>(data.in(-300, 300)) + 0.5f) * scale;
    return data.in(0, 2) == 0 ? tie : std::nextafterf(tie, data.in(0, 1) ? 1e9f : -1e9f);
  }
  default:
    return static_cast<float>(data.real(-300, 300)) * scale;
  }
}

/// A 4-D tensor of [batch][height][width][channels] with its strides.
struct Image {
  int64_t batch, height, width, channels;
  int64_t batchStride, rowStride, pixelStride, channelStride;

  size_t at(int64_t b, int64_t y, int64_t x, int64_t c) const {
    return size_t(b * batchStride + y * rowStride + x * pixelStride + c * channelStride);
  }
  size_t elements() const { return at(batch - 1, height - 1, width - 1, channels - 1) + 1; }
  template <typename Fn> void forEach(Fn fn) const {
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int64_t c = 0; c < channels; ++c)
            fn(b, y, x, c);
  }
};

Image nhwc(Data &data, int64_t b, int64_t h, int64_t w, int64_t c, bool gaps) {
  Image i{b, h, w, c, 0, 0, 0, 1};
  i.pixelStride = c + (gaps ? data.in(0, 3) : 0);
  i.rowStride = w * i.pixelStride + (gaps ? data.in(0, 3) * i.pixelStride : 0);
  i.batchStride = h * i.rowStride;
  return i;
}
Image nchw(int64_t b, int64_t h, int64_t w, int64_t c) {
  return {b, h, w, c, c * h * w, w, 1, h * w};
}
/// Any layout: channels first, last, last with gaps, or neither unit stride.
Image anyLayout(Data &data, int64_t b, int64_t h, int64_t w, int64_t c) {
  int64_t kind = data.in(0, 3);
  Image i = kind == 0 ? nchw(b, h, w, c) : nhwc(data, b, h, w, c, kind != 1);
  if (kind == 3)
    for (int64_t *s : {&i.batchStride, &i.rowStride, &i.pixelStride, &i.channelStride})
      *s *= 2;
  return i;
}

struct Sizes {
  int64_t b, h, w, c;
  explicit Sizes(Data &data)
      : b(data.in(1, 2)), h(data.in(1, 4)), w(data.in(0, 1) ? data.in(1, 9) : data.in(1, 300)),
        c(data.in(0, 1) ? data.in(1, 4) : data.in(1, 20)) {}
};

} // namespace

RC_GTEST_PROP(QuantizeF32, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const Sizes s(data);
  const Image in = anyLayout(data, s.b, s.h, s.w, s.c);
  const Image out = nhwc(data, s.b, s.h, s.w, s.c, data.in(0, 1));
  const float scale = data.in(0, 1) ? std::ldexp(1.0f, static_cast<int>(data.in(-20, 5)))
                                    : static_cast<float>(data.real(1e-4, 2));
  const Requantization r = Requantization::random(data, 1, 1000);
  std::vector<float> x(in.elements());
  for (float &v : x)
    v = interesting(data, scale);
  std::vector<uint8_t> expected(out.elements(), 77);
  out.forEach([&](int64_t b, int64_t y, int64_t xx, int64_t c) {
    expected[out.at(b, y, xx, c)] = static_cast<uint8_t>(
        numerics::quantizeLinear(x[in.at(b, y, xx, c)], scale, r.zp, r.lo, r.hi));
  });
  const auto parts = randomSplit(data, s.b * s.h);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(x, Guarded::Activation);
    GuardedArray<uint8_t> o(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.quantize_f32(o.get(), g.get(), begin, end, s.h, s.w, s.c, in.batchStride, in.rowStride,
                         in.pixelStride, in.channelStride, out.batchStride, out.rowStride,
                         out.pixelStride, scale, r.zp, r.lo, r.hi);
    expectEqual(expected, o.values(), level.name);
  });
}

RC_GTEST_PROP(DequantizeU8, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const Sizes s(data);
  const Image in = nhwc(data, s.b, s.h, s.w, s.c, data.in(0, 1));
  const Image out = anyLayout(data, s.b, s.h, s.w, s.c);
  const float scale = static_cast<float>(data.real(1e-4, 2));
  const int32_t zp = static_cast<int32_t>(data.in(0, 255));
  std::vector<uint8_t> x = data.bytes<uint8_t>(in.elements());
  std::vector<float> expected(out.elements(), 7.0f);
  out.forEach([&](int64_t b, int64_t y, int64_t xx, int64_t c) {
    expected[out.at(b, y, xx, c)] = numerics::dequantizeLinear(x[in.at(b, y, xx, c)], scale, zp);
  });
  const auto parts = randomSplit(data, s.b * s.h);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(x, Guarded::Activation);
    GuardedArray<float> o(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.dequantize_u8(o.get(), g.get(), begin, end, s.h, s.w, s.c, out.batchStride,
                          out.rowStride, out.pixelStride, out.channelStride, in.batchStride,
                          in.rowStride, in.pixelStride, scale, zp);
    expectEqual(expected, o.values(), level.name);
  });
}

RC_GTEST_PROP(DequantizeI32, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const int64_t rows = data.in(1, 4), cols = data.in(1, 70), channelStride = data.in(0, 1);
  const int64_t inStride = cols + data.in(0, 3), outStride = cols + data.in(0, 3);
  std::vector<int32_t> x(size_t(rows * inStride));
  for (int32_t &v : x)
    v = static_cast<int32_t>(data.in(INT32_MIN, INT32_MAX));
  const std::vector<float> scale = data.floats(channelStride ? size_t(cols) : 1, 1e-6f, 1.0f);
  std::vector<float> expected(size_t(rows * outStride), 7.0f);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      expected[size_t(r * outStride + c)] =
          static_cast<float>(x[size_t(r * inStride + c)]) * scale[size_t(c * channelStride)];
  const auto parts = randomSplit(data, rows);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<int32_t> g(x, Guarded::Activation);
    GuardedArray<float> gs(scale, Guarded::Constant);
    GuardedArray<float> o(std::vector<float>(expected.size(), 7.0f), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.dequantize_i32(o.get(), g.get(), gs.get(), begin, end, cols, outStride, inStride,
                           channelStride);
    expectEqual(expected, o.values(), level.name);
  });
}

RC_GTEST_PROP(CopyNd, MovesEveryElement, (uint32_t seed)) {
  Data data(seed);
  const int64_t size = int64_t(1) << data.in(0, 3);
  int64_t d[6], o[6], i[6], units = 1;
  for (int k = 0; k < 6; ++k)
    d[k] = data.in(0, 2) ? 1 : data.in(1, 4);
  d[5] = data.in(0, 1) ? data.in(1, 5) : data.in(1, 100);
  // Output: dense in a random order of dimensions. Input: the same, or broadcast, or
  // reversed.
  int order[6] = {0, 1, 2, 3, 4, 5};
  auto assign = [&](int64_t (&strides)[6], bool input) {
    if (data.in(0, 1))
      std::shuffle(std::begin(order), std::end(order), data.engine);
    int64_t step = 1, first = 0;
    for (int k = 5; k >= 0; --k) {
      int dim = order[k];
      strides[dim] = input && data.in(0, 5) == 0 ? 0 : step;
      if (input && data.in(0, 5) == 0) {
        first += strides[dim] * (d[dim] - 1);
        strides[dim] = -strides[dim];
      }
      step *= d[dim];
    }
    return std::pair<int64_t, int64_t>(step, first);
  };
  const int64_t outCount = assign(o, false).first;
  const std::pair<int64_t, int64_t> inExtent = assign(i, true);
  const int64_t inCount = inExtent.first, inFirst = inExtent.second;
  for (int k = 0; k < 5; ++k)
    units *= d[k];
  const std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(inCount * size));
  std::vector<uint8_t> expected(size_t(outCount * size), 77);
  for (int64_t n = 0; n < units * d[5]; ++n) {
    int64_t rest = n, from = inFirst, to = 0;
    for (int k = 5; k >= 0; --k) {
      from += rest % d[k] * i[k];
      to += rest % d[k] * o[k];
      rest /= d[k];
    }
    std::memcpy(expected.data() + to * size, in.data() + from * size, size_t(size));
  }
  const auto parts = randomSplit(data, units);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    // A vector of bytes is aligned for every element size only at a multiple of it.
    GuardedArray<uint8_t> g(in, Guarded::Activation);
    GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.copy_nd(out.get(), g.get() + inFirst * size, size, begin, end, d[0], d[1], d[2], d[3],
                    d[4], d[5], o[0], o[1], o[2], o[3], o[4], o[5], i[0], i[1], i[2], i[3], i[4],
                    i[5]);
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(FillBorder, LeavesTheInterior, (uint32_t seed)) {
  Data data(seed);
  const int64_t batches = data.in(1, 3), h = data.in(1, 5), w = data.in(1, 5);
  const int64_t pixel = data.in(1, 20), top = data.in(0, 2), left = data.in(0, 2);
  const int64_t bottom = data.in(0, 2), right = data.in(0, 2), value = data.in(0, 255);
  const int64_t row = (left + w + right) * pixel + data.in(0, 5);
  const int64_t stride = (top + h + bottom) * row;
  std::vector<uint8_t> before = data.bytes<uint8_t>(size_t(batches * stride));
  std::vector<uint8_t> expected = before;
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t y = 0; y < top + h + bottom; ++y)
      for (int64_t x = 0; x < (left + w + right) * pixel; ++x)
        if (y < top || y >= top + h || x < left * pixel || x >= (left + w) * pixel)
          expected[size_t(b * stride + y * row + x)] = static_cast<uint8_t>(value);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(before, Guarded::Constant);
    table.fill_border(g.get(), batches, stride, h, w, row, pixel, top, left, bottom, right, value);
    expectEqual(expected, g.values(), level.name);
  });
}

RC_GTEST_PROP(Fill, SetsExactlyTheRange, (uint32_t seed)) {
  Data data(seed);
  const int64_t n = data.in(1, 300), begin = data.in(0, n), end = data.in(begin, n);
  std::vector<uint8_t> expected(size_t(n), 77);
  for (int64_t i = begin; i < end; ++i)
    expected[size_t(i)] = 5;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(std::vector<uint8_t>(size_t(n), 77), Guarded::Constant);
    table.fill(g.get(), begin, end, 5);
    expectEqual(expected, g.values(), level.name);
  });
}
