//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Curvature estimates against matrices whose eigenvalues and traces are known, and against what the
// definitions say in the most direct way.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Curvature.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {
Matrix symmetric(int64_t size, uint64_t seed) {
  Matrix a = normalMatrix(size, size, seed);
  return 0.5 * (a + a.transpose());
}

/// Q diag(values) Q^T for a random orthogonal Q.
Matrix withEigenvalues(const Vector &values, uint64_t seed) {
  Eigen::MatrixXd a = normalMatrix(values.size(), values.size(), seed);
  Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(a).householderQ();
  return q * values.asDiagonal() * q.transpose();
}

/// v -> a v, counting.
struct Product {
  const Matrix &a;
  int calls = 0;

  Expected<Vector> operator()(const Vector &v) {
    ++calls;
    return Vector(a * v);
  }
};

//===----------------------------------------------------------------------===//
// Probes
//===----------------------------------------------------------------------===//

TEST(Probe, IsAFunctionOfSeedAndIndex) {
  EXPECT_EQ(rademacherProbe(3, 5, 200), rademacherProbe(3, 5, 200));
  EXPECT_NE(rademacherProbe(3, 5, 200), rademacherProbe(3, 6, 200));
  EXPECT_NE(rademacherProbe(3, 5, 200), rademacherProbe(4, 5, 200));
  EXPECT_NE(rademacherProbe(3, 5, 200), rademacherProbe(5, 3, 200));
  EXPECT_EQ(rademacherProbe(3, 5, 100), rademacherProbe(3, 5, 200).head(100));
  EXPECT_EQ(normalProbe(3, 5, 101), normalProbe(3, 5, 102).head(101));
}

TEST(Probe, HasTheMomentsOfItsDistribution) {
  const int64_t n = 100000;
  Vector signs = rademacherProbe(1, 0, n), normal = normalProbe(1, 0, n);
  EXPECT_TRUE((signs.array().abs() == 1).all());
  EXPECT_LT(std::abs(signs.mean()), 4 / std::sqrt(n));
  EXPECT_LT(std::abs(normal.mean()), 4 / std::sqrt(n));
  EXPECT_LT(std::abs(normal.squaredNorm() / n - 1), 4 * std::sqrt(2.0 / n));
  // Neighbours and probes are independent.
  EXPECT_LT(std::abs(signs.head(n - 1).dot(signs.tail(n - 1))), 4 * std::sqrt(n));
  EXPECT_LT(std::abs(signs.dot(rademacherProbe(1, 1, n))), 4 * std::sqrt(n));
}

//===----------------------------------------------------------------------===//
// Eigenvalues
//===----------------------------------------------------------------------===//

TEST(PowerIteration, FindsTheGreatestEigenvalues) {
  Vector values(8);
  values << 10, -7, 4, 1, 0.5, -0.25, 0.1, 0;
  Matrix a = withEigenvalues(values, 1);
  Product product{a};
  EigenOptions options;
  options.count = 3;
  std::vector<Eigenpair> pairs = cantFail(topEigenpairs(8, product, options));
  ASSERT_EQ(pairs.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(pairs[i].converged);
    EXPECT_NEAR(pairs[i].value, values[i], 1e-3 * std::abs(values[i]));
    EXPECT_NEAR(pairs[i].vector.norm(), 1, 1e-12);
    EXPECT_LE(std::abs(pairs[i].value - values[i]), pairs[i].residual + 1e-12);
    for (int j = 0; j < i; ++j)
      EXPECT_NEAR(pairs[i].vector.dot(pairs[j].vector), 0, 1e-12);
  }
  options.tolerance = 1e-12;
  Eigenpair first = cantFail(topEigenpairs(8, product, options)).front();
  EXPECT_LT((a * first.vector - first.value * first.vector).norm(), 1e-4);
}

TEST(PowerIteration, FindsAllOfASmallMatrix) {
  Vector values(4);
  values << 8, 4, -2, 1;
  Matrix a = withEigenvalues(values, 5);
  Product product{a};
  EigenOptions options;
  options.count = 4;
  options.tolerance = 1e-9;
  std::vector<Eigenpair> pairs = cantFail(topEigenpairs(4, product, options));
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(pairs[i].value, values[i], 1e-6);
}

TEST(PowerIteration, DoesNotDependOnTheLossesUnit) {
  Vector values(6);
  values << 5, 3, 2, 1, 1, 1;
  Matrix a = withEigenvalues(values, 2), tiny = a * 0x1p-60;
  Product product{a}, tinyProduct{tiny};
  Eigenpair big = cantFail(topEigenpairs(6, product)).front();
  Eigenpair small = cantFail(topEigenpairs(6, tinyProduct)).front();
  EXPECT_EQ(big.iterations, small.iterations);
  EXPECT_EQ(big.value * 0x1p-60, small.value);
}

TEST(PowerIteration, SaysWhenItHasNotConverged) {
  Vector slow(3);
  slow << 1, 0.99, 0.98;
  Matrix a = withEigenvalues(slow, 3);
  Product product{a};
  EigenOptions options;
  options.tolerance = 1e-12;
  options.maxIterations = 7;
  EXPECT_FALSE(cantFail(topEigenpairs(3, product, options)).front().converged);
  EXPECT_EQ(product.calls, 7);
}

// v^T A v is the same in every iteration, but not an eigenvalue.
TEST(PowerIteration, ResidualTellsEigenvaluesOfOppositeSign) {
  Vector values(2);
  values << 1, -1;
  Matrix a = withEigenvalues(values, 3);
  Product product{a};
  Eigenpair pair = cantFail(topEigenpairs(2, product)).front();
  EXPECT_LT(std::abs(pair.value), 0.99);
  EXPECT_GE(pair.residual, 1 - std::abs(pair.value));
}

TEST(PowerIteration, ZeroMatrix) {
  Matrix zero = Matrix::Zero(3, 3);
  Product product{zero};
  EigenOptions options;
  options.count = 3;
  for (const Eigenpair &pair : cantFail(topEigenpairs(3, product, options))) {
    EXPECT_EQ(pair.value, 0);
    EXPECT_TRUE(pair.converged);
    EXPECT_NEAR(pair.vector.norm(), 1, 1e-12);
  }
}

TEST(PowerIteration, OfALinearModelIsThatOfTheSecondMoment) {
  // L = (1/N) sum (w.x - y)^2: H = 2/N X^T X.
  Matrix x = normalMatrix(50, 6, 9);
  x.col(0) *= 5;
  Matrix moment = x.transpose() * x / 50;
  Matrix hessian = 2 * moment;
  Product product{hessian};
  double expected = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(moment).eigenvalues().maxCoeff();
  EXPECT_NEAR(cantFail(topEigenpairs(6, product)).front().value, 2 * expected, 1e-3 * 2 * expected);
}

//===----------------------------------------------------------------------===//
// Traces
//===----------------------------------------------------------------------===//

/// Of one block that is all of H.
Expected<TraceEstimate> estimateTrace(int64_t size, VectorFunction product,
                                      const TraceOptions &options = {}) {
  Expected<std::vector<TraceEstimate>> traces =
      estimateBlockTraces(size, Block{0, size}, product, options);
  if (!traces)
    return traces.takeError();
  return traces->front();
}

TEST(Hutchinson, MeanOfAThousandProbesIsWithinFourStandardErrors) {
  Matrix a = symmetric(30, 4);
  Product product{a};
  TraceOptions options;
  options.maxProbes = 1000;
  options.tolerance = -1;
  TraceEstimate trace = cantFail(estimateTrace(30, product, options));
  EXPECT_EQ(trace.probes, 1000);
  EXPECT_LT(std::abs(trace.mean - a.trace()), 4 * trace.standardError);
  // The error's size is the one that theory gives: 2 (||A||^2 - sum a_jj^2) / probes.
  double variance = 2 * (a.squaredNorm() - a.diagonal().squaredNorm()) / 1000;
  EXPECT_NEAR(trace.standardError / std::sqrt(variance), 1, 0.15);
}

TEST(Hutchinson, IsExactForADiagonalWithOneProbe) {
  Matrix a = Vector(Vector::LinSpaced(10, -2, 7)).asDiagonal();
  Product product{a};
  TraceOptions options;
  options.minProbes = options.maxProbes = 1;
  TraceEstimate trace = cantFail(estimateTrace(10, product, options));
  EXPECT_DOUBLE_EQ(trace.mean, a.trace());
  EXPECT_EQ(trace.standardError, 0);
  EXPECT_EQ(product.calls, 1);
}

TEST(Hutchinson, StopsByTheRelativeChangeOfTheMean) {
  Matrix a = Matrix(Matrix::Identity(20, 20)) * 100 + symmetric(20, 8);
  Product product{a};
  TraceEstimate trace = cantFail(estimateTrace(20, product));
  EXPECT_TRUE(trace.converged);
  EXPECT_LT(trace.probes, 100);
  EXPECT_EQ(product.calls, trace.probes);
  TraceOptions options;
  options.minProbes = 50;
  EXPECT_GE(cantFail(estimateTrace(20, product, options)).probes, 50);
}

// A rule that divides by the mean instead of its magnitude takes any negative trace for settled.
TEST(Hutchinson, ANegativeTraceDoesNotStopEarly) {
  Matrix a = symmetric(20, 8), b = -a;
  Product product{a}, negative{b};
  TraceEstimate plus = cantFail(estimateTrace(20, product));
  TraceEstimate minus = cantFail(estimateTrace(20, negative));
  EXPECT_EQ(plus.probes, minus.probes);
  EXPECT_EQ(plus.mean, -minus.mean);
  EXPECT_GT(plus.probes, 2);
}

TEST(Hutchinson, DoesNotDependOnTheLossesUnit) {
  Matrix a = symmetric(20, 8), tiny = a * 0x1p-60;
  Product product{a}, tinyProduct{tiny};
  TraceEstimate big = cantFail(estimateTrace(20, product));
  TraceEstimate small = cantFail(estimateTrace(20, tinyProduct));
  EXPECT_EQ(big.probes, small.probes);
  EXPECT_EQ(big.mean * 0x1p-60, small.mean);
}

TEST(Hutchinson, TracesOfBlocksComeFromOneProductPerProbe) {
  Matrix a = symmetric(24, 6);
  Product product{a};
  Block blocks[] = {{10, 14}, {0, 4}};
  TraceOptions options;
  options.maxProbes = 1000;
  options.tolerance = -1;
  std::vector<TraceEstimate> traces = cantFail(estimateBlockTraces(24, blocks, product, options));
  EXPECT_EQ(product.calls, 1000);
  ASSERT_EQ(traces.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    double expected = a.diagonal().segment(blocks[i].offset, blocks[i].size).sum();
    EXPECT_LT(std::abs(traces[i].mean - expected), 4 * traces[i].standardError);
  }
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

TEST(Difference, Step) {
  EXPECT_DOUBLE_EQ(differenceStep(3, 2, 1.0 / (1 << 20)), 4.0 / 1024 / 2);
  EXPECT_EQ(differenceStep(3, 0), 0);
}

TEST(Difference, HessianProductsAreLinearAndSymmetric) {
  // L = sum_i exp(a_i . w): g = sum exp(a_i . w) a_i.
  Matrix a = 0.3 * normalMatrix(9, 5, 1);
  auto gradient = [&](const Vector &w) -> Expected<Vector> {
    return Vector(a.transpose() * Vector(a * w).array().exp().matrix());
  };
  Vector w = normalProbe(1, 1, 5), u = normalProbe(1, 2, 5), v = normalProbe(1, 3, 5);
  auto times = [&](const Vector &v) {
    return cantFail(differenceProduct(w, v, gradient, kDoubleRoundoff));
  };
  Matrix hessian = a.transpose() * Vector(Vector(a * w).array().exp()).asDiagonal() * a;
  EXPECT_LT((times(u) - hessian * u).norm(), 1e-6 * (hessian * u).norm());
  EXPECT_NEAR(u.dot(times(v)), v.dot(times(u)), 1e-6);
  EXPECT_LT((times(2 * u - 3 * v) - 2 * times(u) + 3 * times(v)).norm(), 1e-6);
  EXPECT_EQ(times(Vector::Zero(5)), Vector::Zero(5));
}

TEST(Difference, GradientsInSinglePrecisionGiveThreeDigits) {
  Matrix a = symmetric(40, 2);
  Eigen::MatrixXf single = a.cast<float>();
  auto gradient = [&](const Vector &w) -> Expected<Vector> {
    return Vector((single * w.cast<float>()).cast<double>());
  };
  Vector w = normalProbe(1, 1, 40), v = rademacherProbe(1, 2, 40);
  Vector product = cantFail(differenceProduct(w, v, gradient));
  EXPECT_LT((product - a * v).norm(), 1e-3 * (a * v).norm());
}

TEST(OutputCost, IsTheErrorOfALinearLayer) {
  const int n = 20, in = 5, out = 3;
  Matrix x = normalMatrix(n, in, 1), w = normalMatrix(out, in, 2), dw = normalMatrix(out, in, 3);
  double bruteForce = (x * (w + dw).transpose() - x * w.transpose()).squaredNorm() / n;
  EXPECT_NEAR(outputCost(dw, x.transpose() * x / n), bruteForce, 1e-12 * bruteForce);
}

//===----------------------------------------------------------------------===//
// Fisher
//===----------------------------------------------------------------------===//

// Squaring the mean of a batch is another, smaller quantity: here it is 0 where Fisher is 1.
TEST(Fisher, IsTheMeanOfSquaresNotTheSquareOfTheMean) {
  FisherDiagonal fisher(2);
  Vector one(2), other(2);
  one << 1, 3;
  other << -1, 1;
  cantFail(fisher.add(one));
  cantFail(fisher.add(other));
  EXPECT_EQ(fisher.samples(), 2);
  EXPECT_EQ(fisher.diagonal(), Vector(Eigen::Vector2d(1, 5)));
  Vector mean = 0.5 * (one + other);
  EXPECT_EQ(Vector(mean.cwiseAbs2()), Vector(Eigen::Vector2d(0, 4)));
  EXPECT_EQ(fisher.trace({0, 2}), 6);
  EXPECT_EQ(fisher.trace({1, 1}), 5);
}

TEST(Fisher, MergesParts) {
  FisherDiagonal whole(4), first(4), second(4);
  for (int sample = 0; sample < 6; ++sample) {
    Vector gradient = rademacherProbe(1, sample, 4) * sample;
    cantFail(whole.add(gradient));
    cantFail((sample < 3 ? first : second).add(gradient));
  }
  cantFail(first.merge(second));
  EXPECT_EQ(first.samples(), 6);
  EXPECT_EQ(first.diagonal(), whole.diagonal());
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(CurvatureErrors, NameWhatWasExpected) {
  auto wrong = [](const Vector &v) -> Expected<Vector> { return Vector(Vector::Zero(2)); };
  auto notFinite = [](const Vector &v) -> Expected<Vector> {
    Vector result = v;
    result[1] = NAN;
    return result;
  };
  auto refuses = [](const Vector &v) -> Expected<Vector> {
    return createStringError("the model failed");
  };
  EXPECT_EQ(messageOf(estimateTrace(3, wrong)), "expected 3 values of the product, but found 2");
  EXPECT_EQ(messageOf(estimateTrace(3, notFinite)),
            "expected the product to be finite, but found nan at element 1");
  EXPECT_EQ(messageOf(estimateTrace(3, refuses)), "the model failed");
  EXPECT_EQ(messageOf(topEigenpairs(3, refuses)), "the model failed");
  EXPECT_EQ(messageOf(estimateTrace(0, refuses)), "expected at least one parameter, but found 0");
  EigenOptions four;
  four.count = 4;
  EXPECT_EQ(messageOf(topEigenpairs(3, refuses, four)),
            "expected between 1 and 3 eigenvalues, but found 4");
  Block overlapping[] = {{0, 2}, {1, 2}}, beyond[] = {{1, 3}};
  EXPECT_EQ(messageOf(estimateBlockTraces(3, overlapping, refuses)),
            "expected blocks that lie apart inside 3 values, but found 2 values at 1");
  EXPECT_EQ(messageOf(estimateBlockTraces(3, beyond, refuses)),
            "expected blocks that lie apart inside 3 values, but found 3 values at 1");
  EXPECT_EQ(messageOf(FisherDiagonal(3).add(Vector::Zero(2))),
            "expected 3 values of the gradient, but found 2");
  EXPECT_EQ(messageOf(differenceProduct(Vector::Zero(3), Vector::Ones(3), notFinite)),
            "expected the function to be finite, but found nan at element 1");
}
} // namespace
