//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// dyad.requantize, add, mul and lookup against wide integers, at the limits of their types.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

using namespace quantc;
using namespace quantc::test;

namespace {

__extension__ typedef __int128 Wide;

class DyadElementwise : public RunText {};

/// v / 2^s rounded, from the definition: nearest with a rule for ties, or truncation.
int64_t divideByPower(Wide v, int s, const std::string &rounding) {
  Wide power = Wide(1) << s, floor = v >= 0 ? v / power : -((-v + power - 1) / power);
  Wide rest = v - floor * power;
  bool up = false;
  if (rounding == "half_up")
    up = 2 * rest >= power;
  else if (rounding == "half_even")
    up = 2 * rest > power || (2 * rest == power && floor % 2 != 0);
  else if (rounding == "half_away")
    up = 2 * rest > power || (2 * rest == power && v > 0);
  else if (rounding == "toward_zero")
    up = v < 0 && rest != 0;
  return static_cast<int64_t>(floor + (up ? 1 : 0));
}

int32_t requantizeOracle(int64_t acc, int64_t m, int s, int64_t zp, int64_t lo, int64_t hi,
                         const std::string &rounding = "half_up") {
  int64_t v = divideByPower(Wide(acc) * m, s, rounding) + zp;
  return static_cast<int32_t>(v < lo ? lo : v > hi ? hi : v);
}

std::string requantizeText(const Sizes &shape, const Sizes &scales, const std::string &in,
                           const std::string &out, int64_t lo, int64_t hi,
                           const std::string &rounding = "half_up") {
  return oneOp("dyad.requantize " + operandList(5) + " {clamp_lo = " + std::to_string(lo) +
                   " : i32, clamp_hi = " + std::to_string(hi) + " : i32" +
                   (rounding == "half_up" ? ""
                                          : ", rounding = " +
                                                std::to_string(rounding == "half_even"     ? 1
                                                               : rounding == "half_away"   ? 2
                                                               : rounding == "toward_zero" ? 3
                                                                                           : 4) +
                                                " : i32") +
                   "}",
               {tensorType(shape, in), "tensor<" + in + ">", tensorType(scales, "si32"),
                tensorType(scales, "si32"), "tensor<" + out + ">"},
               tensorType(shape, out));
}

/// Accumulators around ties, saturation and the limits of the type.
std::vector<int32_t> interestingAccumulators(std::mt19937 &rng, int64_t n, int s) {
  std::vector<int32_t> acc = {0, 1, -1, INT32_MAX, INT32_MIN, INT32_MAX - 1, INT32_MIN + 1};
  if (s <= 31)
    for (int64_t tie :
         {int64_t(1) << (s - 1), -(int64_t(1) << (s - 1)), 3 * (int64_t(1) << (s - 1))})
      if (tie >= INT32_MIN && tie <= INT32_MAX)
        acc.push_back(static_cast<int32_t>(tie));
  std::uniform_int_distribution<int> bits(0, 31);
  std::uniform_int_distribution<uint32_t> any;
  while (static_cast<int64_t>(acc.size()) < n)
    acc.push_back(static_cast<int32_t>(any(rng)) >> bits(rng));
  return acc;
}

TEST_F(DyadElementwise, RequantizeEqualsWideIntegers) {
  std::mt19937 rng(10);
  std::uniform_int_distribution<int32_t> multiplier(1 << 22, (1 << 23) - 1);
  for (const char *rounding : {"half_up", "half_even", "half_away", "toward_zero", "floor"})
    for (int s : {1, 2, 8, 23, 24, 30, 31, 32, 40, 61, 62}) {
      int32_t m = 2 * multiplier(rng) + 1, zp = 113;
      auto acc = interestingAccumulators(rng, 200, s);
      auto results = run(requantizeText({200}, {}, "si32", "ui8", 3, 250, rounding),
                         {tensor({200}, acc), scalar<int32_t>(0), scalar(m), scalar<int32_t>(s),
                          scalar<uint8_t>(static_cast<uint8_t>(zp))});
      ASSERT_EQ(results.size(), 1u);
      for (size_t i = 0; i < acc.size(); ++i)
        ASSERT_EQ(results[0].values<uint8_t>()[i],
                  requantizeOracle(acc[i], m, s, zp, 3, 250, rounding))
            << "acc " << acc[i] << " m " << m << " s " << s << " " << rounding;
    }
}

TEST_F(DyadElementwise, RequantizeSubtractsTheInputZeroPointIn64Bits) {
  auto results = run(requantizeText({2}, {}, "si32", "si32", INT32_MIN, INT32_MAX),
                     {tensor<int32_t>({2}, {INT32_MIN, INT32_MAX}), scalar<int32_t>(INT32_MAX),
                      scalar<int32_t>((1 << 23) + 1), scalar<int32_t>(24), scalar<int32_t>(0)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(
      results[0].values<int32_t>()[0],
      requantizeOracle(int64_t(INT32_MIN) - INT32_MAX, (1 << 23) + 1, 24, 0, INT32_MIN, INT32_MAX));
  EXPECT_EQ(results[0].values<int32_t>()[1], 0);
}

TEST_F(DyadElementwise, RequantizePerChannelBroadcasts) {
  std::mt19937 rng(11);
  std::vector<int32_t> m = {(1 << 23) + 1, (1 << 24) - 1, 12345679}, s = {24, 33, 28};
  auto acc = randomIntegers<int32_t>(rng, 2 * 3 * 2 * 5, -100000, 100000);
  auto results = run(requantizeText({2, 3, 2, 5}, {3, 1, 1}, "si32", "si8", -128, 127),
                     {tensor({2, 3, 2, 5}, acc), scalar<int32_t>(0), tensor({3, 1, 1}, m),
                      tensor({3, 1, 1}, s), scalar<int8_t>(-7)});
  ASSERT_EQ(results.size(), 1u);
  for (size_t i = 0; i < acc.size(); ++i) {
    size_t c = i / 10 % 3;
    EXPECT_EQ(results[0].values<int8_t>()[i], requantizeOracle(acc[i], m[c], s[c], -7, -128, 127));
  }
}

// Every 8-bit value to every narrower type: 4 and 2 bits, signed and unsigned.
TEST_F(DyadElementwise, RequantizeToNarrowTypes) {
  std::vector<uint8_t> x(256);
  for (int i = 0; i < 256; ++i)
    x[i] = static_cast<uint8_t>(i);
  struct Type {
    const char *name;
    int lo, hi, zp;
  };
  for (Type type : {Type{"si4", -8, 7, -1}, Type{"ui4", 0, 15, 8}, Type{"si2", -2, 1, 0},
                    Type{"ui2", 0, 3, 1}}) {
    std::string out = type.name;
    std::string text =
        "func.func @main(%x: tensor<256xui8>) -> tensor<256x" + out + "> {\n" +
        "%zi = dyad.constant dense<100> : tensor<ui8>\n"
        "%m = dyad.constant dense<8388609> : tensor<si32>\n"
        "%s = dyad.constant dense<27> : tensor<si32>\n"
        "%zo = dyad.constant dense<" +
        std::to_string(type.zp) + "> : tensor<" + out +
        ">\n%r = dyad.requantize %x, %zi, %m, %s, %zo {clamp_lo = " + std::to_string(type.lo) +
        " : i32, clamp_hi = " + std::to_string(type.hi) +
        " : i32} : (tensor<256xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, "
        "tensor<" +
        out + ">) -> tensor<256x" + out + ">\nreturn %r : tensor<256x" + out + ">\n}";
    auto results = run(text, {tensor({256}, x)});
    ASSERT_EQ(results.size(), 1u);
    for (int i = 0; i < 256; ++i)
      EXPECT_EQ(results[0].asInt(i),
                requantizeOracle(i - 100, (1 << 23) + 1, 27, type.zp, type.lo, type.hi))
          << out << " of " << i;
  }
}

TEST_F(DyadElementwise, RequantizeRefusesIllegalRunTimeParameters) {
  for (auto [m, s] : {std::pair{8388608, 20},
                      {8388610, 20},
                      {16777217, 20},
                      {0, 20},
                      {8388609, 0},
                      {8388609, 63},
                      {-8388609, 20}}) {
    std::string message = errorOf(requantizeText({1}, {}, "si32", "ui8", 0, 255),
                                  {tensor<int32_t>({1}, {1}), scalar<int32_t>(0),
                                   scalar<int32_t>(m), scalar<int32_t>(s), scalar<uint8_t>(0)});
    EXPECT_NE(message.find("[DYAD-REQ-3]"), std::string::npos) << m << " " << s << ": " << message;
  }
}

//===----------------------------------------------------------------------===//
// add, mul
//===----------------------------------------------------------------------===//

std::string addText(const Sizes &a, const Sizes &b, const Sizes &result, const std::string &element,
                    int lo, int hi) {
  std::string zp = "tensor<" + element + ">";
  return oneOp("dyad.add " + operandList(8) + " {clamp_lo = " + std::to_string(lo) +
                   " : i32, clamp_hi = " + std::to_string(hi) + " : i32}",
               {tensorType(a, element), tensorType(b, element), zp, zp, "tensor<si32>",
                "tensor<si32>", "tensor<si32>", zp},
               tensorType(result, element));
}

// All 65536 pairs of 8-bit values, with the largest multipliers and a difference.
TEST_F(DyadElementwise, AddIsExactOnEveryPair) {
  std::vector<uint8_t> column(256), row(256);
  for (int i = 0; i < 256; ++i)
    column[i] = row[i] = static_cast<uint8_t>(i);
  struct Params {
    int ma, mb, s, za, zb, zo;
  };
  constexpr int most = (1 << 21) - 1;
  for (Params p : {Params{most, most, 30, 0, 0, 0}, Params{most, -most, 20, 0, 255, 128},
                   Params{-most, -most, 29, 255, 0, 255}, Params{1, 1, 1, 3, 250, 7},
                   Params{1234567, 654321, 21, 128, 17, 100}}) {
    auto results = run(
        addText({256, 1}, {256}, {256, 256}, "ui8", 5, 250),
        {tensor({256, 1}, column), tensor({256}, row), scalar<uint8_t>(static_cast<uint8_t>(p.za)),
         scalar<uint8_t>(static_cast<uint8_t>(p.zb)), scalar<int32_t>(p.ma), scalar<int32_t>(p.mb),
         scalar<int32_t>(p.s), scalar<uint8_t>(static_cast<uint8_t>(p.zo))});
    ASSERT_EQ(results.size(), 1u);
    for (int a = 0; a < 256; ++a)
      for (int b = 0; b < 256; ++b) {
        Wide sum = Wide(a - p.za) * p.ma + Wide(b - p.zb) * p.mb;
        int64_t v = divideByPower(sum, p.s, "half_up") + p.zo;
        ASSERT_EQ(results[0].values<uint8_t>()[a * 256 + b], v < 5     ? 5
                                                             : v > 250 ? 250
                                                                       : v)
            << a << " " << b;
      }
  }
}

TEST_F(DyadElementwise, AddRefusesIllegalRunTimeParameters) {
  for (auto [m, s] : {std::pair{1 << 21, 20}, {-(1 << 21), 20}, {5, 0}, {5, 31}}) {
    std::string message = errorOf(addText({1}, {1}, {1}, "si8", -128, 127),
                                  {tensor<int8_t>({1}, {1}), tensor<int8_t>({1}, {1}),
                                   scalar<int8_t>(0), scalar<int8_t>(0), scalar<int32_t>(m),
                                   scalar<int32_t>(1), scalar<int32_t>(s), scalar<int8_t>(0)});
    EXPECT_NE(message.find("[DYAD-ADD-2]"), std::string::npos) << message;
  }
}

TEST_F(DyadElementwise, MulIsExactOnEveryPairAndBroadcastsPerChannel) {
  std::vector<int8_t> all(256);
  for (int i = 0; i < 256; ++i)
    all[i] = static_cast<int8_t>(i - 128);
  auto results = run(oneOp("dyad.mul " + operandList(4),
                           {"tensor<2x256x1xsi8>", "tensor<256xsi8>", "tensor<si8>", "tensor<si8>"},
                           "tensor<2x256x256xsi32>"),
                     {tensor({2, 256, 1},
                             [&] {
                               auto twice = all;
                               twice.insert(twice.end(), all.begin(), all.end());
                               return twice;
                             }()),
                      tensor({256}, all), scalar<int8_t>(127), scalar<int8_t>(-128)});
  ASSERT_EQ(results.size(), 1u);
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t a = 0; a < 256; ++a)
      for (int64_t b = 0; b < 256; ++b)
        ASSERT_EQ(results[0].values<int32_t>()[(n * 256 + a) * 256 + b],
                  (a - 128 - 127) * (b - 128 + 128));
}

//===----------------------------------------------------------------------===//
// lookup
//===----------------------------------------------------------------------===//

TEST_F(DyadElementwise, LookupStartsAtTheLeastValue) {
  std::vector<int8_t> in(256), table(256);
  for (int i = 0; i < 256; ++i) {
    in[i] = static_cast<int8_t>(i - 128);
    table[i] = static_cast<int8_t>(127 - i);
  }
  auto results =
      run(oneOp("dyad.lookup %a0, %a1", {"tensor<256xsi8>", "tensor<256xsi8>"}, "tensor<256xsi8>"),
          {tensor({256}, in), tensor({256}, table)});
  ASSERT_EQ(results.size(), 1u);
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(results[0].values<int8_t>()[i], 127 - i);
  std::vector<uint8_t> bytes(256);
  for (int i = 0; i < 256; ++i)
    bytes[i] = static_cast<uint8_t>(i);
  results =
      run(oneOp("dyad.lookup %a0, %a1", {"tensor<256xui8>", "tensor<256xsi8>"}, "tensor<256xsi8>"),
          {tensor({256}, bytes), tensor({256}, table)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<int8_t>(results[0]), table);
}

} // namespace
