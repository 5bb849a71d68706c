//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Losses: closed forms, and differences.
//
//===----------------------------------------------------------------------===//

#include "GradientTest.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

constexpr int64_t rows = 3, inputs = 4, classes = 5;

class LossGradients : public GradientTest {
protected:
  LossGradients() : random(7) {}

  /// y = x, or y = x W^T + b.
  Loops compileLoss(const nn::GradientOptions &options, bool linear) {
    std::vector<std::vector<int64_t>> shapes = {{rows, classes}};
    if (linear)
      shapes = {{rows, inputs}, {classes, inputs}, {classes}};
    module = build(shapes, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
      return linear ? Value(nn::LinearOp::create(b, loc, v[0], v[1], v[2])) : v[0];
    });
    EXPECT_TRUE(succeeded(nn::buildGradient(*module, options)));
    return compile(*module);
  }

  Doubles reals(size_t count) {
    Doubles values(count);
    for (double &value : values)
      value = random.real(-2, 2);
    return values;
  }

  static nn::GradientOptions with(nn::Loss loss, bool mean, std::vector<std::string> wrt) {
    nn::GradientOptions options;
    options.loss = loss;
    options.mean = mean;
    options.wrt = std::move(wrt);
    return options;
  }

  static Doubles softmax(const Doubles &x) {
    Doubles p(x.size());
    for (size_t row = 0; row < x.size(); row += classes) {
      double sum = 0;
      for (size_t j = row; j < row + classes; ++j)
        sum += p[j] = std::exp(x[j]);
      for (size_t j = row; j < row + classes; ++j)
        p[j] /= sum;
    }
    return p;
  }

  /// Sums here have at most 15 terms of magnitude below 16 and as many roundings.
  static void expectSame(const Doubles &found, const Doubles &expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 15 * 16 * 16 * 0x1p-53) << i;
  }

  Random random;
  OwningOpRef<ModuleOp> module;
};

/// dW = 2/N (y - t)^T x, dx = 2/N (y - t) W, db = 2/N sum(y - t).
TEST_F(LossGradients, LinearMeanSquare) {
  for (bool mean : {true, false}) {
    Loops loops = compileLoss(with(nn::Loss::MeanSquare, mean, {"a0", "a1", "a2"}), true);
    Doubles x = reals(rows * inputs), w = reals(classes * inputs), b = reals(classes);
    Doubles t = reals(rows * classes), dx(x.size()), dw(w.size()), db(b.size());
    double loss = 0, share = mean ? 1.0 / (rows * classes) : 1.0;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < classes; ++c) {
        double d = b[c] - t[r * classes + c];
        for (int64_t k = 0; k < inputs; ++k)
          d += x[r * inputs + k] * w[c * inputs + k];
        loss += share * d * d;
        db[c] += 2 * share * d;
        for (int64_t k = 0; k < inputs; ++k) {
          dx[r * inputs + k] += 2 * share * d * w[c * inputs + k];
          dw[c * inputs + k] += 2 * share * d * x[r * inputs + k];
        }
      }
    Tensors results = loops.run({x, w, b, t});
    ASSERT_EQ(results.size(), 4u);
    EXPECT_NEAR(results[0][0], loss, std::fabs(loss) * 64 * 0x1p-53);
    expectSame(results[1], dx);
    expectSame(results[2], dw);
    expectSame(results[3], db);
  }
}

/// (p - onehot) / rows that count; rows that are ignored have none.
TEST_F(LossGradients, SoftmaxCrossEntropy) {
  for (bool mean : {true, false}) {
    Loops loops = compileLoss(with(nn::Loss::CrossEntropy, mean, {"a0"}), false);
    Doubles x = reals(rows * classes), labels = {4, -100, 1}, expected = softmax(x);
    double loss = 0, share = mean ? 0.5 : 1.0;
    for (int64_t r : {0, 2}) {
      auto label = r * classes + static_cast<int64_t>(labels[r]);
      loss -= share * std::log(expected[label]);
      expected[label] -= 1;
    }
    for (int64_t i = 0; i < rows * classes; ++i)
      expected[i] *= i / classes == 1 ? 0.0 : share;
    Tensors results = loops.run({x, labels});
    EXPECT_NEAR(results[0][0], loss, 64 * 16 * 0x1p-53);
    expectSame(results[1], expected);
  }
}

/// (softmax(y) - softmax(t)) / rows, which is 0 where both are equal.
TEST_F(LossGradients, KullbackLeibler) {
  for (bool mean : {true, false}) {
    Loops loops = compileLoss(with(nn::Loss::KL, mean, {"a0"}), false);
    Doubles x = reals(rows * classes), t = reals(rows * classes);
    Doubles q = softmax(x), p = softmax(t), expected(q.size());
    double loss = 0, share = mean ? 1.0 / rows : 1.0;
    for (size_t i = 0; i < q.size(); ++i) {
      loss += share * p[i] * std::log(p[i] / q[i]);
      expected[i] = share * (q[i] - p[i]);
    }
    Tensors results = loops.run({x, t});
    EXPECT_NEAR(results[0][0], loss, 64 * 16 * 0x1p-53);
    expectSame(results[1], expected);
    expectSame(loops.run({x, x})[1], Doubles(q.size(), 0.0));
  }
}

TEST_F(LossGradients, Differences) {
  for (nn::Loss loss :
       {nn::Loss::MeanSquare, nn::Loss::KL, nn::Loss::CrossEntropy, nn::Loss::Cotangent}) {
    Loops loops = compileLoss(with(loss, true, {"a0", "a1", "a2"}), true);
    Tensors point = {reals(rows * inputs), reals(classes * inputs), reals(classes),
                     loss == nn::Loss::CrossEntropy ? Doubles{0, 3, -100} : reals(rows * classes)};
    Tensors results = loops.run(point);
    for (size_t operand = 0; operand < 3; ++operand)
      for (size_t j = 0; j < point[operand].size(); ++j) {
        Tensors moved = point;
        auto f = [&](double t) {
          moved[operand][j] = point[operand][j] + t;
          return loops.run(moved)[0][0];
        };
        // A loss below 1024, of sums whose parts are below it, too.
        Difference d = difference(f, 0x1p-17, 1024 * 0x1p-50);
        EXPECT_NEAR(results[operand + 1][j], d.value, d.bound) << operand << " " << j;
      }
  }
}

/// Linear ops meet sum(y c) with the adjoint: f(v) . c = v . f^T(c), without differences.
TEST_F(LossGradients, AdjointOfLinearMap) {
  Loops loops = compileLoss(with(nn::Loss::Cotangent, true, {"a0"}), true);
  Doubles x = reals(rows * inputs), w = reals(classes * inputs), c = reals(rows * classes);
  Tensors results = loops.run({x, w, Doubles(classes, 0.0), c});
  EXPECT_NEAR(results[0][0], dot(x, results[1]), 15 * 16 * 16 * 0x1p-53);
}

/// What the loss does not see, and what is stopped, has zeros.
TEST_F(LossGradients, ZerosAreSaid) {
  module = build({{2, 3}, {2, 3}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
    auto at = [&](const char *name) { return NameLoc::get(b.getStringAttr(name)); };
    Value y = nn::TanhOp::create(b, at("stopped"), v[0].getType(), v[0]);
    return nn::MulOp::create(b, at("product"), y, v[1]);
  });
  nn::GradientOptions options = with(nn::Loss::Cotangent, true, {"a0", "a1"});
  options.stop = {"stopped"};
  std::string remark;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    remark = diagnostic.str();
    return success();
  });
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  EXPECT_EQ(remark, "nn-gradient: the loss does not depend on 'a0': its gradient is zero");
  Doubles x = reals(6), factor = reals(6), c = reals(6), expected(6);
  for (size_t i = 0; i < 6; ++i)
    expected[i] = c[i] * std::tanh(x[i]);
  Tensors results = compile(*module).run({x, factor, c});
  EXPECT_EQ(results[1], Doubles(6, 0.0));
  expectSame(results[2], expected);
}

/// An operand's gradient is that of one use; an inner tensor's that of all its uses.
TEST_F(LossGradients, NamesOfUsesAndTensors) {
  module = build({{2, 3}, {3, 3}}, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
    auto at = [&](const char *name) { return NameLoc::get(b.getStringAttr(name)); };
    Value y = nn::LinearOp::create(b, at("first"), v[0], v[1], Value());
    Value z = nn::LinearOp::create(b, at("second"), y, v[1], Value());
    return nn::AddOp::create(b, at("sum"), z, y);
  });
  nn::GradientOptions options =
      with(nn::Loss::Cotangent, true, {"a1", "first:weight", "second:weight", "first", "second:0"});
  ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
  Tensors results = compile(*module).run({reals(6), reals(9), reals(6)});
  Doubles sum(9);
  for (size_t i = 0; i < 9; ++i)
    sum[i] = results[2][i] + results[3][i];
  expectSame(results[1], sum);
  EXPECT_NE(results[4], results[5]); // the second way around `second`
}

} // namespace
