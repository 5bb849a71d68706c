//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard kernels at every level against numerics::Hadamard, bit for bit: plans with no,
// one and several dense factors, small and large, and every vector remainder of `inner`.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Hadamard.h"
#include "KernelTesting.h"

#include <algorithm>
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

/// A transform, and how the kernels are told about it.
struct Case {
  numerics::HadamardPlan plan;
  numerics::HadamardDirection direction;
  int64_t rows, inner;
  std::vector<uint8_t> codes;
  int64_t orders[3] = {1, 1, 1};

  int64_t elements() const { return rows * plan.size * inner; }
};

Case randomCase(Data &data) {
  static const int64_t sizes[] = {1,  2,   4,   8,   12,  16,  20,  24,   28,   36,   48, 64,
                                  96, 128, 140, 224, 256, 344, 768, 1040, 1904, 2048, 1,  576};
  Case result;
  numerics::HadamardOptions options;
  if (data.in(0, 1))
    options.choice = numerics::HadamardChoice::FewestAdditions;
  result.plan =
      *numerics::planHadamard(data.in(0, 19) == 0 ? 29568 : sizes[data.in(0, 23)], options).plan;
  result.direction =
      data.in(0, 1) ? numerics::HadamardDirection::Forward : numerics::HadamardDirection::Inverse;
  result.rows = data.in(1, 3);
  result.inner = data.in(0, 2) || result.plan.size > 10000 ? 1 : data.in(1, 40);
  size_t at = 0;
  for (size_t f = result.plan.factors.size(); f-- > 0;) {
    const numerics::HadamardFactor &factor = result.plan.factors[f];
    result.orders[at++] = factor.order;
    std::vector<uint8_t> packed = numerics::packHadamardCodes(
        factor.matrix(), result.direction == numerics::HadamardDirection::Inverse);
    result.codes.insert(result.codes.end(), packed.begin(), packed.end());
  }
  return result;
}

} // namespace

// [NUM-HAD-5] [NUM-HAD-6] [NUM-HAD-8]
RC_GTEST_PROP(HadamardF32, EqualsNumerics, (uint32_t seed)) {
  Data data(seed);
  Case c = randomCase(data);
  std::vector<float> in = data.floats(size_t(c.elements()), -100, 100);
  for (float &v : in)
    v = std::ldexp(v, int(data.in(-20, 20)));
  std::vector<float> expected = in;
  numerics::Hadamard(c.plan).apply(expected.data(), size_t(c.rows), c.direction, size_t(c.inner));
  const auto scale = static_cast<float>(1 / std::sqrt(double(c.plan.size)));
  const auto parts = randomSplit(data, c.rows);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> g(in, Guarded::Activation);
    GuardedArray<float> out(std::vector<float>(in.size(), 7.0f), Guarded::Constant);
    GuardedArray<uint8_t> codes(c.codes, Guarded::Constant);
    auto run = [&](float *to, int64_t begin, int64_t end) {
      table.hadamard_f32(to, g.get(), codes.get(), begin, end, int64_t(1) << c.plan.log2,
                         c.orders[0], c.orders[1], c.orders[2], c.inner, scale);
    };
    for (auto [begin, end] : parts)
      run(out.get(), begin, end);
    expectEqual(expected, out.values(), level.name);
    run(g.get(), 0, c.rows); // in place
    expectEqual(expected, g.values(), level.name);
  });
}

// [NUM-HAD-9]
RC_GTEST_PROP(HadamardU8, EqualsNumerics, (uint32_t seed)) {
  Data data(seed);
  Case c = randomCase(data);
  const std::vector<uint8_t> in = data.bytes<uint8_t>(size_t(c.elements()));
  const int64_t zp = data.in(0, 255);
  std::vector<int32_t> expected;
  for (uint8_t v : in)
    expected.push_back(v - int32_t(zp));
  numerics::Hadamard(c.plan).sums(expected.data(), size_t(c.rows), c.direction, size_t(c.inner));
  const auto parts = randomSplit(data, c.rows);
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<uint8_t> g(in, Guarded::Activation), codes(c.codes, Guarded::Constant);
    GuardedArray<int32_t> out(std::vector<int32_t>(in.size(), 7), Guarded::Constant);
    for (auto [begin, end] : parts)
      table.hadamard_u8(out.get(), g.get(), codes.get(), begin, end, int64_t(1) << c.plan.log2,
                        c.orders[0], c.orders[1], c.orders[2], c.inner, zp);
    expectEqual(expected, out.values(), level.name);
  });
}
