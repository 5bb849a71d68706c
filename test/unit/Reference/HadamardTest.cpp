//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn.hadamard and dyad.hadamard against products with the plan's matrix, and sums that leave 32
// bits.
//
//===----------------------------------------------------------------------===//

#include "RunText.h"

#include "quantc/Numerics/Hadamard.h"
#include <cmath>

using namespace quantc;
using namespace quantc::test;

namespace {

class HadamardOps : public RunText {};

/// Entry (i, j) of the matrix of +-1 for vectors of `size` elements, transposed for the inverse.
class Signs {
public:
  Signs(int64_t size, bool inverse) : size(size), inverse(inverse) {
    root = std::sqrt(static_cast<double>(size));
    matrix = numerics::Hadamard(*numerics::planHadamard(size).plan).matrix();
  }
  int at(int64_t i, int64_t j) const {
    double entry = matrix[inverse ? j * size + i : i * size + j];
    return entry * root > 0 ? 1 : -1;
  }

private:
  int64_t size;
  bool inverse;
  double root;
  std::vector<double> matrix;
};

/// size, blocks, inner
const Sizes shapes[] = {{1, 3, 1}, {2, 1, 5}, {8, 2, 1}, {12, 1, 1}, {24, 2, 3}, {40, 1, 2}};

std::string attributes(const Sizes &shape, bool inverse) {
  return " {size = " + std::to_string(shape[0]) + " : i64, inner = " + std::to_string(shape[2]) +
         " : i64" + (inverse ? ", inverse" : "");
}

// [NUM-HAD-9]
TEST_F(HadamardOps, SumsEqualPlainLoops) {
  std::mt19937 rng(3);
  for (const Sizes &shape : shapes)
    for (bool inverse : {false, true}) {
      auto [size, blocks, inner] = std::tuple(shape[0], shape[1], shape[2]);
      int64_t axis = size * blocks * inner;
      auto x = randomIntegers<int8_t>(rng, 2 * axis, -128, 127);
      std::string text =
          oneOp("dyad.hadamard " + operandList(2) + attributes(shape, inverse) + "}",
                {tensorType({-1, axis}, "si8"), "tensor<si8>"}, tensorType({-1, axis}, "si32"));
      auto results = run(text, {tensor({2, axis}, x), scalar<int8_t>(-5)});
      ASSERT_EQ(results.size(), 1u);
      Signs signs(size, inverse);
      std::vector<int32_t> expected(x.size());
      for (int64_t v = 0; v < 2 * blocks; ++v)
        for (int64_t c = 0; c < inner; ++c)
          for (int64_t j = 0; j < size; ++j)
            for (int64_t i = 0; i < size; ++i)
              expected[(v * size + j) * inner + c] +=
                  (x[(v * size + i) * inner + c] + 5) * signs.at(i, j);
      ASSERT_EQ(valuesOf<int32_t>(results[0]), expected) << text;
    }
}

// [NUM-HAD-7] [NUM-HAD-8] Small integers make the sums exact: one rounding is left.
TEST_F(HadamardOps, FloatsEqualPlainLoops) {
  std::mt19937 rng(4);
  for (const Sizes &shape : shapes)
    for (bool inverse : {false, true})
      for (bool random : {false, true}) {
        auto [size, blocks, inner] = std::tuple(shape[0], shape[1], shape[2]);
        int64_t axis = size * blocks * inner;
        std::vector<float> x;
        for (int v : randomIntegers<int>(rng, 2 * axis, -100, 100))
          x.push_back(static_cast<float>(v));
        std::string type = tensorType({2, axis}, "f32");
        std::string text = "func.func @main(%x: " + type + ") -> " + type +
                           " {\n  %r = qnn.hadamard %x" + attributes(shape, inverse) +
                           (random ? ", sign_seed = 11 : i64}" : "}") + " : " + type +
                           "\n  return %r : " + type + "\n}\n";
        auto results = run(text, {tensor({2, axis}, x)});
        ASSERT_EQ(results.size(), 1u);
        Signs signs(size, inverse);
        std::vector<int8_t> flips(size * blocks, 1);
        if (random)
          flips = numerics::randomSigns(size * blocks, 11);
        auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(size)));
        std::vector<float> actual = valuesOf<float>(results[0]);
        for (int64_t v = 0; v < 2 * blocks; ++v)
          for (int64_t c = 0; c < inner; ++c)
            for (int64_t j = 0; j < size; ++j) {
              int64_t channel = v % blocks * size;
              float sum = 0;
              for (int64_t i = 0; i < size; ++i)
                sum += x[(v * size + i) * inner + c] * signs.at(i, j) *
                       (inverse ? 1 : flips[channel + i]);
              ASSERT_EQ(actual[(v * size + j) * inner + c],
                        sum * scale * (inverse ? flips[channel + j] : 1))
                  << text;
            }
      }
}

// 2^16 codes of 65535 less -32768: the first sum needs 33 bits.
TEST_F(HadamardOps, SumsBeyond32BitsAreRefused) {
  constexpr int64_t size = 1 << 16;
  std::string text =
      oneOp("dyad.hadamard " + operandList(2) + attributes({size, 1, 1}, false) + "}",
            {tensorType({size}, "si16"), "tensor<si16>"}, tensorType({size}, "si32"));
  std::string error = errorOf(
      text, {tensor({size}, std::vector<int16_t>(size, INT16_MAX)), scalar<int16_t>(INT16_MIN)});
  EXPECT_NE(error.find("expected sums of 32 bits, but found 4294901760 [NUM-HAD-9]"),
            std::string::npos)
      << error;
  // The same codes with zero point 0 stay within.
  auto results =
      run(text, {tensor({size}, std::vector<int16_t>(size, INT16_MAX)), scalar<int16_t>(0)});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf<int32_t>(results[0])[0], size * INT16_MAX);
}

TEST_F(HadamardOps, EmptyTensors) {
  std::string text = oneOp("dyad.hadamard " + operandList(2) + attributes({4, 1, 1}, false) + "}",
                           {"tensor<0x4xui8>", "tensor<ui8>"}, "tensor<0x4xsi32>");
  EXPECT_EQ(run(text, {tensor<uint8_t>({0, 4}, {}), scalar<uint8_t>(3)}).size(), 1u);
  text = oneOp("dyad.hadamard " + operandList(2) + attributes({4, 1, 1}, false) + "}",
               {"tensor<3x0xui8>", "tensor<ui8>"}, "tensor<3x0xsi32>");
  EXPECT_EQ(run(text, {tensor<uint8_t>({3, 0}, {}), scalar<uint8_t>(3)}).size(), 1u);
}

} // namespace
