//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Properties of the arithmetic over inputs that RapidCheck generates and shrinks. The references
// work on exact rationals in 128 bits or enumerate.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Accumulator.h"
#include "quantc/Numerics/Add.h"
#include "quantc/Numerics/Epilogue.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Numerics/StepTable.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstdlib>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <vector>

using namespace quantc::numerics;

namespace {

/// More cases than RapidCheck's 100, unless the environment says otherwise.
[[maybe_unused]] const int kConfigured = setenv("RC_PARAMS", "max_success=5000", /*overwrite=*/0);

rc::Gen<Dyadic> dyadics(int lo = kMinShift, int hi = kMaxShift) {
  return rc::gen::map(
      rc::gen::pair(rc::gen::inRange(0, 1 << 22), rc::gen::inRange(lo, hi + 1)),
      [](const std::pair<int, int> &p) { return Dyadic{kMinMultiplier + 2 * p.first, p.second}; });
}

/// Accumulators of every magnitude.
rc::Gen<int32_t> accumulators() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<int32_t>(), rc::gen::inRange(0, 32)),
                      [](const std::pair<int32_t, int> &p) {
                        return static_cast<int32_t>(static_cast<uint32_t>(p.first) *
                                                    UINT32_C(2654435761)) >>
                               p.second;
                      });
}

struct Output {
  int32_t zp, lo, hi;
};
rc::Gen<Output> outputs() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(2, 17), rc::gen::arbitrary<bool>(),
                                     rc::gen::arbitrary<uint32_t>()),
                      [](const std::tuple<int, bool, uint32_t> &t) {
                        auto bits = static_cast<unsigned>(std::get<0>(t));
                        IntRange type = IntRange::ofType(std::get<1>(t), bits);
                        int64_t zp = type.lo + std::get<2>(t) % (UINT32_C(1) << bits);
                        return Output{static_cast<int32_t>(zp), static_cast<int32_t>(type.lo),
                                      static_cast<int32_t>(type.hi)};
                      });
}

// [NUM-REQ-3] |2 (y 2^s - acc m)| <= 2^s: y is a nearest integer, ties up.
RC_GTEST_PROP(RequantizeProperty, IsNearestHalfUp, ()) {
  Dyadic d = *dyadics();
  int64_t acc = *accumulators();
  int128_t one = int128_t(1) << d.shift;
  int128_t twice = 2 * (requantize(acc, d) * one - int128_t(acc) * d.multiplier);
  RC_ASSERT(twice <= one);
  RC_ASSERT(twice > -one);
}

// [NUM-REQ-4]
RC_GTEST_PROP(RequantizeProperty, IsMonotoneAndWithinItsRange, ()) {
  Dyadic d = *dyadics();
  Output out = *outputs();
  int32_t a = *accumulators(), b = *accumulators();
  int32_t y = requantizeClamp(std::min(a, b), d, out.zp, out.lo, out.hi);
  int32_t z = requantizeClamp(std::max(a, b), d, out.zp, out.lo, out.hi);
  RC_ASSERT(out.lo <= y && y <= z && z <= out.hi);
}

// [NUM-REQ-2] Within 2^-23 of the real scale, so 8-bit results are off by at most one step, and
// only near a tie.
RC_GTEST_PROP(RequantizeProperty, StaysCloseToTheRealScale, ()) {
  Dyadic d = *dyadics();
  double real = value(d) * (1 + *rc::gen::inRange(-1000, 1001) * 0x1p-40);
  std::optional<Dyadic> made = makeDyadic(real);
  RC_PRE(made.has_value());
  RC_ASSERT(isLegal(*made));
  RC_ASSERT(std::fabs(value(*made) - real) <= std::ldexp(real, -23));
}

// [NUM-EPI-1..5]
RC_GTEST_PROP(EpilogueProperty, ProvenFormEqualsInteger, ()) {
  Dyadic d = *dyadics();
  Output out = *outputs();
  int32_t a = *accumulators(), b = *accumulators();
  IntRange range(std::min(a, b), std::max(a, b));
  bool hasFma = *rc::gen::arbitrary<bool>();
  EpilogueForm form = provenForm(range, d, out.zp, out.lo, out.hi, hasFma);
  EpilogueProof proof = proveForm(form, range, d, out.zp, out.lo, out.hi);
  RC_ASSERT(proof.exact);
  RC_TAG(std::string(stringifyEpilogueForm(form)));
  std::vector<int64_t> values = {range.lo, range.hi, range.lo / 2 + range.hi / 2};
  if (auto steps = dyadicSteps(d, out.zp, out.lo, out.hi, range))
    for (size_t i = 0; i < steps->size(); i += 1 + steps->size() / 8)
      values.insert(values.end(), {(*steps)[i] - 1, (*steps)[i]});
  for (int64_t v : values) {
    auto acc = static_cast<int32_t>(v);
    RC_ASSERT(runEpilogue(form, proof, acc, d, out.zp, out.lo, out.hi) ==
              requantizeClamp(acc, d, out.zp, out.lo, out.hi));
  }
}

// [NUM-STEP-1]
RC_GTEST_PROP(StepProperty, StepsSeparateOutputs, ()) {
  Dyadic d = *dyadics();
  int32_t a = *accumulators(), b = *accumulators();
  IntRange range(std::min(a, b), std::max(a, b));
  auto f = [&](int64_t acc) { return requantizeClamp(acc, d, 11, 0, 255); };
  auto steps = requantizeSteps(f, range);
  RC_ASSERT(steps.has_value());
  RC_ASSERT(steps == dyadicSteps(d, 11, 0, 255, range));
  for (size_t i = 0; i < steps->size(); ++i) {
    int64_t output = f(range.lo) + 1 + static_cast<int64_t>(i);
    RC_ASSERT(f((*steps)[i]) >= output && f((*steps)[i] - 1) < output);
  }
}

// [NUM-ADD-3] Off from the real sum by at most half a step and the error of the multipliers.
RC_GTEST_PROP(AddProperty, StaysCloseToTheRealSum, ()) {
  double ra = std::exp2(*rc::gen::inRange(-900, 400) / 100.0);
  double rb = std::exp2(*rc::gen::inRange(-900, 400) / 100.0);
  std::optional<AddParams> p = makeAdd(ra, rb);
  RC_ASSERT(p.has_value());
  int32_t a = *rc::gen::inRange(-255, 256), b = *rc::gen::inRange(-255, 256);
  double bound = 0.5 + (std::abs(a) + std::abs(b)) * std::ldexp(1.0, -p->shift - 1) + 1e-9;
  int32_t y = addRequantize(a, b, *p, 0, INT32_MIN, INT32_MAX);
  RC_ASSERT(std::fabs(y - (a * ra + b * rb)) <= bound);
}

// [NUM-ACC-1] [NUM-ACC-2] Any input lies in the range, and the two extreme inputs attain it.
RC_GTEST_PROP(AccumulatorProperty, RangeHoldsAndIsAttained, (const std::vector<int8_t> &w)) {
  int64_t zp = *rc::gen::inRange(0, 256);
  IntRange x(-zp, 255 - zp);
  int64_t bias = *accumulators();
  IntRange range = accumulatorRange(w.data(), w.size(), bias, x);
  int64_t some = bias, low = bias, high = bias;
  for (int8_t v : w) {
    some += v * (x.lo + *rc::gen::inRange<int64_t>(0, 256));
    low += v * (v > 0 ? x.lo : x.hi);
    high += v * (v > 0 ? x.hi : x.lo);
  }
  RC_ASSERT(range.contains(some));
  RC_ASSERT(range == IntRange(low, high));
  int64_t bound = prefixBound(w.data(), w.size(), bias, x);
  RC_ASSERT(IntRange(-bound, bound).contains(range));
}

// [NUM-QNT-1] [NUM-QNT-3] A real within the calibrated range comes back within half a step, but for
// the half step that rounding the zero point may cut off at one end.
RC_GTEST_PROP(QuantizeProperty, RealsComeBackWithinHalfAStep, ()) {
  float a = static_cast<float>(*rc::gen::inRange(-100000, 100001)) / 997.0f;
  float b = static_cast<float>(*rc::gen::inRange(-100000, 100001)) / 997.0f;
  float lo = std::min(a, b), hi = std::max(a, b);
  std::optional<QuantParams> p = chooseParams(lo, hi, -128, 127);
  RC_ASSERT(p.has_value());
  float x = lo + (hi - lo) * static_cast<float>(*rc::gen::inRange(0, 1001)) / 1000.0f;
  x = std::min(std::max(x, lo), hi);
  int32_t q = quantizeLinear(x, p->scale, p->zeroPoint, -128, 127);
  double back = dequantizeLinear(q, p->scale, p->zeroPoint);
  double steps = q == -128 || q == 127 ? 1.0 : 0.5;
  RC_ASSERT(std::fabs(back - x) <= steps * p->scale * (1 + 1e-4));
}

// [NUM-WGT-3] [NUM-WGT-8] No accumulator of a quantized channel passes 2^31, and its error is that
// of rounding; codes of one bit are signs.
RC_GTEST_PROP(WeightProperty, BoundHolds, ()) {
  size_t n = *rc::gen::inRange<size_t>(1, 60);
  double size = std::exp2(*rc::gen::inRange(-120, 10));
  std::vector<float> w(n);
  for (float &v : w)
    v = static_cast<float>(*rc::gen::inRange(-1000, 1001) * size / 1000);
  auto bias = static_cast<float>(*rc::gen::inRange(-1000, 1001) / 100.0);
  IntRange x(-128, 127);
  int bits = *rc::gen::inRange(1, 17);
  auto c = quantizeWeightChannel(w.data(), n, bias, 0.03f, x, bits);
  RC_ASSERT(c.has_value());
  std::vector<int32_t> codes(c->q.begin(), c->q.end());
  int64_t bound = prefixBound(codes.data(), n, c->bias, x);
  RC_ASSERT(bound < INT64_C(1) << 31);
  RC_ASSERT(c->withinSoftLimit == (bound < INT64_C(1) << 24));
  for (size_t k = 0; k < n; ++k)
    if (bits == 1)
      RC_ASSERT(codes[k] == (w[k] < 0 ? -1 : 1));
    else
      // Half a step, and the rounding of w / scale to float32, which codes of 16 bits show.
      RC_ASSERT(std::fabs(w[k] - double(c->scale) * codes[k]) <=
                (0.5 + (std::abs(codes[k]) + 1) * std::ldexp(1.0, -24)) * c->scale);
}

} // namespace
