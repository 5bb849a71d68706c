//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// High biases and means of batch normalisations in a graph: absorbed beside equalization, taken
// back where weights are rounded, and what refuses. The functions of matrices in quantc/PTQ say the
// numbers.
//
//===----------------------------------------------------------------------===//

#include "NetworkTest.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/PTQ/BiasCorrection.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;
using qnn::MigratedSite;
using qnn::MigrationMethod;

namespace {

#define CONV(IN, W, B, PAD, GROUPS, TYPES, NAME)                                                   \
  "nn.conv " IN ", " W ", " B " {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, "       \
  "pads = array<i64: " PAD ", " PAD ", " PAD ", " PAD ">, groups = " GROUPS " : i64} : " TYPES     \
  " loc(\"" NAME "\")\n"
#define MOMENTS "quantc.channel_moments = array<f64: 5.0, 1.0, 0.5, -2.0, 1.0, 0.25, 1.0, 0.125>"
#define T "tensor<1x4x3x3xf32>"

/// A map of four channels with moments, an activation, and a second map.
std::string network(const std::string &activation, bool moments = true,
                    const std::string &pad = "0") {
  std::string first = "%0 = " CONV("%x", "%a", "%b", "0", "1",
                                   "(" T ", tensor<4x4x1x1xf32>, tensor<4xf32>) -> " T, "first");
  if (moments)
    first.replace(first.find(" : i64} :"), 7, " : i64, " MOMENTS "}");
  std::string window = pad == "0" ? "1" : "3";
  std::string second = "%2 = nn.conv %1, %c, %d {strides = array<i64: 1, 1>, dilations = "
                       "array<i64: 1, 1>, pads = array<i64: PAD, PAD, PAD, PAD>, groups = 1 : i64} "
                       ": (" T ", tensor<2x4xWxWxf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32> "
                       "loc(\"second\")\n";
  for (auto [from, to] : {std::pair<std::string, std::string>{"PAD", pad}, {"W", window}})
    for (size_t at; (at = second.find(from)) != std::string::npos;)
      second.replace(at, from.size(), to);
  std::string kernel = pad == "0" ? "dense<[[[[1.0]], [[-2.0]], [[0.5]], [[4.0]]], [[[0.25]], "
                                    "[[3.0]], [[-1.0]], [[2.0]]]]> : tensor<2x4x1x1xf32>\n"
                                  : "dense<0.25> : tensor<2x4x3x3xf32>\n";
  return "func.func @main(%x: " T ") -> tensor<1x2x3x3xf32> {\n"
         "%a = nn.constant dense<[[[[2.0]], [[0.5]], [[-1.0]], [[1.0]]], [[[0.25]], [[1.0]], "
         "[[0.5]], [[-4.0]]], [[[1.0]], [[-0.5]], [[8.0]], [[0.5]]], [[[-2.0]], [[1.0]], [[0.5]], "
         "[[0.125]]]]> : tensor<4x4x1x1xf32>\n"
         "%b = nn.constant dense<[40.0, 1.0, 0.5, -2.0]> : tensor<4xf32>\n"
         "%c = nn.constant " +
         kernel + "%d = nn.constant dense<[1.0, -1.0]> : tensor<2xf32>\n" + first +
         "%1 = " + activation + " : " T " loc(\"activation\")\n" + second +
         "return %2 : tensor<1x2x3x3xf32>\n}";
}

const std::string relu = "nn.relu %0", relu6 = "nn.clip %0 {lo = 0.0 : f32, hi = 6.0 : f32}";

class HighBias : public NetworkTest {
protected:
  std::vector<MigratedSite> migrate(ModuleOp module, bool openClamps = false,
                                    const ChannelSampleTable &samples = {}, bool absorb = true) {
    remarks.clear();
    qnn::MigrateOptions options;
    options.method = MigrationMethod::Equalize;
    options.check = false;
    options.sites.absorb = absorb;
    options.sites.openClamps = openClamps;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      remarks.push_back(diagnostic.str());
      return success();
    });
    FailureOr<std::vector<MigratedSite>> found = qnn::migrate(module, samples, options);
    EXPECT_TRUE(succeeded(found));
    return succeeded(found) ? *found : std::vector<MigratedSite>();
  }

  bool said(StringRef text) const {
    return llvm::any_of(remarks, [&](StringRef remark) { return remark.contains(text); });
  }

  static LinearMapOpInterface mapOf(ModuleOp module, StringRef node) {
    LinearMapOpInterface found;
    module.walk([&](LinearMapOpInterface map) {
      if (getNodeName(map) == node)
        found = map;
    });
    return found;
  }
  static ptq::LinearLayer layerOf(ModuleOp module, StringRef node) {
    LinearMapOpInterface map = mapOf(module, node);
    auto weight = *readFloats(getConstantElements(map.getWeightOperand().get()));
    auto bias = *readFloats(getConstantElements(map.getBiasValue()));
    ptq::LinearLayer layer;
    auto rows = static_cast<Eigen::Index>(bias.size());
    layer.weight.resize(rows, static_cast<Eigen::Index>(weight.size()) / rows);
    for (size_t i = 0; i < weight.size(); ++i)
      layer.weight.data()[i] = weight[i];
    layer.bias.resize(rows);
    for (Eigen::Index o = 0; o < rows; ++o)
      layer.bias[o] = bias[o];
    return layer;
  }

  /// Data in [-1, 1]: the first channel is at least 40 - 4.5 in front of the ReLU.
  static Network dataOf(float factor = 1) {
    Network data;
    std::vector<float> values;
    for (int i = 0; i < 36; ++i)
      values.push_back(factor * float(i * 7 % 13 - 6) / 6);
    data.inputs.push_back(HostTensor::from<float>({1, 4, 3, 3}, values));
    return data;
  }

  std::vector<std::string> remarks;
};

// Moments: 5 - 3 of the first channel, and no other. The library's functions of matrices say the
// same, and the float function stays.
TEST_F(HighBias, IsAbsorbedBehindARelu) {
  auto module = parse(network(relu)), original = parse(network(relu));
  ASSERT_TRUE(module && original);
  ptq::LinearLayer chain[] = {layerOf(*module, "first"), layerOf(*module, "second")};
  ptq::Vector beta(4), gamma(4);
  beta << 5, 1, 0.5, -2;
  gamma << 1, 0.25, 1, 0.125;
  ptq::Vector constants = *ptq::absorbableBias(beta, gamma);
  EXPECT_EQ(constants, (ptq::Vector(4) << 2, 0.25, 0, 0).finished());
  ASSERT_FALSE(ptq::absorbBias(chain[0], chain[1], constants));
  auto scale = *ptq::equalizingScale(ptq::outputRange(chain[0]), ptq::inputRange(chain[1]));
  ptq::divideOutputs(chain[0], scale);
  ptq::multiplyInputs(chain[1], scale);

  std::vector<MigratedSite> sites = migrate(*module);
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_EQ(sites[0].greatestShift, 2);
  EXPECT_TRUE(said("'second.input' is migrated by equalize")) << llvm::join(remarks, "\n");
  EXPECT_TRUE(said("biases up to 2 are absorbed")) << llvm::join(remarks, "\n");
  for (int i : {0, 1}) {
    ptq::LinearLayer found = layerOf(*module, i ? "second" : "first");
    EXPECT_LT((found.weight - chain[i].weight).cwiseAbs().maxCoeff(), 1e-6);
    EXPECT_LT((found.bias - chain[i].bias).cwiseAbs().maxCoeff(), 1e-5);
  }
  auto moments = getChannelMoments(mapOf(*module, "first"), 4);
  ASSERT_TRUE(moments);
  EXPECT_NEAR(moments->mean[0], 3 / scale[0], 1e-12);
  EXPECT_NEAR(moments->deviation[1], 0.25 / scale[1], 1e-12);
}

// With the bounds that the data keeps, the function on the data is the same.
TEST_F(HighBias, LeastValuesSeenKeepTheFunction) {
  auto module = parse(network(relu, /*moments=*/false)), original = parse(network(relu, false));
  ASSERT_TRUE(module && original);
  qnn::MigrationSites sites = qnn::findMigrationSites(*module, {true, true, false});
  ASSERT_EQ(sites.sites.size(), 1u);
  ASSERT_EQ(sites.sites[0].bounds.size(), 1u);
  EXPECT_EQ(sites.sites[0].bounds[0].name, "activation.input");
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>((*module)->clone()));
  auto geometry = qnn::observeSites(qnn::findMigrationSites(*copy, {true, true, false}));
  EXPECT_TRUE(geometry.contains("activation.input"));
  ChannelSampleTable samples;
  ChannelSample &sample = samples["activation.input"];
  sample.min = {30, -1, 0.25, -3};
  sample.max = {50, 1, 1, 1};
  std::vector<MigratedSite> found = migrate(*module, false, samples);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].greatestShift, 30);
  Network data = dataOf(0);
  EXPECT_LT(relativeError(run(*module, data), run(*original, data)), 1e-6);
  // Beyond what was seen the function changes: the second channel of 0.5 + x is below 0.25.
  Network wide = dataOf(10);
  EXPECT_GT(relativeError(run(*module, wide), run(*original, wide)), 1e-6);

  auto without = parse(network(relu, false));
  migrate(*without);
  EXPECT_TRUE(said("no bias is absorbed: no samples of 'activation.input'"));
  EXPECT_EQ(layerOf(*without, "second").bias, layerOf(*original, "second").bias);
}

TEST_F(HighBias, IsRefusedByPadding) {
  auto module = parse(network(relu, true, "1"));
  ASSERT_TRUE(module);
  std::vector<MigratedSite> sites = migrate(*module);
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_EQ(sites[0].greatestShift, 0);
  EXPECT_TRUE(said("no bias is absorbed: 'second' (nn.conv): its padding is zero, and zero would "
                   "be shifted"))
      << llvm::join(remarks, "\n");
}

// What is no ReLU refuses the shift, and a clamp the scale as well.
TEST_F(HighBias, IsRefusedByOtherFunctions) {
  auto module = parse(network("nn.leaky_relu %0 {alpha = 0.1 : f32}"));
  ASSERT_TRUE(module);
  ASSERT_EQ(migrate(*module).size(), 1u);
  EXPECT_TRUE(said("no bias is absorbed: 'activation' (nn.leaky_relu): it is not linear"));
  auto clamped = parse(network(relu6));
  EXPECT_EQ(migrate(*clamped).size(), 0u);
  EXPECT_TRUE(said("'second.input' is not migrated: 'activation' (nn.clip): it is not linear"));
  Value value = mapOf(*clamped, "second").getInputOperand().get();
  TransformRegion region = findTransformRegion(value, ChannelSlot::axis(1, 4), TransformKind::Shift,
                                               {/*aboveShift=*/true, /*openClamps=*/false});
  ASSERT_FALSE(region.isLegal());
  EXPECT_EQ(region.refusals.front().reason,
            "'activation' (nn.clip): its upper bound would have to be shifted, too");
}

// Without leave to do so neither ReLUs nor clamps let a shift through.
TEST_F(HighBias, NeedsLeave) {
  auto module = parse(network(relu));
  ASSERT_TRUE(module);
  Value value = mapOf(*module, "second").getInputOperand().get();
  EXPECT_FALSE(findTransformRegion(value, ChannelSlot::axis(1, 4), TransformKind::Shift).isLegal());
  migrate(*module, false, {}, /*absorb=*/false);
  EXPECT_FALSE(said("absorbed"));
  EXPECT_EQ(layerOf(*module, "second").bias, (ptq::Vector(2) << 1, -1).finished());
}

TEST_F(HighBias, OpenClampsAreRelus) {
  auto module = parse(network(relu6));
  ASSERT_TRUE(module);
  std::vector<MigratedSite> sites = migrate(*module, /*openClamps=*/true);
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_TRUE(sites[0].kept);
  EXPECT_EQ(sites[0].greatestShift, 2);
  int64_t relus = 0, clips = 0;
  module->walk([&](Operation *op) {
    relus += isa<nn::ReluOp>(op);
    clips += isa<nn::ClipOp>(op);
  });
  EXPECT_EQ(relus, 1);
  EXPECT_EQ(clips, 0);
  auto plain = parse(network(relu));
  migrate(*plain);
  Network data = dataOf();
  EXPECT_EQ(run(*module, data), run(*plain, data));
}

// Without an activation: the mean itself.
TEST_F(HighBias, IsTheMeanWithoutAnActivation) {
  std::string text = network(relu);
  text.replace(text.find("%1 = nn.relu"), 0, "// ");
  text.replace(text.find("nn.conv %1"), 10, "nn.conv %0");
  auto module = parse(text), original = parse(text);
  ASSERT_TRUE(module && original);
  std::vector<MigratedSite> sites = migrate(*module);
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_EQ(sites[0].greatestShift, 5);
  EXPECT_EQ(sites[0].leastShift, -2);
  Network data = dataOf();
  EXPECT_LT(relativeError(run(*module, data), run(*original, data)), 1e-6);
}

//===----------------------------------------------------------------------===//
// Means
//===----------------------------------------------------------------------===//

class AnalyticBias : public HighBias {
protected:
  /// Observers with ranges in front of both maps, and 4-bit weights.
  OwningOpRef<ModuleOp> quantized(const std::string &text, bool correct) {
    auto module = parse(text);
    if (!module)
      return module;
    qnn::QuantizeOptions options;
    options.weightBits = 4;
    options.correctBias = correct;
    for (StringRef node : {"first", "second"}) {
      LinearMapOpInterface map = mapOf(*module, node);
      OpBuilder builder(map);
      auto format = qnn::IntFormatAttr::get(&context, 8, false, false, false);
      auto statistics = qnn::StatisticsAttr::get(&context, -64.0, 64.0, -64.0, 64.0, 1,
                                                 builder.getStringAttr("min-max"));
      Value input = map.getInputOperand().get();
      map.getInputOperand().set(qnn::ObserveOp::create(builder, map->getLoc(), input.getType(),
                                                       input, builder.getStringAttr(node + ".in"),
                                                       format, statistics));
    }
    remarks.clear();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      remarks.push_back(diagnostic.str());
      return success();
    });
    PassManager manager(&context, ModuleOp::getOperationName());
    manager.addPass(qnn::createQuantizePass(options));
    EXPECT_TRUE(succeeded(manager.run(*module))) << llvm::join(remarks, "\n");
    return module;
  }

  static std::vector<double> dequantized(Value value, int64_t channels) {
    auto pair = value.getDefiningOp<qnn::DequantizeOp>();
    auto codes = *readIntegers(getConstantElements(pair.getInput()));
    auto scale = *readFloats(getConstantElements(pair.getScale()));
    std::vector<double> values;
    for (size_t i = 0; i < codes.size(); ++i)
      values.push_back(double(codes[i]) *
                       scale[scale.size() == 1 ? 0 : i / (codes.size() / size_t(channels))]);
    return values;
  }

  /// The correction of the second map's bias agrees with the library's.
  void expectShift(const std::string &text, const ptq::Vector &means) {
    auto plain = quantized(text, false), corrected = quantized(text, true);
    ASSERT_TRUE(plain && corrected);
    auto source = parse(text);
    ptq::LinearLayer layer = layerOf(*source, "second");
    layer.taps = layer.weight.cols() / 4;
    LinearMapOpInterface map = mapOf(*corrected, "second");
    std::vector<double> weight = dequantized(map.getWeightOperand().get(), 2);
    ptq::Matrix rounded = layer.weight;
    std::copy(weight.begin(), weight.end(), rounded.data());
    ptq::Vector shift = *ptq::biasShift(layer, rounded, means);
    EXPECT_GT(shift.cwiseAbs().maxCoeff(), 0.01) << "nothing to correct";
    auto scale = *readFloats(
        getConstantElements(map.getBiasValue().getDefiningOp<qnn::DequantizeOp>().getScale()));
    std::vector<double> before = dequantized(mapOf(*plain, "second").getBiasValue(), 2),
                        after = dequantized(map.getBiasValue(), 2);
    for (int o : {0, 1}) // both are rounded once
      EXPECT_NEAR(before[o] - after[o], shift[o], 1.001 * scale[o]);
    EXPECT_TRUE(said("'first' keeps its bias: it is an input of the graph"))
        << llvm::join(remarks, "\n");
    EXPECT_TRUE(said("'second' takes back a mean error of up to "));
  }
};

TEST_F(AnalyticBias, BehindARelu) {
  ptq::Vector beta(4), gamma(4);
  beta << 5, 1, 0.5, -2;
  gamma << 1, 0.25, 1, 0.125;
  expectShift(network(relu), beta.binaryExpr(gamma, &ptq::meanOfRelu));
  auto ofRelu6 = [](double mean, double deviation) {
    return ptq::meanOfClamp(mean, deviation, 0, 6);
  };
  expectShift(network(relu6), beta.binaryExpr(gamma, ofRelu6));
}

// Behind other functions an integral; a sigmoid of a symmetric normal number has the mean 1/2.
TEST_F(AnalyticBias, BehindOtherFunctions) {
  std::string text = network("nn.sigmoid %0");
  text.replace(text.find("5.0, 1.0, 0.5, -2.0"), 19, "0.0, 0.0, 0.0, 0.00");
  expectShift(text, ptq::Vector::Constant(4, 0.5));
}

TEST_F(AnalyticBias, KeepsWhatNobodyTold) {
  auto plain = quantized(network(relu, false), false),
       corrected = quantized(network(relu, false), true);
  ASSERT_TRUE(plain && corrected);
  EXPECT_TRUE(said("'second' keeps its bias: 'activation' (nn.relu): no batch normalization tells "
                   "what it makes"))
      << llvm::join(remarks, "\n");
  EXPECT_EQ(dequantized(mapOf(*plain, "second").getBiasValue(), 2),
            dequantized(mapOf(*corrected, "second").getBiasValue(), 2));
}

} // namespace
