//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chains: gradients of small networks along random directions, and computing blocks again.
//
//===----------------------------------------------------------------------===//

#include "GradientTest.h"
#include "quantc/Interfaces/NodeName.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

using Shape = std::vector<int64_t>;

/// Ops under names that count up.
struct Writer {
  OpBuilder &b;
  int count = 0;

  Location at() { return NameLoc::get(b.getStringAttr("op" + std::to_string(count++))); }
  Value linear(Value x, Value w) { return nn::LinearOp::create(b, at(), x, w, Value()); }
  Value matmul(Value x, Value y) { return nn::MatMulOp::create(b, at(), x, y); }
  Value add(Value x, Value y) { return nn::AddOp::create(b, at(), x, y); }
  Value mul(Value x, Value y) { return nn::MulOp::create(b, at(), x, y); }
  template <typename Op> Value unary(Value x) { return Op::create(b, at(), x.getType(), x); }
  Value norm(Value x, Value gain) {
    return nn::RMSNormOp::create(b, at(), x.getType(), x, gain, llvm::APFloat(0.01f));
  }
  Value transpose(Value x, Shape order) {
    return nn::TransposeOp::create(b, at(), x, b.getDenseI64ArrayAttr(order));
  }
  Value reshape(Value x, Shape shape) {
    auto type = cast<RankedTensorType>(x.getType());
    return nn::ReshapeOp::create(b, at(), type.clone(shape), x);
  }
  Value conv(Value x, Value w, Shape strides, Shape pads, int64_t groups) {
    return nn::ConvOp::create(b, at(), x, w, Value(), b.getDenseI64ArrayAttr(strides),
                              b.getDenseI64ArrayAttr({1, 1}), b.getDenseI64ArrayAttr(pads),
                              b.getI64IntegerAttr(groups));
  }
};

constexpr int64_t tokens = 4, channels = 8, heads = 2, hidden = 12;

/// A transformer's layers: norm, attention, sum, norm, gated unit, sum. Arguments: x, then for each
/// layer two gains and q, k, v, o, gate, up, down.
std::vector<Shape> layerShapes(int layers) {
  std::vector<Shape> shapes = {{1, tokens, channels}};
  for (int i = 0; i < layers; ++i) {
    shapes.insert(shapes.end(), {{channels}, {channels}});
    shapes.insert(shapes.end(), 4, {channels, channels});
    shapes.insert(shapes.end(), {{hidden, channels}, {hidden, channels}, {channels, hidden}});
  }
  return shapes;
}

Value attention(Writer &w, Value x, ValueRange p) {
  auto split = [&](Value y, Shape order) {
    return w.transpose(w.reshape(y, {1, tokens, heads, channels / heads}), std::move(order));
  };
  Value q = split(w.linear(x, p[0]), {0, 2, 1, 3}), k = split(w.linear(x, p[1]), {0, 2, 3, 1});
  Value v = split(w.linear(x, p[2]), {0, 2, 1, 3});
  Value scores = w.matmul(q, k);
  Value shares = nn::SoftmaxOp::create(w.b, w.at(), scores.getType(), scores, 3);
  Value mixed = w.transpose(w.matmul(shares, v), {0, 2, 1, 3});
  return w.linear(w.reshape(mixed, {1, tokens, channels}), p[3]);
}

Value transformer(OpBuilder &b, Location, ValueRange v) {
  Writer w{b};
  Value x = v[0];
  for (size_t layer = 1; layer < v.size(); layer += 9) {
    ValueRange p = v.slice(layer, 9);
    x = w.add(x, attention(w, w.norm(x, p[0]), p.slice(2, 4)));
    Value normed = w.norm(x, p[1]), gate = w.linear(normed, p[6]);
    gate = w.mul(gate, w.unary<nn::SigmoidOp>(gate));
    x = w.add(x, w.linear(w.mul(gate, w.linear(normed, p[7])), p[8]));
  }
  return x;
}

/// Convolutions as in mobile networks: dense with stride, depthwise, expansion and projection, a
/// sum; then a mean, Gelu and a linear map.
const std::vector<Shape> convShapes = {{2, 3, 9, 9}, {4, 3, 3, 3}, {8, 4, 1, 1}, {8, 1, 3, 3},
                                       {4, 8, 1, 1}, {6, 2, 3, 2}, {5, 6}};

Value convolutional(OpBuilder &b, Location, ValueRange v) {
  Writer w{b};
  Value x = w.unary<nn::HardSwishOp>(w.conv(v[0], v[1], {2, 2}, {0, 0, 1, 1}, 1));
  Value y = w.unary<nn::TanhOp>(w.conv(x, v[2], {1, 1}, {0, 0, 0, 0}, 1));
  y = w.unary<nn::SigmoidOp>(w.conv(y, v[3], {1, 1}, {1, 1, 1, 1}, 8));
  x = w.add(x, w.conv(y, v[4], {1, 1}, {0, 0, 0, 0}, 1));
  x = w.conv(x, v[5], {1, 2}, {1, 0, 0, 1}, 2);
  x = nn::ReduceMeanOp::create(b, w.at(), x, b.getDenseI64ArrayAttr({2, 3}), b.getBoolAttr(false));
  return w.linear(w.unary<nn::GeluOp>(x), v[6]);
}

class NetworkGradients : public GradientTest {
protected:
  Loops compileGradient(ArrayRef<Shape> shapes, Value (*body)(OpBuilder &, Location, ValueRange),
                        bool recompute) {
    module = build(shapes, body);
    nn::GradientOptions options;
    options.recompute = recompute;
    for (size_t i = 0; i < shapes.size(); ++i)
      options.wrt.push_back("a" + std::to_string(i));
    FailureOr<nn::GradientSignature> built = nn::buildGradient(*module, options);
    EXPECT_TRUE(succeeded(built));
    signature = *built;
    return compile(*module);
  }

  Tensors randomPoint(const Loops &loops, uint64_t seed) {
    Random random(seed);
    Tensors point;
    for (const LoopsTensor &input : loops.model->inputs()) {
      int64_t size = 1;
      for (int64_t n : input.shape)
        size *= n;
      Doubles values(static_cast<size_t>(size));
      for (double &value : values)
        value = random.real(-1, 1);
      point.push_back(std::move(values));
    }
    return point;
  }

  /// The derivative along a random direction of each argument.
  void expectDifferences(const Loops &loops, uint64_t seed) {
    Tensors point = randomPoint(loops, seed), results = loops.run(point);
    Random random(seed + 1);
    for (size_t i = 0; i + 1 < point.size(); ++i) {
      Doubles direction(point[i].size());
      for (double &value : direction)
        value = random.real(-1, 1);
      Tensors moved = point;
      auto f = [&](double t) {
        for (size_t j = 0; j < direction.size(); ++j)
          moved[i][j] = point[i][j] + t * direction[j];
        return loops.run(moved)[0][0];
      };
      // Some hundred roundings one after the other of values of the size of the loss.
      double roundings = 256 * 0x1p-53 * std::max(1.0, std::fabs(results[0][0]));
      Difference d = difference(f, 0x1p-16, roundings);
      EXPECT_NEAR(dot(results[i + 1], direction), d.value, d.bound) << "argument " << i;
    }
  }

  /// The most bytes of computed tensors that live at one time, results of the function aside.
  static int64_t peakBytes(ModuleOp module) {
    Block &block = module.lookupSymbol<func::FuncOp>("main").getBody().front();
    auto bytes = [](Value value) { return 8 * cast<ShapedType>(value.getType()).getNumElements(); };
    llvm::DenseMap<Value, Operation *> last;
    for (Operation &op : block.without_terminator())
      for (Value operand : op.getOperands())
        if (Operation *producer = operand.getDefiningOp();
            producer && !isa<nn::ConstantOp>(producer))
          last[operand] = &op;
    int64_t alive = 0, peak = 0;
    for (Operation &op : block.without_terminator()) {
      for (Value result : op.getResults())
        if (last.contains(result))
          alive += bytes(result);
      peak = std::max(peak, alive);
      for (auto [value, reader] : last)
        if (reader == &op)
          alive -= bytes(value);
    }
    return peak;
  }

  OwningOpRef<ModuleOp> module;
  nn::GradientSignature signature;
};

TEST_F(NetworkGradients, Transformer) {
  Loops loops = compileGradient(layerShapes(2), transformer, false);
  for (uint64_t seed : {1, 2})
    expectDifferences(loops, seed);
}

TEST_F(NetworkGradients, Convolutional) {
  Loops loops = compileGradient(convShapes, convolutional, false);
  for (uint64_t seed : {1, 2})
    expectDifferences(loops, seed);
}

/// The gradient of <gradient, v> is H v: twice the pass, against differences of gradients. KL's was
/// refused, since LogSoftmax had no derivative.
TEST_F(NetworkGradients, SecondOrder) {
  constexpr int layerWeight = 7; // of the gate
  std::string name = "a" + std::to_string(layerWeight);
  for (nn::Loss loss : {nn::Loss::MeanSquare, nn::Loss::KL}) {
    SCOPED_TRACE(loss == nn::Loss::KL ? "kl" : "mse");
    module = build(layerShapes(1), transformer);
    nn::GradientOptions first, second;
    first.loss = loss;
    first.wrt = second.wrt = {name};
    second.loss = nn::Loss::Cotangent;
    second.output = name + ":gradient";
    ASSERT_TRUE(succeeded(nn::buildGradient(*module, first)));
    Loops once = compile(*module);
    ASSERT_TRUE(succeeded(nn::buildGradient(*module, second)));
    Loops twice = compile(*module);
    Tensors point = randomPoint(twice, 5);
    Doubles product = twice.run(point)[1], v = point.back();
    Tensors moved(point.begin(), point.end() - 1);
    for (size_t i = 0; i < product.size(); i += 7) {
      auto f = [&](double t) {
        for (size_t j = 0; j < v.size(); ++j)
          moved[layerWeight][j] = point[layerWeight][j] + t * v[j];
        return once.run(moved)[1][i];
      };
      Difference d = difference(f, 0x1p-16, 256 * 0x1p-53);
      EXPECT_NEAR(product[i], d.value, d.bound) << i;
    }
  }
}

/// The same bits in less memory. With blocks of one layer, 12 layers keep 11 tensors of the stream
/// beside one block; without, all that each layer computes.
TEST_F(NetworkGradients, BlocksComputedAgain) {
  Loops plain = compileGradient(layerShapes(12), transformer, false);
  int64_t plainBytes = peakBytes(*module);
  EXPECT_EQ(signature.blocks, 0u);
  Loops again = compileGradient(layerShapes(12), transformer, true);
  int64_t againBytes = peakBytes(*module);
  EXPECT_GE(signature.blocks, 6u);
  EXPECT_LT(3 * againBytes, plainBytes);
  RecordProperty("plain", std::to_string(plainBytes));
  RecordProperty("again", std::to_string(againBytes));
  Tensors point = randomPoint(plain, 3);
  EXPECT_TRUE(plain.run(point) == again.run(point));
}

/// No place of a dense graph is crossed by one tensor alone: everything is kept.
TEST_F(NetworkGradients, NothingToCut) {
  module = build({{4, 4}}, [](OpBuilder &b, Location, ValueRange v) -> Value {
    Writer w{b};
    Value x = w.unary<nn::TanhOp>(v[0]), y = w.unary<nn::ExpOp>(v[0]);
    for (int i = 0; i < 3; ++i) {
      Value next = w.mul(x, y);
      y = w.add(x, y);
      x = next;
    }
    return w.add(x, y);
  });
  nn::GradientOptions options;
  options.recompute = true;
  options.wrt = {"a0"};
  FailureOr<nn::GradientSignature> built = nn::buildGradient(*module, options);
  ASSERT_TRUE(succeeded(built));
  module->walk([](Operation *op) { EXPECT_FALSE(StringRef(getNodeName(op)).ends_with(":again")); });
  EXPECT_EQ(built->blocks, 0u);
}

} // namespace
