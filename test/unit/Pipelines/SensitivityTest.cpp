//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sensitivities where they are known: linear layers alone and one behind the other.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Sensitivity.h"
#include "LinearModels.h"
#include "ParseModule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantc/Pipelines/BitAllocation.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

using ptq::Matrix;

Matrix matrixOf(const HostTensor &weight) {
  Matrix matrix(weight.shape()[0], weight.shape()[1]);
  for (int64_t i = 0; i < weight.numElements(); ++i)
    matrix(i / matrix.cols(), i % matrix.cols()) = weight.values<float>()[i];
  return matrix;
}

/// Codes in +-(2^(bits-1) - 1) with a step a row, from the definition.
Matrix inBits(const Matrix &weight, unsigned bits) {
  Matrix result = weight;
  double greatest = std::ldexp(1, int(bits) - 1) - 1;
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    double step = weight.row(row).cwiseAbs().maxCoeff() / greatest;
    for (Eigen::Index i = 0; i < weight.cols(); ++i)
      result(row, i) = std::nearbyint(weight(row, i) / step) * step;
  }
  return result;
}

/// Mean over the data of x x^T.
Matrix momentOf(ArrayRef<HostTensor> data) {
  int64_t size = data.front().numElements();
  Matrix moment = Matrix::Zero(size, size);
  for (const HostTensor &x : data)
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        moment(i, j) += double(x.values<float>()[i]) * x.values<float>()[j] / double(data.size());
  return moment;
}

/// tr(A H A^T).
double quadratic(const Matrix &a, const Matrix &moment) {
  return (a * moment * a.transpose()).trace();
}

class SensitivityTest : public ParseModule {
protected:
  SensitivityTest() {
    context.loadDialect<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect>();
  }

  SensitivityTable measure(ArrayRef<HostTensor> weights, const std::vector<HostTensor> &inputs,
                           const SensitivityOptions &options, bool classifier = false) {
    Samples data(inputs);
    std::vector<int64_t> runs;
    for (size_t i = 0; i < inputs.size(); ++i)
      runs.push_back(int64_t(i));
    auto table = measureSensitivity(*parse(linearChain(weights, classifier)), data, runs, options);
    if (table)
      return std::move(*table);
    ADD_FAILURE() << llvm::toString(table.takeError());
    return {};
  }
};

// y = W x: the noise is tr(dW H dW^T) / tr(W H W^T), the layer's error the former by outputs.
TEST_F(SensitivityTest, NoiseOfALinearLayer) {
  constexpr int64_t inputs = 12, outputs = 5;
  HostTensor weight = normal({outputs, inputs}, 3);
  std::vector<HostTensor> data = samples(6, {1, 1, inputs});
  SensitivityOptions options;
  options.widths = {2, 3, 4, 8};
  options.layerError = true;
  SensitivityTable table = measure(weight, data, options);
  ASSERT_EQ(table.layers.size(), 1u);
  ASSERT_EQ(table.layers.front().widths.size(), options.widths.size());
  Matrix exact = matrixOf(weight), moment = momentOf(data);
  for (auto [bits, effect] : llvm::zip_equal(options.widths, table.layers.front().widths)) {
    Matrix change = inBits(exact, bits) - exact;
    double error = quadratic(change, moment), noise = error / quadratic(exact, moment);
    EXPECT_EQ(effect.bits, bits);
    EXPECT_NEAR(effect.noise, noise, 1e-4 * noise) << bits;
    ASSERT_TRUE(effect.layerError);
    EXPECT_NEAR(*effect.layerError, error / outputs, 1e-4 * error) << bits;
    EXPECT_NEAR(effect.weightError, change.squaredNorm(), 1e-4 * change.squaredNorm()) << bits;
    EXPECT_FALSE(effect.divergence);
  }
}

// A width that was rounded in advance is what is tried; another has the nearest codes.
TEST_F(SensitivityTest, RoundedWidthsAreTried) {
  HostTensor weight = normal({3, 7}, 11);
  std::vector<HostTensor> data = samples(5, {1, 1, 7});
  Matrix exact = matrixOf(weight), change = Matrix::Constant(3, 7, 0.03125);
  std::string node = measure(weight, data, {}).layers.front().node;
  RoundedWidths rounded;
  for (float value : weight.values<float>())
    rounded[node][4].push_back(value + 0.03125f);
  SensitivityOptions options;
  options.widths = {4, 5};
  options.rounded = &rounded;
  options.rounding = "gptq";
  SensitivityTable table = measure(weight, data, options);
  EXPECT_EQ(table.rounding, "gptq");
  Matrix moment = momentOf(data), nearest = inBits(exact, 4) - exact;
  double power = quadratic(exact, moment);
  const std::vector<WidthEffect> &widths = table.layers.front().widths;
  double expected = quadratic(change, moment) / power;
  EXPECT_NEAR(widths[0].noise, expected, 1e-4 * expected);
  EXPECT_NEAR(widths[0].weightError, nearest.squaredNorm(), 1e-4 * nearest.squaredNorm());
  expected = quadratic(inBits(exact, 5) - exact, moment) / power;
  EXPECT_NEAR(widths[1].noise, expected, 1e-4 * expected);
}

// Softmax of W x: KL from the logits, run by run.
TEST_F(SensitivityTest, DivergenceOfALinearClassifier) {
  constexpr int64_t inputs = 8, outputs = 4;
  HostTensor weight = normal({outputs, inputs}, 5);
  std::vector<HostTensor> data = samples(5, {1, inputs});
  SensitivityOptions options;
  options.widths = {3};
  SensitivityTable table = measure(weight, data, options, /*classifier=*/true);
  ASSERT_EQ(table.layers.size(), 1u);
  auto logProbabilities = [](const ptq::Vector &logits) -> ptq::Vector {
    return logits.array() - std::log(logits.array().exp().sum());
  };
  Matrix exact = matrixOf(weight), changed = inBits(exact, 3);
  double divergence = 0, disagreement = 0;
  for (const HostTensor &x : data) {
    ptq::Vector input = matrixOf(x).transpose();
    ptq::Vector p = logProbabilities(exact * input), q = logProbabilities(changed * input);
    divergence += (p.array().exp() * (p - q).array()).sum() / double(data.size());
    Eigen::Index before = 0, after = 0;
    p.maxCoeff(&before);
    q.maxCoeff(&after);
    disagreement += double(before != after) / double(data.size());
  }
  const WidthEffect &effect = table.layers.front().widths.front();
  ASSERT_TRUE(effect.divergence && effect.disagreement);
  EXPECT_NEAR(*effect.divergence, divergence, 1e-4 * divergence);
  EXPECT_NEAR(*effect.disagreement, disagreement, 1e-12);
}

/// A depthwise 3x3 convolution of [1, 3, 5, 5], stride 2, zeros around, with a bias and a ReLU.
std::string depthwise(const HostTensor &weight, const HostTensor &bias) {
  return "func.func @main(%x: tensor<1x3x5x5xf32> {onnx.name = \"x\"}) -> (tensor<1x3x3x3xf32> "
         "{onnx.name = \"y\"}) {\n%w = " +
         constantOf(weight, "tensor<3x1x3x3xf32>") + "\n%b = " + constantOf(bias, "tensor<3xf32>") +
         "\n%0 = nn.conv %x, %w, %b {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, "
         "pads = array<i64: 1, 1, 1, 1>, groups = 3 : i64} : (tensor<1x3x5x5xf32>, "
         "tensor<3x1x3x3xf32>, tensor<3xf32>) -> tensor<1x3x3x3xf32> loc(\"conv\")\n"
         "%1 = nn.relu %0 : tensor<1x3x3x3xf32>\nreturn %1 : tensor<1x3x3x3xf32>\n}";
}

/// What the change of a depthwise weight [3, 9] does to the results of a channel, from the
/// definition.
std::vector<double> channelErrors(const Matrix &change, int64_t channel,
                                  ArrayRef<HostTensor> data) {
  std::vector<double> errors;
  for (const HostTensor &x : data)
    for (int64_t at = 0; at < 9; ++at) {
      double sum = 0;
      for (int64_t tap = 0; tap < 9; ++tap) {
        int64_t row = 2 * (at / 3) + tap / 3 - 1, column = 2 * (at % 3) + tap % 3 - 1;
        if (row >= 0 && row < 5 && column >= 0 && column < 5)
          sum += change(channel, tap) * x.values<float>()[(channel * 5 + row) * 5 + column];
      }
      errors.push_back(sum);
    }
  return errors;
}

// The mean of each channel's error goes into the bias: the variance is left.
TEST_F(SensitivityTest, CorrectedBiasOfAConvolution) {
  HostTensor weight = normal({3, 1, 3, 3}, 4), bias = normal({3}, 6);
  std::vector<HostTensor> data = samples(4, {1, 3, 5, 5});
  for (HostTensor &x : data) // no mean of zero
    for (float &value : x.mutableValues<float>())
      value += 2;
  Samples set(data);
  SensitivityOptions options;
  options.widths = {3};
  options.layerError = true;
  auto module = parse(depthwise(weight, bias));
  auto plain = measureSensitivity(*module, set, {0, 1, 2, 3}, options);
  options.correctBias = true;
  auto corrected = measureSensitivity(*module, set, {0, 1, 2, 3}, options);
  ASSERT_TRUE(plain && corrected);
  Matrix exact =
      Eigen::Map<const Eigen::Matrix<float, 3, 9, Eigen::RowMajor>>(weight.values<float>().data())
          .cast<double>();
  Matrix change = inBits(exact, 3) - exact;
  double square = 0, variance = 0;
  for (int64_t channel = 0; channel < 3; ++channel) {
    std::vector<double> errors = channelErrors(change, channel, data);
    double count = double(errors.size()), mean = 0;
    for (double error : errors)
      mean += error / count;
    for (double error : errors) {
      square += error * error / (3 * count);
      variance += (error - mean) * (error - mean) / (3 * count);
    }
  }
  EXPECT_NEAR(*plain->layers.front().widths.front().layerError, square, 1e-4 * square);
  EXPECT_NEAR(*corrected->layers.front().widths.front().layerError, variance, 1e-4 * variance);
  EXPECT_LT(variance, 0.99 * square); // the two tell apart
}

// The bias of what the model returns is left alone.
TEST_F(SensitivityTest, BiasOfAnOutputStays) {
  HostTensor weight = normal({4, 6}, 8);
  SensitivityOptions options;
  SensitivityTable plain = measure(weight, samples(3, {1, 1, 6}), options);
  options.correctBias = true;
  SensitivityTable corrected = measure(weight, samples(3, {1, 1, 6}), options);
  EXPECT_TRUE(corrected.correctedBias);
  EXPECT_EQ(corrected.layers.front().widths.front().noise,
            plain.layers.front().widths.front().noise);
}

// y = W2 W1 x: what a pair does together, and that the problem's couplings make it up.
TEST_F(SensitivityTest, PairsOfLinearLayers) {
  HostTensor first = normal({6, 10}, 1), second = normal({4, 6}, 2);
  std::vector<HostTensor> data = samples(7, {1, 1, 10});
  SensitivityOptions options;
  options.widths = {3, 8};
  options.pairs = true;
  SensitivityTable table = measure({first, second}, data, options);
  ASSERT_EQ(table.pairs.size(), 1u);
  EXPECT_EQ(table.pairs.front().first, "layer0");
  EXPECT_EQ(table.pairs.front().second, "layer1");
  Matrix one = matrixOf(first), two = matrixOf(second), moment = momentOf(data);
  double signal = quadratic(two * one, moment);
  AllocationOptions wanted;
  wanted.widths = options.widths;
  wanted.loss = "noise";
  wanted.couplings = "neighbours";
  auto problem = makeProblem({table}, wanted);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  ASSERT_EQ(table.pairs.front().effects.size(), 4u);
  for (auto [i, pair] : llvm::enumerate(table.pairs.front().effects)) {
    unsigned a = unsigned(i) / 2, b = unsigned(i) % 2;
    EXPECT_EQ(pair.firstBits, options.widths[a]);
    EXPECT_EQ(pair.secondBits, options.widths[b]);
    Matrix change = inBits(two, pair.secondBits) * inBits(one, pair.firstBits) - two * one;
    double noise = quadratic(change, moment) / signal;
    EXPECT_NEAR(pair.effect.noise, noise, 1e-4 * noise);
    EXPECT_NEAR(alloc::evaluate(*problem, {a, b}).loss, pair.effect.noise, 1e-12);
  }
}

} // namespace
