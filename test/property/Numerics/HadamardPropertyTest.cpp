//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Properties of Walsh-Hadamard transforms over random sizes that have a plan: integers against
// plain sums of 64 bits, floats against integers, and the same bits at every vector width.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Hadamard.h"
#include "quantc/Numerics/HadamardStages.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <vector>

using namespace quantc::numerics;

namespace {

[[maybe_unused]] const int kConfigured = setenv("RC_PARAMS", "max_success=300", /*overwrite=*/0);

/// Plans for up to 1200 elements, of either choice, in up to three blocks.
rc::Gen<HadamardPlan> plans() {
  auto planOf = [](const std::tuple<int, bool, int> &t) {
    HadamardOptions options;
    options.choice = std::get<1>(t) ? HadamardChoice::OneFactor : HadamardChoice::FewestAdditions;
    HadamardPlanning planning = planHadamard(std::get<0>(t), options);
    return planning ? planning.plan->inBlocks(std::get<2>(t)) : HadamardPlan{0, 1, {}, 0};
  };
  return rc::gen::suchThat(
      rc::gen::map(rc::gen::tuple(rc::gen::inRange(1, 1200), rc::gen::arbitrary<bool>(),
                                  rc::gen::inRange(1, 4)),
                   planOf),
      [](const HadamardPlan &plan) { return plan.size > 0; });
}

HadamardDirection direction() {
  return *rc::gen::element(HadamardDirection::Forward, HadamardDirection::Inverse);
}

SignMatrix matrixOf(const HadamardPlan &plan) {
  SignMatrix matrix = *sylvester(1);
  for (const HadamardFactor &factor : plan.factors)
    matrix = kronecker(matrix, factor.matrix());
  return kronecker(matrix, *sylvester(int64_t(1) << plan.log2));
}

std::vector<int32_t> codes(size_t count) {
  return *rc::gen::container<std::vector<int32_t>>(count, rc::gen::inRange(-255, 256));
}

// [NUM-HAD-9] and [NUM-HAD-8] in float64, where sums of codes are exact.
RC_GTEST_PROP(HadamardProperty, SumsAreThoseOfTheMatrix, ()) {
  HadamardPlan plan = *plans();
  HadamardDirection way = direction();
  auto n = static_cast<size_t>(plan.channels());
  std::vector<int8_t> signs = randomSigns(plan.channels(), *rc::gen::inRange(0, 1000));
  std::vector<int32_t> x = codes(n), y = x;
  std::vector<double> wide(x.begin(), x.end());
  Hadamard transform(plan, signs);
  transform.sums(y.data(), 1, way);
  transform.apply(wide.data(), 1, way);
  SignMatrix h = matrixOf(plan);
  double scale = 1 / std::sqrt(static_cast<double>(plan.size));
  for (int64_t at = 0; at < plan.channels(); ++at) {
    int64_t base = at / plan.size * plan.size, j = at % plan.size, sum = 0;
    for (int64_t i = 0; i < plan.size; ++i) {
      bool inverse = way == HadamardDirection::Inverse;
      int64_t sign = inverse ? h.at(j, i) * signs[static_cast<size_t>(at)]
                             : h.at(i, j) * signs[static_cast<size_t>(base + i)];
      sum += sign * x[static_cast<size_t>(base + i)];
    }
    RC_ASSERT(y[static_cast<size_t>(at)] == sum);
    RC_ASSERT(wide[static_cast<size_t>(at)] == static_cast<double>(sum) * scale);
    RC_ASSERT(hadamardSumRange(plan.size, {-255, 255}).contains(sum));
  }
}

// Floats of small integers are exact up to the one rounding of the normalisation.
RC_GTEST_PROP(HadamardProperty, FloatsOfCodesRoundOnce, ()) {
  HadamardPlan plan = *plans();
  HadamardDirection way = direction();
  auto inner = static_cast<size_t>(*rc::gen::inRange(1, 20));
  std::vector<int32_t> x = codes(static_cast<size_t>(plan.channels()) * inner);
  std::vector<float> y(x.begin(), x.end());
  Hadamard transform(plan);
  transform.sums(x.data(), 1, way, inner);
  transform.apply(y.data(), 1, way, inner);
  auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(plan.size)));
  for (size_t i = 0; i < x.size(); ++i)
    RC_ASSERT(y[i] == static_cast<float>(x[i]) * scale);
}

template <size_t W>
std::vector<float> stages(std::vector<float> x, const HadamardPlan &plan, size_t inner) {
  const size_t length = size_t(1) << plan.log2;
  for (size_t i = 0; i < x.size(); i += length * inner)
    hadamardButterflies<float, W>(x.data() + i, length, inner);
  size_t stride = length * inner;
  for (size_t f = plan.factors.size(); f-- > 0;) {
    const HadamardFactor &factor = plan.factors[f];
    auto order = static_cast<size_t>(factor.order);
    std::vector<uint8_t> packed = packHadamardCodes(factor.matrix());
    std::vector<float> scratch(hadamardScratch(order, W));
    for (size_t i = 0; i < x.size(); i += order * stride)
      hadamardDense<float, W>(x.data() + i, order, stride, packed.data(), scratch.data());
    stride *= order;
  }
  return x;
}

// [NUM-HAD-5] [NUM-HAD-6] The width of vectors shows in no bit.
RC_GTEST_PROP(HadamardProperty, WidthChangesNoBit, ()) {
  HadamardPlan plan = *plans();
  plan.blocks = 1;
  auto inner = static_cast<size_t>(*rc::gen::element(1, 2, 3, 8, 16, 40));
  std::vector<float> x(static_cast<size_t>(plan.size) * inner);
  for (float &v : x)
    v = std::ldexp(static_cast<float>(*rc::gen::inRange(-(1 << 24), 1 << 24)),
                   *rc::gen::inRange(-30, 10));
  std::vector<float> narrow = stages<8>(x, plan, inner), usual = stages<16>(x, plan, inner),
                     wide = stages<32>(x, plan, inner);
  RC_ASSERT(std::memcmp(narrow.data(), usual.data(), x.size() * sizeof(float)) == 0);
  RC_ASSERT(std::memcmp(narrow.data(), wide.data(), x.size() * sizeof(float)) == 0);
}

// [NUM-HAD-10] Codes are within 1/2 and 2^-23 of the real transform.
RC_GTEST_PROP(HadamardProperty, RequantizedSumsAreNearTheRealOnes, ()) {
  HadamardPlan plan = *plans();
  double inScale = *rc::gen::inRange(1, 1000) * 1e-4, outScale = *rc::gen::inRange(1, 1000) * 1e-4;
  std::optional<Dyadic> scale = hadamardScale(plan.size, inScale, outScale);
  RC_ASSERT(scale.has_value());
  std::vector<int32_t> x = codes(static_cast<size_t>(plan.channels()));
  std::vector<double> real(x.begin(), x.end());
  Hadamard transform(plan);
  transform.sums(x.data(), 1);
  transform.apply(real.data(), 1);
  for (size_t i = 0; i < x.size(); ++i) {
    double exact = real[i] * inScale / outScale;
    RC_ASSERT(std::fabs(static_cast<double>(requantize(x[i], *scale)) - exact) <=
              0.5 + std::fabs(exact) * (0x1p-23 + 0x1p-48));
  }
}

} // namespace
