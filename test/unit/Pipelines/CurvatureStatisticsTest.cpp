//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Curvatures where they are known: linear models of squared errors and of softmax, and a perceptron
// whose Hessian is computed column by column.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/CurvatureStatistics.h"
#include "LinearModels.h"
#include "ParseModule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class CurvatureTest : public ParseModule {
protected:
  CurvatureTest() {
    context.loadDialect<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect>();
  }

  CurvatureStatistics measure(ModuleOp module, std::vector<HostTensor> inputs,
                              const CurvatureOptions &options) {
    Samples data(std::move(inputs));
    auto measured = measureCurvature(module, data, options);
    if (measured)
      return std::move(*measured);
    ADD_FAILURE() << llvm::toString(measured.takeError());
    return {};
  }

  /// y = W x of one layer, as [1, outputs], or of rank 3, which is no classifier.
  OwningOpRef<ModuleOp> layer(const HostTensor &weight, bool classifier) {
    return parse(linearChain(weight, classifier));
  }
};

CurvatureOptions allProbes(int probes, int64_t runs) {
  CurvatureOptions options;
  options.runs = runs;
  options.trace.maxProbes = probes;
  options.trace.tolerance = -1;
  return options;
}

// L = mean over runs of |W x - t|^2 / N: H is 2 / N times the second moment of x, for each row of
// W. Fisher's draws of +-1 give the Gauss-Newton trace exactly, and it is the same matrix.
TEST_F(CurvatureTest, SquaredErrorOfALinearModel) {
  constexpr int64_t inputs = 6, outputs = 4, runs = 5;
  HostTensor weight = HostTensor::zeros(DType::F32, {outputs, inputs});
  for (int64_t row = 0; row < outputs; ++row) // orthogonal rows
    weight.mutableValues<float>()[row * inputs + row] = static_cast<float>(row + 1);
  std::vector<HostTensor> data = samples(runs, {1, 1, inputs});
  CurvatureOptions options = allProbes(40, runs);
  options.eigenParts = 1;
  options.iterations = 100;
  auto module = layer(weight, false);
  CurvatureStatistics found = measure(*module, data, options);
  ASSERT_EQ(found.nodes.size(), 1u);
  const NodeCurvature &node = found.nodes.front();
  EXPECT_EQ(found.loss, "mse");
  EXPECT_EQ(node.node, "layer0");
  EXPECT_EQ(node.weights, inputs * outputs);
  ptq::Matrix moment = ptq::Matrix::Zero(inputs, inputs);
  for (const HostTensor &x : data)
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t j = 0; j < inputs; ++j)
        moment(i, j) += double(x.values<float>()[i]) * x.values<float>()[j] / double(runs);
  double trace = 2 * moment.trace();
  EXPECT_NEAR(node.trace, trace, 4 * node.traceStderr + 1e-3 * trace);
  EXPECT_LT(node.traceStderr, trace / 5);
  EXPECT_NEAR(node.gaussNewtonTrace(), trace, 1e-5 * trace);
  EXPECT_FALSE(node.fisherEmpirical);
  Eigen::SelfAdjointEigenSolver<ptq::Matrix> solver(moment);
  double top = 2.0 / outputs * solver.eigenvalues().maxCoeff();
  ASSERT_TRUE(node.eigenvalue);
  EXPECT_NEAR(*node.eigenvalue, top, 1e-2 * top);
  // Gauss-Newton with respect to x is 2 / N W^T W.
  ASSERT_TRUE(node.activationTrace);
  double activation = 2.0 / outputs * squares(weight);
  EXPECT_NEAR(*node.activationTrace, activation, 1e-5 * activation);
}

// Weights that meet zeros make the weight's norm, and with it the step of differences, so great
// that the top eigenvector moved logits by several units, where KL is no parabola any more.
TEST_F(CurvatureTest, AStepAsWideAsTheWeightMadeTheEigenvalueWrong) {
  constexpr int64_t inputs = 3, outputs = 2;
  HostTensor weight = HostTensor::zeros(DType::F32, {outputs, inputs});
  weight.mutableValues<float>()[0] = 5; // logits 5 and 0
  weight.mutableValues<float>()[inputs - 1] = 5000;
  HostTensor x = HostTensor::zeros(DType::F32, {1, inputs});
  x.mutableValues<float>()[0] = 1;
  CurvatureOptions options = allProbes(2, 1);
  options.eigenParts = 1;
  CurvatureStatistics found = measure(*layer(weight, true), {x}, options);
  ASSERT_EQ(found.nodes.size(), 1u);
  // |x|^2 times the greatest eigenvalue of diag(p) - p p^T.
  const double p = 1 / (1 + std::exp(-5.0)), top = 2 * p * (1 - p);
  ASSERT_TRUE(found.nodes.front().eigenvalue);
  EXPECT_NEAR(*found.nodes.front().eigenvalue, top, 1e-2 * top);
}

/// The variance over signs r of |W^T c|^2, c = sqrt(p) r - p (sqrt(p) . r), by all of them.
double varianceOfSigns(const ptq::Vector &p, const ptq::Matrix &w) {
  double mean = 0, second = 0;
  const int patterns = 1 << p.size();
  for (int pattern = 0; pattern < patterns; ++pattern) {
    ptq::Vector c = p.cwiseSqrt();
    for (int64_t i = 0; i < c.size(); ++i)
      c[i] *= pattern >> i & 1 ? 1 : -1;
    const double sum = c.sum();
    c -= p * sum;
    const double length = (w.transpose() * c).squaredNorm();
    mean += length / patterns;
    second += length * length / patterns;
  }
  return second - mean * mean;
}

double varianceOfSigns(const ptq::Vector &p) {
  return varianceOfSigns(p, ptq::Matrix::Identity(p.size(), p.size()));
}

// KL from the model's own logits: tr(H) is the mean of |x|^2 (1 - sum p^2), that of the Fisher
// matrix, whose draws scatter; with the greatest output as label each run is known.
TEST_F(CurvatureTest, SoftmaxOfALinearModel) {
  constexpr int64_t inputs = 5, outputs = 3, runs = 4;
  HostTensor weight = normal({outputs, inputs}, 7);
  std::vector<HostTensor> data = samples(runs, {1, inputs});
  CurvatureOptions options = allProbes(60, runs);
  options.draws = 500;
  options.eigenParts = 2;
  CurvatureStatistics found = measure(*layer(weight, true), data, options);
  ASSERT_EQ(found.nodes.size(), 1u);
  const NodeCurvature &node = found.nodes.front();
  EXPECT_EQ(found.loss, "kl");
  EXPECT_EQ(node.eigenvalues.size(), 2u);
  double trace = 0, empirical = 0, variance = 0;
  for (const HostTensor &x : data) {
    std::vector<double> p;
    for (int64_t o = 0; o < outputs; ++o) {
      double logit = 0;
      for (int64_t i = 0; i < inputs; ++i)
        logit += double(weight.values<float>()[o * inputs + i]) * x.values<float>()[i];
      p.push_back(std::exp(logit));
    }
    double sum = std::accumulate(p.begin(), p.end(), 0.0), pp = 0;
    for (double &each : p) {
      each /= sum;
      pp += each * each;
    }
    double most = *std::max_element(p.begin(), p.end()), length = squares(x);
    trace += length * (1 - pp) / double(runs);
    empirical += length * (1 - 2 * most + pp) / double(runs);
    variance += length * length * varianceOfSigns(Eigen::Map<ptq::Vector>(p.data(), outputs)) /
                (options.draws * double(runs * runs));
  }
  EXPECT_NEAR(node.trace, trace, 4 * node.traceStderr + 1e-3 * trace);
  EXPECT_NEAR(node.gaussNewtonTrace(), trace, 4 * std::sqrt(variance));
  ASSERT_TRUE(node.gaussNewtonStderr);
  EXPECT_NEAR(*node.gaussNewtonStderr, std::sqrt(variance), 0.2 * std::sqrt(variance));
  ASSERT_TRUE(node.fisherEmpirical);
  EXPECT_NEAR(*node.fisherEmpirical * double(node.weights), empirical, 1e-4 * empirical);
}

/// What one layer y = W x with several rows of KL costs, in closed form: over the runs, means of
/// traces and the variances that draws of signs leave to them.
struct RowsOfSoftmax {
  double gaussNewton = 0, empirical = 0, activation = 0;       ///< traces
  double ofGaussNewton = 0, ofEmpirical = 0, ofActivation = 0; ///< variances

  RowsOfSoftmax(const ptq::Matrix &weight, const std::vector<HostTensor> &data, int draws) {
    const double runs = double(data.size());
    for (const HostTensor &sample : data) {
      const int64_t rows = sample.shape()[0];
      std::vector<ptq::Vector> x, errors;
      std::vector<ptq::Matrix> covariances;
      for (int64_t row = 0; row < rows; ++row) {
        x.push_back(ptq::Vector(weight.cols()));
        for (int64_t i = 0; i < weight.cols(); ++i)
          x.back()[i] = sample.values<float>()[row * weight.cols() + i];
        ptq::Vector p = (weight * x.back()).array().exp();
        p /= p.sum();
        ptq::Matrix covariance = p.asDiagonal();
        covariance -= p * p.transpose();
        covariances.push_back(covariance);
        errors.push_back(p);
        int64_t label = 0;
        p.maxCoeff(&label);
        errors.back()[label] -= 1;
        const double length = x.back().squaredNorm(), share = 1 / double(rows) / runs;
        gaussNewton += share * length * covariance.trace();
        empirical += share * length * errors.back().squaredNorm();
        activation += share * (weight.transpose() * covariance * weight).trace();
        ofGaussNewton += share * share / draws * length * length * varianceOfSigns(p);
        ofActivation += share * share / draws * varianceOfSigns(p, weight);
      }
      // Of products of two rows, whose mean is 0.
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t s = 0; s < r; ++s) {
          const double share = 4 * std::pow(x[r].dot(x[s]) / double(rows) / runs, 2) / draws;
          ofGaussNewton += share * (covariances[r] * covariances[s]).trace();
          ofEmpirical += share * std::pow(errors[r].dot(errors[s]), 2);
        }
    }
  }
};

// The gradient of the mean over rows, squared, was taken for the mean of the rows' squares.
TEST_F(CurvatureTest, RowsOfSoftmaxAreSamples) {
  constexpr int64_t inputs = 4, outputs = 3, rows = 5, runs = 3;
  HostTensor weight = normal({outputs, inputs}, 7);
  std::vector<HostTensor> data = samples(runs, {rows, inputs});
  CurvatureOptions options = allProbes(60, runs);
  options.draws = 500;
  auto module = parse("func.func @main(%x: tensor<5x4xf32> {onnx.name = \"x\"}) -> "
                      "(tensor<5x3xf32> {onnx.name = \"y\"}) {\n%w = " +
                      constantOf(weight, "tensor<3x4xf32>") +
                      "\n%y = nn.linear %x, %w : (tensor<5x4xf32>, tensor<3x4xf32>) -> "
                      "tensor<5x3xf32> loc(\"layer\")\nreturn %y : tensor<5x3xf32>\n}");
  CurvatureStatistics found = measure(*module, data, options);
  ASSERT_EQ(found.nodes.size(), 1u);
  const NodeCurvature &node = found.nodes.front();
  const auto values = weight.values<float>();
  const ptq::Matrix matrix =
      Eigen::Map<const Eigen::Matrix<float, outputs, inputs, Eigen::RowMajor>>(values.data())
          .cast<double>();
  const RowsOfSoftmax exact(matrix, data, options.draws);
  const double deviation = std::sqrt(exact.ofGaussNewton);
  EXPECT_NEAR(node.trace, exact.gaussNewton, 4 * node.traceStderr + 1e-3 * exact.gaussNewton);
  EXPECT_NEAR(node.gaussNewtonTrace(), exact.gaussNewton, 4 * deviation);
  EXPECT_LT(4 * deviation, exact.gaussNewton / 2);
  ASSERT_TRUE(node.gaussNewtonStderr);
  EXPECT_NEAR(*node.gaussNewtonStderr, deviation, 0.2 * deviation);
  ASSERT_TRUE(node.fisherEmpirical);
  EXPECT_NEAR(*node.fisherEmpirical * double(node.weights), exact.empirical,
              4 * std::sqrt(exact.ofEmpirical));
  EXPECT_LT(4 * std::sqrt(exact.ofEmpirical), exact.empirical / 2);
  // Each row reads inputs of its own: no products of two.
  ASSERT_TRUE(node.activationTrace);
  EXPECT_NEAR(*node.activationTrace, exact.activation, 4 * std::sqrt(exact.ofActivation));
  EXPECT_LT(4 * std::sqrt(exact.ofActivation), exact.activation / 2);
}

// Drawn labels were the network's first choice but for one draw in hundreds, which then made all of
// the trace: it was off by 14 times.
TEST_F(CurvatureTest, GaussNewtonOfASureClassifier) {
  constexpr int64_t outputs = 4, runs = 4;
  HostTensor weight = HostTensor::zeros(DType::F32, {outputs, 1});
  weight.mutableValues<float>()[2] = 8; // p = 0.999 for inputs of 1
  HostTensor one = HostTensor::zeros(DType::F32, {1, 1});
  one.mutableValues<float>()[0] = 1;
  std::vector<HostTensor> data(runs, one);
  CurvatureStatistics found = measure(*layer(weight, true), data, allProbes(4, runs));
  const NodeCurvature &node = found.nodes.front();
  const double rest = 1 / (std::exp(8.0) + 3), most = 1 - 3 * rest;
  const double exact = 1 - most * most - 3 * rest * rest;
  ASSERT_TRUE(node.gaussNewtonStderr);
  EXPECT_LT(*node.gaussNewtonStderr, exact / 4);
  EXPECT_NEAR(node.gaussNewtonTrace(), exact, 4 * *node.gaussNewtonStderr);
}

/// 64 -> 32 -> 10 with a ReLU, as a classifier of digits.
std::string perceptron() {
  HostTensor first = normal({32, 64}, 1), second = normal({10, 32}, 2);
  for (float &value : first.mutableValues<float>())
    value /= 8;
  for (float &value : second.mutableValues<float>())
    value /= 5;
  return "func.func @main(%x: tensor<1x64xf32> {onnx.name = \"x\"}) -> (tensor<1x10xf32> "
         "{onnx.name = \"y\"}) {\n%w = " +
         constantOf(first, "tensor<32x64xf32>") +
         "\n%v = " + constantOf(second, "tensor<10x32xf32>") +
         "\n%0 = nn.linear %x, %w : (tensor<1x64xf32>, tensor<32x64xf32>) -> tensor<1x32xf32> "
         "loc(\"first\")\n%1 = nn.relu %0 : tensor<1x32xf32>\n%2 = nn.linear %1, %v : "
         "(tensor<1x32xf32>, tensor<10x32xf32>) -> tensor<1x10xf32> loc(\"second\")\nreturn %2 : "
         "tensor<1x10xf32>\n}";
}

// Each diagonal entry by one product with a unit vector.
TEST_F(CurvatureTest, HessianOfAPerceptronColumnByColumn) {
  auto module = parse(perceptron());
  std::vector<HostTensor> data = samples(2, {1, 64});
  CurvatureOptions options = allProbes(50, 2);
  options.activations = false;
  CurvatureStatistics found = measure(*module, data, options);
  ASSERT_EQ(found.nodes.size(), 2u);
  nn::GradientOptions gradient;
  gradient.loss = nn::Loss::KL;
  gradient.keepOutputs = true;
  auto model = GradientModel::create(*module, gradient, kernels::bestHostLevel());
  ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
  for (size_t layer = 0; layer < 2; ++layer) {
    ptq::Block block = (*model)->block(layer);
    double trace = 0;
    for (const HostTensor &x : data) {
      auto forward = (*model)->run({x}, HostTensor::zeros(DType::F32, {1, 10}));
      ASSERT_TRUE(bool(forward)) << llvm::toString(forward.takeError());
      for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
        ptq::Vector unit = ptq::Vector::Zero((*model)->size());
        unit[i] = 1;
        auto column = (*model)->hessianProduct({x}, forward->outputs.front(), unit);
        ASSERT_TRUE(bool(column)) << llvm::toString(column.takeError());
        trace += 0.5 * (*column)[i];
      }
    }
    const NodeCurvature &node = found.nodes[layer];
    EXPECT_NEAR(node.trace, trace, 4 * node.traceStderr + 1e-2 * trace) << node.node;
    EXPECT_LT(node.traceStderr, trace) << node.node;
  }
}

std::string textOf(const CurvatureStatistics &statistics) {
  return llvm::formatv("{0:2}", curvatureToJSON(statistics)).str();
}

TEST_F(CurvatureTest, ThreadsChangeNothing) {
  auto module = parse(perceptron());
  CurvatureOptions options = allProbes(4, 3);
  options.eigenParts = 1;
  options.iterations = 3;
  std::string once = textOf(measure(*module, samples(3, {1, 64}), options));
  options.threads = 2;
  EXPECT_EQ(textOf(measure(*module, samples(3, {1, 64}), options)), once);
  options.trace.seed = 1;
  EXPECT_NE(textOf(measure(*module, samples(3, {1, 64}), options)), once);
}

// Bit allocation reads what is written.
TEST_F(CurvatureTest, AllocationReadsTheFile) {
  CurvatureOptions options = allProbes(3, 2);
  options.eigenParts = 1;
  CurvatureStatistics found = measure(*parse(perceptron()), samples(2, {1, 64}), options);
  llvm::SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("curvature", "json", path));
  ASSERT_FALSE(bool(writeCurvature(path, found)));
  auto table = readCurvatures(path);
  ASSERT_TRUE(bool(table)) << llvm::toString(table.takeError());
  ASSERT_EQ(table->size(), 2u);
  const Curvature &read = (*table)["first"];
  EXPECT_EQ(read.weights, found.nodes[0].weights);
  EXPECT_EQ(read.trace, found.nodes[0].trace);
  EXPECT_EQ(read.eigenvalue, found.nodes[0].eigenvalue);
  EXPECT_EQ(read.eigenvalues, found.nodes[0].eigenvalues);
  EXPECT_EQ(read.fisher, found.nodes[0].fisherTrue);
  ASSERT_FALSE(llvm::sys::fs::remove(path));
}

// They had the curvature 0 without a word, and got the narrowest width.
TEST_F(CurvatureTest, LayersOfOtherOutputsAreNamed) {
  auto module = parse(
      "func.func @main(%x: tensor<1x2xf32> {onnx.name = \"x\"}) -> (tensor<1x2xf32> {onnx.name = "
      "\"y\"}, tensor<1x2xf32> {onnx.name = \"z\"}) {\n%w = nn.constant dense<[[1.0, 2.0], "
      "[3.0, -1.0]]> : tensor<2x2xf32>\n%y = nn.linear %x, %w : (tensor<1x2xf32>, "
      "tensor<2x2xf32>) -> tensor<1x2xf32> loc(\"read\")\n%z = nn.linear %x, %w : "
      "(tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32> loc(\"aside\")\nreturn %y, %z : "
      "tensor<1x2xf32>, tensor<1x2xf32>\n}");
  std::vector<std::string> warnings;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
      warnings.push_back(diagnostic.str());
    return success();
  });
  CurvatureStatistics found = measure(*module, samples(1, {1, 2}), allProbes(2, 1));
  ASSERT_EQ(found.nodes.size(), 2u);
  EXPECT_GT(found.nodes[0].fisherTrue, 0);
  EXPECT_EQ(found.nodes[1].fisherTrue, 0);
  EXPECT_EQ(warnings, (std::vector<std::string>{
                          "curvatures are of the output 'y', which does not depend on these nodes; "
                          "theirs are 0: aside"}));
}

TEST_F(CurvatureTest, WithoutLayersIsAnError) {
  auto module = parse("func.func @main(%x: tensor<1x4xf32> {onnx.name = \"x\"}) -> "
                      "(tensor<1x4xf32> {onnx.name = \"y\"}) {\n%y = nn.relu %x : "
                      "tensor<1x4xf32>\nreturn %y : tensor<1x4xf32>\n}");
  Samples data(samples(1, {1, 4}));
  auto measured = measureCurvature(*module, data);
  ASSERT_FALSE(bool(measured));
  EXPECT_EQ(llvm::toString(measured.takeError()),
            "curvatures: expected a linear map with a constant weight, but found none");
}

// The message was "expected the function to be finite, but found nan at element 0".
TEST_F(CurvatureTest, WhatIsNotFiniteHadNoName) {
  auto failureOf = [&](float first, float second) {
    std::vector<HostTensor> weights = {HostTensor::zeros(DType::F32, {2, 2}),
                                       HostTensor::zeros(DType::F32, {2, 2})};
    weights[0].mutableValues<float>()[0] = first;
    weights[1].mutableValues<float>()[0] = second;
    auto module = parse(linearChain(weights, /*classifier=*/true));
    Samples data(samples(1, {1, 2}));
    auto measured = measureCurvature(*module, data);
    return measured ? std::string() : llvm::toString(measured.takeError());
  };
  EXPECT_EQ(failureOf(1, std::numeric_limits<float>::infinity()),
            "curvatures: expected the output 'y' of run 0 to be finite");
  EXPECT_EQ(failureOf(1e-25f, 1e25f),
            "curvatures: node 'layer0': expected the gradient of run 0 to be finite");
}

} // namespace
