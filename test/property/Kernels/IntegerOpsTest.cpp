//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise and pooling kernels on integers against scalar references from
// Numerics, on all levels: random sizes, strides, broadcasts, clips, multipliers and
// boundary values, in one piece and split. Whole output buffers are compared.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include "quantc/Numerics/Add.h"

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

std::string tag(const LevelInfo &level, Epilogue epilogue) {
  return std::string(level.name) + ", epilogue " + std::to_string(int(epilogue));
}

numerics::AddParams randomAdd(Data &data) {
  if (data.in(0, 2) == 0) // small numbers, which meet ties
    return {static_cast<int32_t>(data.in(-40, 40)), static_cast<int32_t>(data.in(-40, 40)),
            static_cast<int32_t>(data.in(1, 7))};
  const int32_t limit = numerics::kMaxAddMultiplier;
  // Mostly around the scale at which outputs stay in range.
  int32_t top = data.in(0, 2) ? limit : static_cast<int32_t>(data.in(1, limit));
  return {static_cast<int32_t>(data.in(-top, top)), static_cast<int32_t>(data.in(-top, top)),
          data.in(0, 2) ? 21 : static_cast<int32_t>(data.in(1, 30))};
}

int32_t addReference(const numerics::AddParams &p, int64_t zpA, int64_t zpB,
                     const Requantization &r, uint8_t a, uint8_t b) {
  return numerics::addRequantize(static_cast<int32_t>(a - zpA), static_cast<int32_t>(b - zpB), p,
                                 r.zp, r.lo, r.hi);
}

/// Six random dimensions and the strides of dense or broadcast tensors over them.
struct Dims {
  int64_t d[6], o[6], a[6], b[6], units;
  int64_t sizeO, sizeA, sizeB;

  explicit Dims(Data &data) {
    units = 1;
    for (int i = 0; i < 6; ++i)
      d[i] = data.in(0, 2) ? 1 : data.in(1, 4);
    d[5] = data.in(0, 1) ? data.in(1, 5) : data.in(1, 150);
    for (int i = 0; i < 5; ++i)
      units *= d[i];
    sizeO = strides(data, o, false);
    sizeA = strides(data, a, true);
    sizeB = strides(data, b, true);
  }

private:
  int64_t strides(Data &data, int64_t (&s)[6], bool broadcast) {
    // Sometimes the innermost dimension is not contiguous; sometimes there are gaps.
    int64_t step = data.in(0, 3) ? 1 : data.in(1, 3), largest = 0;
    for (int i = 5; i >= 0; --i) {
      if (broadcast && data.in(0, 3) == 0) {
        s[i] = 0;
        continue;
      }
      s[i] = step;
      step *= d[i];
      largest += s[i] * (d[i] - 1);
    }
    return largest + 1;
  }

public:
  /// Calls fn(o, a, b) with the offsets of every element.
  template <typename Fn> void forEach(Fn fn) const {
    int64_t i[6] = {};
    for (;;) {
      int64_t at[3] = {};
      for (int k = 0; k < 6; ++k)
        at[0] += i[k] * o[k], at[1] += i[k] * a[k], at[2] += i[k] * b[k];
      fn(static_cast<size_t>(at[0]), static_cast<size_t>(at[1]), static_cast<size_t>(at[2]));
      int k = 5;
      while (k >= 0 && ++i[k] == d[k])
        i[k--] = 0;
      if (k < 0)
        return;
    }
  }
};

#define DIMS(D)                                                                                    \
  D.d[0], D.d[1], D.d[2], D.d[3], D.d[4], D.d[5], D.o[0], D.o[1], D.o[2], D.o[3], D.o[4], D.o[5],  \
      D.a[0], D.a[1], D.a[2], D.a[3], D.a[4], D.a[5], D.b[0], D.b[1], D.b[2], D.b[3], D.b[4],      \
      D.b[5]

/// A pooling problem: the image, the window and where outputs go.
struct Pool {
  int64_t batch, inH, inW, channels, kernelH, kernelW, strideH, strideW, dilH, dilW;
  int64_t padTop, padLeft, outH, outW, inPixelStride, outPixelStride;

  explicit Pool(Data &data) {
    batch = data.in(1, 2), channels = data.in(0, 1) ? data.in(1, 20) : data.in(1, 150);
    inH = data.in(1, 7), inW = data.in(1, 7);
    kernelH = data.in(1, 4), kernelW = data.in(1, 4);
    strideH = data.in(1, 3), strideW = data.in(1, 3);
    dilH = data.in(1, 2), dilW = data.in(1, 2);
    padTop = data.in(0, std::min(kernelH - 1, inH - 1) * dilH);
    padLeft = data.in(0, std::min(kernelW - 1, inW - 1) * dilW);
    outH = extent(data, inH, kernelH, strideH, dilH, padTop);
    outW = extent(data, inW, kernelW, strideW, dilW, padLeft);
    inPixelStride = channels + data.in(0, 3), outPixelStride = channels + data.in(0, 3);
  }
  int64_t inElements() const { return batch * inH * inW * inPixelStride; }
  int64_t outElements() const { return batch * outH * outW * outPixelStride; }

  /// Outputs whose window keeps a pixel (any number up to the most that do, so that
  /// ceil_mode's windows are among them).
  static int64_t extent(Data &data, int64_t in, int64_t kernel, int64_t stride, int64_t dil,
                        int64_t pad) {
    int64_t out = 0;
    while (touches(out * stride - pad, kernel, dil, in))
      ++out;
    return out == 0 ? 0 : data.in(1, out);
  }
  static bool touches(int64_t origin, int64_t kernel, int64_t dil, int64_t size) {
    for (int64_t t = 0; t < kernel; ++t)
      if (origin + t * dil >= 0 && origin + t * dil < size)
        return true;
    return false;
  }
  /// fn(output index, output pixel, input indices of the window) per output element.
  template <typename Fn> void forEach(Fn fn) const {
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t y = 0; y < outH; ++y)
        for (int64_t x = 0; x < outW; ++x)
          for (int64_t c = 0; c < channels; ++c) {
            std::vector<size_t> window;
            for (int64_t ky = 0; ky < kernelH; ++ky)
              for (int64_t kx = 0; kx < kernelW; ++kx) {
                int64_t iy = y * strideH - padTop + ky * dilH;
                int64_t ix = x * strideW - padLeft + kx * dilW;
                if (iy >= 0 && iy < inH && ix >= 0 && ix < inW)
                  window.push_back(
                      static_cast<size_t>(((b * inH + iy) * inW + ix) * inPixelStride + c));
              }
            fn(static_cast<size_t>(((b * outH + y) * outW + x) * outPixelStride + c),
               static_cast<size_t>(y * outW + x), window);
          }
  }
};

#define POOL_SHAPE(P)                                                                              \
  P.outH, P.outW, P.inH, P.inW, P.inH *P.inW *P.inPixelStride, P.inW *P.inPixelStride,             \
      P.inPixelStride, P.kernelH, P.kernelW, P.strideH, P.strideW, P.dilH, P.dilW, P.padTop,       \
      P.padLeft
#define POOL_OUT(P) P.outH *P.outW *P.outPixelStride, P.outW *P.outPixelStride, P.outPixelStride

} // namespace

RC_GTEST_PROP(AddU8, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const int64_t n = data.in(1, 300), zpA = data.in(0, 255), zpB = data.in(0, 255);
  const numerics::AddParams p = randomAdd(data);
  const Requantization r = Requantization::random(data, 1, 1000);
  std::vector<uint8_t> a = data.bytes<uint8_t>(size_t(n)), b = data.bytes<uint8_t>(size_t(n));
  std::vector<uint8_t> expected;
  for (size_t i = 0; i < size_t(n); ++i)
    expected.push_back(static_cast<uint8_t>(addReference(p, zpA, zpB, r, a[i], b[i])));
  const auto parts = randomSplit(data, n);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> ga(a, Guarded::Activation), gb(b, Guarded::Activation);
    GuardedArray<uint8_t> out(std::vector<uint8_t>(size_t(n), 1), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.add_u8(out.get(), ga.get(), gb.get(), begin, end, p.ma, p.mb, p.shift, zpA, zpB, r.zp,
                   r.lo, r.hi);
    expectEqual(expected, out.values(), level.name);
    // In place on the first operand.
    table.add_u8(ga.get(), ga.get(), gb.get(), 0, n, p.ma, p.mb, p.shift, zpA, zpB, r.zp, r.lo,
                 r.hi);
    expectEqual(expected, ga.values(), level.name);
  });
}

RC_GTEST_PROP(AddU8, StridedEqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const Dims d(data);
  const int64_t zpA = data.in(0, 255), zpB = data.in(0, 255);
  const numerics::AddParams p = randomAdd(data);
  const Requantization r = Requantization::random(data, 1, 1000);
  std::vector<uint8_t> a = data.bytes<uint8_t>(size_t(d.sizeA));
  std::vector<uint8_t> b = data.bytes<uint8_t>(size_t(d.sizeB));
  std::vector<uint8_t> expected(size_t(d.sizeO), 77);
  d.forEach([&](size_t o, size_t i, size_t j) {
    expected[o] = static_cast<uint8_t>(addReference(p, zpA, zpB, r, a[i], b[j]));
  });
  const auto parts = randomSplit(data, d.units);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> ga(a, Guarded::Activation), gb(b, Guarded::Activation);
    GuardedArray<uint8_t> out(std::vector<uint8_t>(size_t(d.sizeO), 77), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.add_u8_nd(out.get(), ga.get(), gb.get(), begin, end, DIMS(d), p.ma, p.mb, p.shift, zpA,
                      zpB, r.zp, r.lo, r.hi);
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(MulU8, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const Dims d(data);
  const int64_t zpA = data.in(0, 255), zpB = data.in(0, 255);
  const Requantization r = Requantization::random(data, 1, 10000);
  std::vector<uint8_t> a = data.bytes<uint8_t>(size_t(d.sizeA));
  std::vector<uint8_t> b = data.bytes<uint8_t>(size_t(d.sizeB));
  std::vector<uint8_t> expected(size_t(d.sizeO), 77);
  d.forEach([&](size_t o, size_t i, size_t j) {
    expected[o] = static_cast<uint8_t>(r.apply(Epilogue::Integer, (a[i] - zpA) * (b[j] - zpB), 0));
  });
  const auto parts = randomSplit(data, d.units);
  const int64_t dense = std::min({d.sizeO, d.sizeA, d.sizeB});
  const int64_t m = r.dyadic[0].multiplier, s = r.dyadic[0].shift;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    for (Epilogue epilogue : {Epilogue::Fma32, Epilogue::Integer, Epilogue::Fma64}) {
      numerics::IntRange clamp;
      if (!r.allows(epilogue, level, {-65025, 65025}, &clamp) || clamp.lo > -65025 ||
          clamp.hi < 65025)
        continue;
      GuardedArray<uint8_t> ga(a, Guarded::Activation), gb(b, Guarded::Activation);
      GuardedArray<uint8_t> out(std::vector<uint8_t>(size_t(d.sizeO), 77), Guarded::Constant);
      for (auto [begin, end] : parts)
        table.mul_u8_nd(out.get(), ga.get(), gb.get(), begin, end, DIMS(d), m, s, zpA, zpB,
                        int64_t(epilogue), r.zp, r.lo, r.hi);
      expectEqual(expected, out.values(), tag(level, epilogue).c_str());
      std::vector<uint8_t> flat(size_t(dense), 0);
      for (size_t i = 0; i < size_t(dense); ++i)
        flat[i] = static_cast<uint8_t>(r.apply(Epilogue::Integer, (a[i] - zpA) * (b[i] - zpB), 0));
      GuardedArray<uint8_t> flatOut(std::vector<uint8_t>(size_t(dense), 1), Guarded::Constant);
      table.mul_u8(flatOut.get(), ga.get(), gb.get(), 0, dense, m, s, zpA, zpB, int64_t(epilogue),
                   r.zp, r.lo, r.hi);
      expectEqual(flat, flatOut.values(), tag(level, epilogue).c_str());
    }
  });
}

RC_GTEST_PROP(RequantizeU8, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const int64_t rows = data.in(1, 5), cols = data.in(1, 150), zpIn = data.in(0, 255);
  const int64_t inStride = cols + data.in(0, 5), outStride = cols + data.in(0, 5);
  const Requantization r = Requantization::random(data, 1, 150);
  std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(rows * inStride));
  std::vector<uint8_t> expected(size_t(rows * outStride), 77);
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < cols; ++x)
      expected[size_t(y * outStride + x)] =
          static_cast<uint8_t>(r.apply(Epilogue::Integer, in[size_t(y * inStride + x)] - zpIn, 0));
  const auto parts = randomSplit(data, rows);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    for (Epilogue epilogue : {Epilogue::Fma32, Epilogue::Integer, Epilogue::Fma64}) {
      numerics::IntRange clamp;
      if (!r.allows(epilogue, level, {-255, 255}, &clamp) || clamp.lo > -255 || clamp.hi < 255)
        continue;
      GuardedArray<uint8_t> g(in, Guarded::Activation);
      GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
      for (auto [begin, end] : parts)
        table.requantize_u8(out.get(), g.get(), begin, end, cols, outStride, inStride,
                            r.dyadic[0].multiplier, r.dyadic[0].shift, zpIn, int64_t(epilogue),
                            r.zp, r.lo, r.hi);
      expectEqual(expected, out.values(), tag(level, epilogue).c_str());
    }
  });
}

RC_GTEST_PROP(RequantizeI32, EqualsDefinition, (uint32_t seed)) {
  Data data(seed);
  const int64_t rows = data.in(1, 5), cols = data.in(1, 150), channelStride = data.in(0, 1);
  const int64_t inStride = cols + data.in(0, 5), outStride = cols + data.in(0, 5);
  const int64_t limit = data.in(0, 2) ? 1 << 20 : int64_t(INT32_MAX);
  const size_t channels = channelStride ? size_t(cols) : 1;
  const Requantization r = Requantization::random(data, channels, double(limit));
  std::vector<int32_t> in(size_t(rows * inStride));
  for (int32_t &v : in)
    v = static_cast<int32_t>(data.in(0, 9)   ? data.in(-limit, limit)
                             : data.in(0, 1) ? limit
                                             : -limit);
  const auto parts = randomSplit(data, rows);
  const std::vector<int64_t> order =
      naturalOrder(int64_t(channels), channelStride ? (cols + 15) / 16 * 16 : 1);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    for (Epilogue epilogue :
         {Epilogue::Fma32, Epilogue::Integer, Epilogue::Fma64, Epilogue::Onnx}) {
      numerics::IntRange clamp;
      if (!r.allows(epilogue, level, {-limit, limit}, &clamp))
        continue;
      std::vector<uint8_t> expected(size_t(rows * outStride), 77);
      for (int64_t y = 0; y < rows; ++y)
        for (int64_t x = 0; x < cols; ++x)
          expected[size_t(y * outStride + x)] = static_cast<uint8_t>(
              r.apply(epilogue, in[size_t(y * inStride + x)], size_t(x * channelStride)));
      GuardedArray<int32_t> g(in, Guarded::Activation);
      GuardedArray<char> mult(r.multiplierArray(epilogue, order), Guarded::Constant);
      GuardedArray<int32_t> shift(r.shiftArray(order), Guarded::Constant);
      GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
      for (auto [begin, end] : parts)
        table.requantize_i32(out.get(), g.get(), mult.get(), shift.get(), begin, end, cols,
                             outStride, inStride, channelStride, int64_t(epilogue), r.zp, r.lo,
                             r.hi, clamp.lo, clamp.hi);
      expectEqual(expected, out.values(), tag(level, epilogue).c_str());
    }
  });
}

RC_GTEST_PROP(LookupU8, EqualsTable, (uint32_t seed)) {
  Data data(seed);
  const int64_t rows = data.in(1, 4), cols = data.in(1, 200);
  const int64_t inStride = cols + data.in(0, 5), outStride = cols + data.in(0, 5);
  std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(rows * inStride));
  std::vector<uint8_t> table256(256), expected(size_t(rows * outStride), 77);
  for (uint8_t &v : table256)
    v = static_cast<uint8_t>(data.in(0, 255));
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < cols; ++x)
      expected[size_t(y * outStride + x)] = table256[in[size_t(y * inStride + x)]];
  const auto parts = randomSplit(data, rows);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(in, Guarded::Activation), t(table256, Guarded::Constant);
    GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.lookup_u8(out.get(), g.get(), t.get(), begin, end, cols, outStride, inStride);
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(MaxPoolU8, EqualsNaiveLoop, (uint32_t seed)) {
  Data data(seed);
  const Pool p(data);
  RC_PRE(p.outH > 0 && p.outW > 0);
  std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(p.inElements()));
  std::vector<uint8_t> expected(size_t(p.outElements()), 77);
  p.forEach([&](size_t at, size_t, const std::vector<size_t> &window) {
    uint8_t m = 0;
    for (size_t i : window)
      m = std::max(m, in[i]);
    expected[at] = m;
  });
  const auto rows = randomSplit(data, p.batch * p.outH), parts = randomSplit(data, p.channels);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(in, Guarded::Activation);
    GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rows)
      for (auto [begin, end] : parts)
        table.max_pool_u8(out.get(), g.get(), rowBegin, rowEnd, begin, end, POOL_SHAPE(p),
                          POOL_OUT(p));
    expectEqual(expected, out.values(), level.name);
  });
}

RC_GTEST_PROP(AvgPoolU8, EqualsNaiveLoop, (uint32_t seed)) {
  Data data(seed);
  const Pool p(data);
  RC_PRE(p.outH > 0 && p.outW > 0);
  const int64_t zpIn = data.in(0, 255), multStride = data.in(0, 1);
  const size_t pixels = multStride ? size_t(p.outH * p.outW) : 1;
  const Requantization r = Requantization::random(data, pixels, 1000);
  std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(p.inElements()));
  const auto rows = randomSplit(data, p.batch * p.outH), parts = randomSplit(data, p.channels);
  const std::vector<int64_t> order = naturalOrder(int64_t(pixels), int64_t(pixels));
  const int64_t limit = 255 * p.kernelH * p.kernelW;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    for (Epilogue epilogue :
         {Epilogue::Fma32, Epilogue::Integer, Epilogue::Fma64, Epilogue::Onnx}) {
      numerics::IntRange clamp;
      if (!r.allows(epilogue, level, {-limit, limit}, &clamp) || clamp.lo > -limit ||
          clamp.hi < limit)
        continue;
      std::vector<uint8_t> expected(size_t(p.outElements()), 77);
      p.forEach([&](size_t at, size_t pixel, const std::vector<size_t> &window) {
        int64_t acc = 0;
        for (size_t i : window)
          acc += in[i] - zpIn;
        expected[at] = static_cast<uint8_t>(r.apply(epilogue, acc, multStride ? pixel : 0));
      });
      GuardedArray<uint8_t> g(in, Guarded::Activation);
      GuardedArray<char> mult(r.multiplierArray(epilogue, order), Guarded::Constant);
      GuardedArray<int32_t> shift(r.shiftArray(order), Guarded::Constant);
      GuardedArray<uint8_t> out(std::vector<uint8_t>(expected.size(), 77), Guarded::Constant);
      for (auto [rowBegin, rowEnd] : rows)
        for (auto [begin, end] : parts)
          table.avg_pool_u8(out.get(), g.get(), mult.get(), shift.get(), rowBegin, rowEnd, begin,
                            end, POOL_SHAPE(p), POOL_OUT(p), multStride, zpIn, int64_t(epilogue),
                            r.zp, r.lo, r.hi);
      expectEqual(expected, out.values(), tag(level, epilogue).c_str());
    }
  });
}
