//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers with weights of 4 bits: bit for bit what Numerics defines on levels with FMA, and
// with separate roundings on the others; on float activations also bit for bit the float kernel of
// the same level on the decoded weights. Rows in 8 bits: the same codes, scales and sums at every
// level.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include "quantc/Numerics/GroupedLinear.h"

#include <cmath>

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

namespace {

/// A layer in natural order and as kernels read it.
struct Layer {
  int64_t n, k, group;
  bool isSigned, zeroPoints;
  std::vector<uint8_t> codes, packed, zeros;
  std::vector<float> scales, packedScales, bias, packedBias;
  std::vector<int8_t> points;
  numerics::GroupedWeights weights;

  explicit Layer(Data &data) {
    n = data.in(0, 1) ? data.in(1, 100) : 32 * data.in(1, 3);
    k = data.in(0, 1) ? data.in(1, 60) : data.in(1, 400);
    group = std::vector<int64_t>{8, 16, 24, 32, 64, 128, k, k + 5}[size_t(data.in(0, 7))];
    isSigned = data.in(0, 1), zeroPoints = data.in(0, 1);
    const int64_t groups = (k + group - 1) / group, panels = groupedPanels(n);
    codes = data.bytes<uint8_t>(size_t(n * ((k + 1) / 2)));
    scales = data.floats(size_t(n * groups), 1e-3f, 1);
    bias = data.floats(size_t(n));
    for (int64_t i = 0; i < n * groups; ++i)
      points.push_back(static_cast<int8_t>(data.in(0, 15) - 8 * isSigned));
    weights.outputs = n, weights.inputs = k, weights.group = group;
    weights.codes = codes.data(), weights.isSigned = isSigned, weights.scales = scales.data();
    weights.zeroPoints = zeroPoints ? points.data() : nullptr;
    packed.resize(packedNibblesSize(n, k));
    packNibbles(n, k, codes.data(), isSigned ? 8 : 0, packed.data());
    packedScales.resize(size_t(panels * groups * 32));
    packGroups(n, groups, scales.data(), packedScales.data());
    zeros.assign(1, isSigned ? 8 : 0);
    if (zeroPoints) {
      std::vector<uint8_t> raised;
      for (int8_t point : points)
        raised.push_back(static_cast<uint8_t>(point + 8 * isSigned));
      zeros.resize(size_t(panels * groups * 32));
      packGroups(n, groups, raised.data(), zeros.data());
    }
    packedBias = bias;
    packedBias.resize(size_t(panels * 32));
  }
};

/// Rows of which some are zero, tiny, huge or not finite.
std::vector<float> activations(Data &data, int64_t rows, int64_t k) {
  std::vector<float> x = data.floats(size_t(rows * k));
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t kind = data.in(0, 15);
    for (int64_t i = 0; i < k; ++i)
      x[size_t(r * k + i)] *= kind == 0 ? 0.0f : kind == 1 ? 1e-40f : kind == 2 ? 1e30f : 1.0f;
    if (kind == 3 || kind == 4)
      x[size_t(r * k + data.in(0, k - 1))] = kind == 3 ? INFINITY : NAN;
    if (kind == 5) // every quotient a tie
      for (int64_t i = 0; i < k; ++i)
        x[size_t(r * k + i)] = i ? static_cast<float>(data.in(-127, 126)) + 0.5f : 127.0f;
  }
  return x;
}

/// The float kernel of the level on decoded weights.
std::vector<float> onDecoded(const KernelTable &table, const Layer &layer,
                             const std::vector<float> &x, int64_t rows) {
  ConvShape shape;
  shape.groupC = layer.k, shape.groupN = layer.n, shape.inPixelStride = layer.k;
  std::vector<float> decoded, packed(packedConvF32Size(shape));
  for (int64_t o = 0; o < layer.n; ++o)
    for (int64_t i = 0; i < layer.k; ++i)
      decoded.push_back(layer.weights.weight(o, i));
  packConvF32(shape, decoded.data(), packed.data());
  std::vector<float> out(size_t(rows * layer.n));
  table.conv_f32(out.data(), x.data(), packed.data(), layer.packedBias.data(), 0, 1, 0,
                 convPanelsPerGroup(layer.n), 1, rows, 0, 0, layer.k, 1, 1, layer.k, 0, 0, 1,
                 layer.n, 0, 0, 0, layer.n, 0, 0, 0);
  return out;
}

/// Copies dense rows to rows of another stride, 7 between them.
std::vector<float> spread(const std::vector<float> &dense, int64_t columns, int64_t stride) {
  std::vector<float> result(dense.size() / size_t(columns) * size_t(stride), 7.0f);
  for (size_t i = 0; i < dense.size(); ++i)
    result[i / size_t(columns) * size_t(stride) + i % size_t(columns)] = dense[i];
  return result;
}

void checkFloat(uint32_t seed) {
  Data data(seed);
  const Layer layer(data);
  const int64_t rows = data.in(0, 1) ? data.in(1, 9) : data.in(1, 40);
  const int64_t inStride = layer.k + data.in(0, 3), outStride = layer.n + data.in(0, 3);
  const std::vector<float> x = activations(data, rows, layer.k);
  std::vector<float> defined(size_t(rows * layer.n));
  numerics::groupedLinear(layer.weights, x.data(), layer.bias.data(), rows, defined.data());
  const auto rowParts = randomSplit(data, rows);
  const auto panelParts = randomSplit(data, groupedPanels(layer.n));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    const std::vector<float> decoded = onDecoded(table, layer, x, rows);
    if (level.hasFma)
      expectEqual(defined, decoded, level.name);
    GuardedArray<float> in(spread(x, layer.k, inStride), Guarded::Activation);
    GuardedArray<uint8_t> w(layer.packed, Guarded::Constant), z(layer.zeros, Guarded::Constant);
    GuardedArray<float> s(layer.packedScales, Guarded::Constant);
    GuardedArray<float> b(layer.packedBias, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(size_t(rows * outStride), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rowParts)
      for (auto [panelBegin, panelEnd] : panelParts)
        table.grouped_linear_f32(out.get(), in.get(), w.get(), s.get(), z.get(), b.get(), rowBegin,
                                 rowEnd, panelBegin, panelEnd, layer.n, layer.k, layer.group,
                                 inStride, outStride, layer.zeroPoints);
    expectEqual(spread(decoded, layer.n, outStride), out.values(), level.name);
  });
}

/// [NUM-W4-3] and [NUM-W4-4] with two roundings where the level has no FMA; `scales` are the row's.
float dynamicOutput(const LevelInfo &level, const Layer &layer, const int8_t *codes,
                    const float *scales, bool groupScales, int64_t o) {
  const auto step = [&](float a, float b, float c) {
    const float product = a * b;
    return level.hasFma ? numerics::fmaF32(a, b, c) : product + c;
  };
  float acc = 0;
  for (int64_t first = 0; first < layer.k; first += layer.group) {
    int64_t sum = 0;
    for (int64_t i = first; i < std::min(layer.k, first + layer.group); ++i)
      sum += codes[i] * layer.weights.difference(o, i);
    float real = static_cast<float>(sum);
    if (groupScales)
      real *= scales[first / layer.group];
    acc = step(real, layer.weights.scale(o, first), acc);
  }
  return groupScales ? acc + layer.bias[size_t(o)] : step(acc, *scales, layer.bias[size_t(o)]);
}

/// Rows of codes at a stride with zeros up to the next multiple of 8, their scales and sums.
struct QuantizedRows {
  std::vector<int8_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> sums;
};

/// As Numerics defines it; what is behind a row of codes stays 7.
QuantizedRows quantize(const Layer &layer, const std::vector<float> &x, int64_t rows,
                       int64_t stride, const numerics::RowFormat &format) {
  const int64_t k = layer.k, groups = layer.weights.groups();
  const int64_t span = format.groupScales ? layer.group : k;
  QuantizedRows result;
  result.codes.assign(size_t(rows * stride), 7);
  result.sums.resize(size_t(rows * groups));
  for (int64_t r = 0; r < rows; ++r) {
    int8_t *row = result.codes.data() + r * stride;
    for (int64_t first = 0; first < k; first += span)
      result.scales.push_back(
          numerics::quantizeRow(x.data() + r * k + first, std::min(span, k - first), row + first,
                                numerics::mostRowCode(format.bits), format.clip));
    std::fill(row + k, row + (k + 7) / 8 * 8, int8_t(0));
    for (int64_t i = 0; i < k; ++i)
      result.sums[size_t(r * groups + i / layer.group)] += row[i];
  }
  return result;
}

void checkDynamic(uint32_t seed) {
  Data data(seed);
  const Layer layer(data);
  const int64_t rows = data.in(0, 1) ? data.in(1, 9) : data.in(1, 40), k = layer.k;
  numerics::RowFormat format;
  format.bits = data.in(2, 8), format.groupScales = data.in(0, 1);
  format.clip = data.in(0, 1) ? 1.0f : static_cast<float>(data.in(1, 99)) / 100.0f;
  const int32_t most = numerics::mostRowCode(format.bits);
  const int64_t groups = layer.weights.groups(), stride = (k + 7) / 8 * 8 + 8 * data.in(0, 1);
  const int64_t inStride = k + data.in(0, 3), outStride = layer.n + data.in(0, 3);
  const std::vector<float> x = activations(data, rows, k);
  const QuantizedRows quantized = quantize(layer, x, rows, stride, format);
  const std::vector<int8_t> &codes = quantized.codes;
  const std::vector<float> &scales = quantized.scales;
  const std::vector<int32_t> &sums = quantized.sums;
  const int64_t scaleGroups = format.groupScales ? groups : 0;
  std::vector<float> defined(size_t(rows * layer.n));
  numerics::groupedLinearDynamic(layer.weights, x.data(), layer.bias.data(), rows, defined.data(),
                                 format);
  const auto rowParts = randomSplit(data, rows);
  const auto panelParts = randomSplit(data, groupedPanels(layer.n));
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    GuardedArray<float> in(spread(x, k, inStride), Guarded::Activation);
    GuardedArray<int8_t> gc(std::vector<int8_t>(codes.size(), 7), Guarded::Activation);
    GuardedArray<float> gs(std::vector<float>(scales.size()), Guarded::Constant);
    GuardedArray<int32_t> gt(std::vector<int32_t>(sums.size()), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rowParts)
      table.quantize_rows(gc.get(), gs.get(), gt.get(), in.get(), rowBegin, rowEnd, k, layer.group,
                          inStride, stride, most, scaleGroups, format.clip);
    expectEqual(codes, gc.values(), level.name);
    expectEqual(scales, gs.values(), level.name);
    expectEqual(sums, gt.values(), level.name);

    std::vector<float> expected;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t o = 0; o < layer.n; ++o)
        expected.push_back(dynamicOutput(level, layer, codes.data() + r * stride,
                                         scales.data() + r * std::max<int64_t>(1, scaleGroups),
                                         format.groupScales, o));
    if (level.hasFma)
      expectEqual(defined, expected, level.name);
    GuardedArray<uint8_t> w(layer.packed, Guarded::Constant), z(layer.zeros, Guarded::Constant);
    GuardedArray<float> s(layer.packedScales, Guarded::Constant);
    GuardedArray<float> b(layer.packedBias, Guarded::Constant);
    GuardedArray<float> out(std::vector<float>(size_t(rows * outStride), 7.0f), Guarded::Constant);
    for (auto [rowBegin, rowEnd] : rowParts)
      for (auto [panelBegin, panelEnd] : panelParts)
        table.grouped_linear_s8(out.get(), gc.get(), gs.get(), gt.get(), w.get(), s.get(), z.get(),
                                b.get(), rowBegin, rowEnd, panelBegin, panelEnd, layer.n, k,
                                layer.group, stride, outStride, layer.zeroPoints, scaleGroups);
    expectEqual(spread(expected, layer.n, outStride), out.values(), level.name);
  });
}

} // namespace

RC_GTEST_PROP(GroupedLinear, EqualsTheFloatKernelOnDecodedWeights, (uint32_t seed)) {
  checkFloat(seed);
}
RC_GTEST_PROP(GroupedLinear, OnRowsInEightBitsEqualsItsDefinition, (uint32_t seed)) {
  checkDynamic(seed);
}

/// A clipped range saturates on both sides, and only there the least code occurs.
TEST(GroupedLinear, ClippedRowsSaturate) {
  const std::vector<float> x = {-10.0f, 10.0f, 5.2f, -5.2f, 0.3f, -7.4f, 0.0f, 1.0f};
  const std::vector<int8_t> whole = {-7, 7, 4, -4, 0, -5, 0, 1};
  const std::vector<int8_t> clipped = {-8, 7, 7, -7, 0, -8, 0, 1};
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    for (const auto &[clip, expected] : {std::pair(1.0f, whole), std::pair(0.5f, clipped)}) {
      std::vector<int8_t> codes(8);
      float scale = 0;
      int32_t sum = 0;
      table.quantize_rows(codes.data(), &scale, &sum, x.data(), 0, 1, 8, 8, 8, 8, /*most=*/7, 0,
                          clip);
      EXPECT_EQ(codes, expected) << level.name;
      EXPECT_EQ(scale, 10.0f * clip / 7.0f) << level.name;
    }
  });
}

/// The longest group with the largest products: sums of 2^16 * 127 * 15 stay within 32 bits.
TEST(GroupedLinear, LongestGroupAtItsLimits) {
  constexpr int64_t k = 1 << 16;
  const std::vector<uint8_t> codes(k / 2, 0xff);
  const std::vector<float> scales = {0x1p-20f};
  std::vector<float> x(k, 1.0f);
  x[0] = -1.0f;
  numerics::GroupedWeights w;
  w.outputs = 1, w.inputs = w.group = k, w.codes = codes.data(), w.scales = scales.data();
  float defined = 0;
  numerics::groupedLinearDynamic(w, x.data(), nullptr, 1, &defined, {});
  const int64_t exact = int64_t(k - 2) * 127 * 15;
  ASSERT_EQ(defined, static_cast<float>(exact) * 0x1p-20f * (1.0f / 127.0f));
  std::vector<uint8_t> packed(packedNibblesSize(1, k));
  packNibbles(1, k, codes.data(), 0, packed.data());
  std::vector<float> packedScales(32, scales[0]), bias(32);
  const uint8_t zero = 0;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<int8_t> row(k);
    float rowScale = 0, out = 0;
    int32_t sum = 0;
    table.quantize_rows(row.data(), &rowScale, &sum, x.data(), 0, 1, k, k, k, k, /*most=*/127, 0,
                        1.0f);
    EXPECT_EQ(sum, (k - 2) * 127);
    table.grouped_linear_s8(&out, row.data(), &rowScale, &sum, packed.data(), packedScales.data(),
                            &zero, bias.data(), 0, 1, 0, 1, 1, k, k, k, 1, 0, 0);
    EXPECT_EQ(out, defined) << level.name;
  });
}

/// Packing moves each code to one place: codes that name their column and k come back.
TEST(GroupedLinear, OneHotRowsReturnColumns) {
  constexpr int64_t n = 45, k = 43;
  std::vector<uint8_t> codes(n * ((k + 1) / 2));
  for (int64_t o = 0; o < n; ++o)
    for (int64_t i = 0; i < k; ++i)
      codes[size_t(o * ((k + 1) / 2) + i / 2)] |=
          static_cast<uint8_t>((o * 7 + i * 3) % 16 << i % 2 * 4);
  std::vector<uint8_t> packed(packedNibblesSize(n, k));
  packNibbles(n, k, codes.data(), 0, packed.data());
  std::vector<float> scales(groupedPanels(n) * 32, 1.0f), bias(groupedPanels(n) * 32);
  const uint8_t zero = 0;
  std::vector<float> x(k * k);
  for (int64_t i = 0; i < k; ++i)
    x[size_t(i * k + i)] = 1;
  forEachLevel([&](const LevelInfo &level, const KernelTable &table) {
    std::vector<float> out(k * n);
    table.grouped_linear_f32(out.data(), x.data(), packed.data(), scales.data(), &zero, bias.data(),
                             0, k, 0, groupedPanels(n), n, k, k, k, n, 0);
    for (int64_t i = 0; i < k; ++i)
      for (int64_t o = 0; o < n; ++o)
        ASSERT_EQ(out[size_t(i * n + o)], float((o * 7 + i * 3) % 16)) << level.name;
  });
}
