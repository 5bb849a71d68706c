//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes with a step for each channel: what holds of every method, and which is better than which.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/ChannelRounding.h"
#include "Samples.h"
#include "gtest/gtest.h"

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

/// Inputs with correlated channels, and what a network in front makes of them: the same, off.
struct Data {
  Matrix original, inputs, second, cross;

  explicit Data(int64_t channels, uint64_t seed) {
    const int64_t tokens = 400;
    original = normalMatrix(tokens, channels, seed);
    for (int64_t channel = 1; channel < channels; ++channel)
      original.col(channel) = 0.8 * original.col(channel - 1) + 0.6 * original.col(channel);
    inputs = 0.95 * original + 0.1 * normalMatrix(tokens, channels, seed + 1);
    second = inputs.transpose() * inputs / double(tokens);
    cross = (original - inputs).transpose() * inputs / double(tokens);
  }
  /// Squared error of the outputs against those of the float inputs.
  double error(const Matrix &weight, const Matrix &rounded) const {
    return (original * weight.transpose() - inputs * rounded.transpose()).squaredNorm() /
           double(original.rows());
  }
};

Vector greatestSteps(const Matrix &weight, int bits) {
  return weight.cwiseAbs().rowwise().maxCoeff() / double((1 << (bits - 1)) - 1);
}

ChannelResult roundBy(ChannelMethod method, const Matrix &weight, const Data &data, int bits = 4) {
  ChannelProblem problem;
  problem.weight = weight;
  problem.bits = bits;
  problem.steps = greatestSteps(weight, bits);
  problem.second = &data.second;
  problem.cross = &data.cross;
  ChannelOptions options;
  options.method = method;
  return cantFail(roundChannels(problem, options));
}

TEST(ChannelRounding, StepsAndCodesMakeTheWeights) {
  Data data(12, 5);
  Matrix weight = normalMatrix(7, 12, 9);
  for (ChannelMethod method :
       {ChannelMethod::Nearest, ChannelMethod::Mse, ChannelMethod::Gptq, ChannelMethod::Gptaq,
        ChannelMethod::AdaRound, ChannelMethod::AutoRound})
    for (int bits : {2, 4, 8}) {
      ChannelResult result = roundBy(method, weight, data, bits);
      for (int64_t i = 0; i < weight.size(); ++i) {
        EXPECT_EQ(double(result.steps[i / 12]) * result.codes[i], result.weights.data()[i]);
        EXPECT_LT(std::abs(result.codes[i]), 1 << (bits - 1));
      }
      EXPECT_LE(result.loss, result.nearestLoss);
    }
}

TEST(ChannelRounding, MethodsWithDataAreBetterForTheOutput) {
  double nearest = 0, mse = 0, gptq = 0, gptaq = 0, adaRound = 0, autoRound = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Data data(16, 100 * seed);
    Matrix weight = normalMatrix(8, 16, 7 + seed);
    auto error = [&](ChannelMethod method) {
      return data.error(weight, roundBy(method, weight, data).weights);
    };
    nearest += error(ChannelMethod::Nearest);
    mse += error(ChannelMethod::Mse);
    gptq += error(ChannelMethod::Gptq);
    gptaq += error(ChannelMethod::Gptaq);
    adaRound += error(ChannelMethod::AdaRound);
    autoRound += error(ChannelMethod::AutoRound);
  }
  EXPECT_LT(mse, nearest);
  EXPECT_LT(gptq, mse);
  EXPECT_LT(gptaq, gptq); // aims at the float outputs
  EXPECT_LT(adaRound, mse);
  EXPECT_LT(autoRound, mse);
}

/// Inputs of 1e25: their squares are beyond float32, in all moments or in those held out alone.
TEST(ChannelRounding, MomentsBeyondFloat32GiveNearestCodesAndSayWhy) {
  Data data(9, 3);
  Matrix weight = normalMatrix(4, 9, 1), second = data.second;
  ChannelProblem problem;
  problem.weight = weight;
  problem.bits = 4;
  problem.steps = greatestSteps(weight, 4);
  problem.second = &second;
  problem.cross = &data.cross;
  const Matrix nearest = roundBy(ChannelMethod::Nearest, weight, data).weights;
  HeldOutMoments held{data.second, data.cross, data.second, data.cross};
  held.unseenSecond(2, 2) = INFINITY;
  for (bool inAll : {false, true}) {
    if (inAll)
      second(1, 1) = INFINITY;
    problem.heldOut = inAll ? llvm::ArrayRef<HeldOutMoments>() : llvm::ArrayRef(held);
    for (ChannelMethod method : {ChannelMethod::Gptq, ChannelMethod::Gptaq, ChannelMethod::AdaRound,
                                 ChannelMethod::AutoRound}) {
      ChannelOptions options;
      options.method = method;
      ChannelResult result = cantFail(roundChannels(problem, options));
      EXPECT_EQ(result.weights, nearest);
      EXPECT_EQ(result.message, "second moments are not finite");
    }
  }
}

/// Without the improvement one by one: at the same steps, less than nearest codes lose, and less
/// with more steps.
TEST(ChannelRounding, SignsLeadDown) {
  Data data(24, 11);
  Matrix weight = normalMatrix(8, 24, 3);
  ChannelProblem problem;
  problem.weight = weight;
  problem.bits = 3;
  problem.steps = greatestSteps(weight, 3);
  problem.second = &data.second;
  auto loss = [&](int64_t steps) {
    ChannelOptions options;
    options.method = ChannelMethod::AutoRound;
    options.candidates = 1, options.sweeps = 0, options.signSteps = steps;
    return cantFail(roundChannels(problem, options)).loss;
  };
  const double nearest = loss(1), few = loss(20);
  EXPECT_LT(few, nearest);
  EXPECT_LT(loss(400), 0.5 * nearest);
}

TEST(ChannelRounding, RefusedStepsKeepTheLargest) {
  Data data(9, 3);
  Matrix weight = normalMatrix(4, 9, 1);
  ChannelProblem problem;
  problem.weight = weight;
  problem.bits = 4;
  problem.steps = greatestSteps(weight, 4);
  problem.second = &data.second;
  auto allowed = [](int64_t row, float) { return row != 2; };
  problem.allowed = allowed;
  ChannelResult result = cantFail(roundChannels(problem));
  EXPECT_EQ(result.steps[2], float(problem.steps[2]));
  for (int64_t row : {0, 1, 3})
    EXPECT_LE(result.steps[row], float(problem.steps[row]));
}

TEST(ChannelRounding, NoSingleCodeIsBetter) {
  Data data(8, 21);
  Matrix weight = normalMatrix(5, 8, 2);
  Vector steps = greatestSteps(weight, 3);
  SteppedGrid grid(8, steps, 3);
  Matrix rounded = cantFail(roundOnGrid(weight, grid));
  improveCodes(weight, data.second, steps, 3, 100, rounded);
  auto loss = [&](int64_t row) {
    Matrix change = rounded.row(row) - weight.row(row);
    return (change * data.second).cwiseProduct(change).sum();
  };
  for (int64_t row = 0; row < 5; ++row)
    for (int64_t column = 0; column < 8; ++column) {
      const double before = loss(row), value = rounded(row, column);
      for (double move : {-steps[row], steps[row]}) {
        if (std::abs(value + move) > 3.5 * steps[row])
          continue;
        rounded(row, column) = value + move;
        EXPECT_GE(loss(row), before * (1 - 1e-12));
      }
      rounded(row, column) = value;
    }
}

/// A channel whose input never moves tells nothing, and must not make losses infinite.
TEST(ChannelRounding, DeadInputsAreRoundedAllTheSame) {
  Data data(6, 8);
  data.second.row(4).setZero();
  data.second.col(4).setZero();
  data.cross.col(4).setZero();
  Matrix weight = normalMatrix(3, 6, 4);
  ChannelResult result = roundBy(ChannelMethod::Gptaq, weight, data);
  EXPECT_TRUE(result.weights.allFinite());
  data.second.setZero();
  data.cross.setZero();
  result = roundBy(ChannelMethod::Gptaq, weight, data);
  EXPECT_TRUE(result.weights.allFinite());
  EXPECT_FALSE(result.message.empty());
}

/// With moments that are diagonal nothing is corrected, and the codes are the nearest ones. Their
/// loss was told with dead channels by the one and without them by the other.
TEST(ChannelRounding, LossesOfDeadChannelsCompare) {
  ChannelProblem problem;
  problem.weight = normalMatrix(3, 6, 4);
  problem.bits = 4;
  problem.steps = greatestSteps(problem.weight, 4);
  Matrix second = Vector::LinSpaced(6, 0, 2).asDiagonal();
  problem.second = &second;
  ChannelOptions options;
  options.method = ChannelMethod::Gptq;
  options.candidates = 1;
  ChannelResult result = cantFail(roundChannels(problem, options));
  EXPECT_GT(result.loss, 0);
  EXPECT_NEAR(result.loss, result.nearestLoss, 1e-9 * result.loss);
}

/// Inputs that were always 0 weighed as much as the others in the choice of steps, and in the unit
/// of AdaRound's regularizer.
TEST(ChannelRounding, DeadInputsHaveNoSayInWhatIsLearned) {
  Data data(8, 11);
  for (int64_t dead : {1, 4, 6}) {
    data.inputs.col(dead).setZero();
    data.original.col(dead).setZero();
  }
  data.second = data.inputs.transpose() * data.inputs / double(data.inputs.rows());
  data.cross = (data.original - data.inputs).transpose() * data.inputs / double(data.inputs.rows());
  ChannelProblem problem;
  problem.weight = normalMatrix(12, 8, 4);
  problem.bits = 3;
  problem.steps = greatestSteps(problem.weight, 3);
  problem.second = &data.second;
  problem.cross = &data.cross;
  for (ChannelMethod method : {ChannelMethod::AdaRound, ChannelMethod::AutoRound}) {
    ChannelOptions options;
    options.method = method;
    options.damping = 1e-6;
    ChannelResult result = cantFail(roundChannels(problem, options));
    ChannelProblem other = problem;
    for (int64_t dead : {1, 4, 6})
      other.weight.col(dead) *= -0.5;
    ChannelResult changed = cantFail(roundChannels(other, options));
    EXPECT_EQ(result.steps, changed.steps);
    for (int64_t awake : {0, 2, 3, 5, 7})
      EXPECT_EQ(result.weights.col(awake), changed.weights.col(awake));
  }
}

/// What was told as the error of the outputs held damping, and a mean square of inputs that were
/// always 0.
TEST(ChannelRounding, ErrorsOfOutputsHeldDamping) {
  Data data(6, 3);
  data.inputs.col(2).setZero();
  data.second = data.inputs.transpose() * data.inputs / double(data.inputs.rows());
  ChannelProblem problem;
  problem.weight = normalMatrix(3, 6, 4);
  problem.bits = 4;
  problem.steps = greatestSteps(problem.weight, 4);
  problem.second = &data.second;
  ChannelOptions options;
  options.method = ChannelMethod::Gptq;
  options.damping = 1;
  auto error = [&](const Matrix &rounded) {
    return (data.inputs * (rounded - problem.weight).transpose()).squaredNorm() /
           double(data.inputs.rows());
  };
  ChannelResult result = cantFail(roundChannels(problem, options));
  EXPECT_NEAR(result.outputError, error(result.weights), 1e-9 * result.outputError);
  EXPECT_GT(result.loss, 1.1 * result.outputError);
  options.method = ChannelMethod::Nearest;
  Matrix nearest = cantFail(roundChannels(problem, options)).weights;
  EXPECT_NEAR(result.nearestOutputError, error(nearest), 1e-9 * result.nearestOutputError);
}

/// Moments of `data`, held out against others of the same network.
HeldOutMoments heldOutOf(const Data &known, const Data &unseen) {
  return {known.second, known.cross, unseen.second, unseen.cross, 1.0};
}

ChannelResult roundHeldOut(ChannelMethod method, const Matrix &weight, const Data &data,
                           std::vector<HeldOutMoments> heldOut) {
  ChannelProblem problem;
  problem.weight = weight;
  problem.bits = 4;
  problem.steps = greatestSteps(weight, 4);
  problem.second = &data.second;
  problem.cross = &data.cross;
  problem.heldOut = heldOut;
  ChannelOptions options;
  options.method = method;
  return cantFail(roundChannels(problem, options));
}

/// What is held out says the same as what is known: the whole shift. It says that the difference
/// of the inputs has nothing to do with them: none.
TEST(ChannelRounding, TheShiftGoesAsFarAsHeldOutDataSays) {
  Data data(12, 5);
  Matrix weight = normalMatrix(7, 12, 9);
  HeldOutMoments same = heldOutOf(data, data), none = same, opposite = same, half = same;
  none.unseenCross.setZero();
  opposite.unseenCross = -data.cross;
  half.unseenCross = 0.5 * data.cross;
  auto alphaOf = [&](const HeldOutMoments &held) {
    return roundHeldOut(ChannelMethod::Gptaq, weight, data, {held}).alpha;
  };
  // With damping lambda the shift is W D (H + lambda I)^-1, a little short of the best.
  EXPECT_EQ(alphaOf(same), 1);
  EXPECT_EQ(alphaOf(none), 0);
  EXPECT_EQ(alphaOf(opposite), 0);
  EXPECT_NEAR(alphaOf(half), 0.5, 0.05);
  EXPECT_EQ(roundHeldOut(ChannelMethod::Gptq, weight, data, {same}).alpha, 0);
}

/// 10 rows know nothing of the correlations of 24 channels: damping by held out data is greater
/// than by the data itself, and the weights are better on data that nobody saw.
TEST(ChannelRounding, LittleDataIsDampedMore) {
  const int64_t channels = 24;
  double whole = 0, fixed = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Matrix weight = normalMatrix(8, channels, 50 + seed);
    auto moments = [&](int64_t rows, uint64_t salt) {
      Matrix x = normalMatrix(rows, channels, 1000 * seed + salt);
      return Matrix(x.transpose() * x / double(rows));
    };
    Matrix first = moments(5, 1), second = moments(5, 2), both = (first + second) / 2;
    Matrix unseen = moments(2000, 3);
    ChannelProblem problem;
    problem.weight = weight;
    problem.bits = 3;
    problem.steps = greatestSteps(weight, 3);
    problem.second = &both;
    ChannelOptions options;
    options.method = ChannelMethod::Gptq;
    auto lossOf = [&](const ChannelResult &result) {
      Matrix change = result.weights - weight;
      return (change * unseen).cwiseProduct(change).sum();
    };
    fixed += lossOf(cantFail(roundChannels(problem, options)));
    std::vector<HeldOutMoments> heldOut{{first, {}, second, {}, 1}, {second, {}, first, {}, 1}};
    problem.heldOut = heldOut;
    ChannelResult chosen = cantFail(roundChannels(problem, options));
    EXPECT_GT(chosen.damping, 0.01);
    whole += lossOf(chosen);
  }
  EXPECT_LT(whole, fixed);
}

TEST(ChannelRounding, RefusesWhatItCannotRound) {
  ChannelProblem problem;
  problem.weight = normalMatrix(2, 3, 1);
  problem.steps = Vector::Ones(2);
  EXPECT_EQ(messageOf(roundChannels(problem)), "expected second moments, but found none");
  problem.bits = 1;
  EXPECT_EQ(messageOf(roundChannels(problem)), "expected weights of 2 to 16 bits, but found 1");
  problem.bits = 4;
  problem.steps[1] = 0;
  EXPECT_EQ(messageOf(roundChannels(problem)), "expected positive steps");
  problem.steps[1] = 1;
  Matrix second = Matrix::Identity(3, 3);
  problem.second = &second;
  std::vector<HeldOutMoments> held{{second, Matrix::Zero(2, 2), second, {}, 1}};
  problem.heldOut = held;
  EXPECT_NE(messageOf(roundChannels(problem)).find("held out cross moments"), std::string::npos);
}

} // namespace
