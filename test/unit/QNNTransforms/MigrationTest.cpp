//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outlier migration on random networks: every method finds its places by structure, says why it
// leaves the others, and the results stay.
//
//===----------------------------------------------------------------------===//

#include "NetworkTest.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/StringExtras.h"
#include <random>

using namespace mlir;
using namespace quantc;
using namespace quantc::test;
using qnn::MigratedSite;
using qnn::MigrationMethod;

namespace {

constexpr MigrationMethod methods[] = {MigrationMethod::SmoothQuant,
                                       MigrationMethod::OutlierSuppression, MigrationMethod::Awq,
                                       MigrationMethod::Equalize};

/// Rows with channels of unequal ranges that lie beside 0; `dead` channels are always 0.
ChannelSample sampleOf(const qnn::MigrationRead &read, int seed, int64_t dead) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  ChannelSample sample;
  int64_t taps = read.geometry.taps(), inputs = read.geometry.channels;
  sample.width = inputs * taps;
  std::vector<float> size, middle;
  for (int64_t c = 0; c < inputs; ++c) {
    size.push_back(c < dead ? 0 : c % 7 == 3 ? 20.0f : 1 + 0.5f * uniform(random));
    middle.push_back(c < dead ? 0 : uniform(random));
    sample.min.push_back(middle[c] - size[c]);
    sample.max.push_back(middle[c] + size[c]);
    sample.meanAbs.push_back(0.5 * size[c]);
  }
  sample.count = 24;
  for (auto *rows : {&sample.search, &sample.check})
    for (int row = 0; row < 12; ++row)
      for (int64_t i = 0; i < sample.width; ++i)
        rows->push_back(middle[i / taps] + size[i / taps] * uniform(random));
  return sample;
}

class Migration : public NetworkTest {
protected:
  ChannelSampleTable samplesOf(ModuleOp module, bool copies = true, int64_t dead = 0) {
    ChannelSampleTable table;
    int seed = 1;
    for (const qnn::MigrationSite &site : qnn::findMigrationSites(module, {copies}).sites)
      for (const qnn::MigrationRead &read : site.reads)
        table[read.name] = sampleOf(read, seed++, dead);
    return table;
  }

  std::vector<MigratedSite> migrate(ModuleOp module, const ChannelSampleTable &samples,
                                    qnn::MigrateOptions options) {
    remarks.clear();
    if (!options.loss.roundWeights) {
      auto rounding = qnn::weightRounding({}, "", "none");
      EXPECT_TRUE(static_cast<bool>(rounding));
      options.loss.roundWeights = *rounding;
    }
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      remarks.push_back(diagnostic.str());
      return success();
    });
    FailureOr<std::vector<MigratedSite>> found = qnn::migrate(module, samples, options);
    EXPECT_TRUE(succeeded(found));
    return succeeded(found) ? *found : std::vector<MigratedSite>();
  }

  static int64_t keptOf(ArrayRef<MigratedSite> sites) {
    return llvm::count_if(sites, [](const MigratedSite &site) { return site.kept; });
  }

  /// All methods, everything kept: `smooth` places, `equal` of them with weights in front.
  void expectMigrated(const Network &network, int64_t smooth, int64_t equal) {
    auto original = parse(network.text);
    ASSERT_TRUE(original);
    std::vector<float> before = run(*original, network);
    for (MigrationMethod method : methods) {
      auto module = parse(network.text);
      qnn::MigrateOptions options;
      options.method = method;
      options.check = false;
      if (method == MigrationMethod::SmoothQuant)
        options.alpha = 0.5;
      std::vector<MigratedSite> sites = migrate(*module, samplesOf(*module), options);
      EXPECT_EQ(keptOf(sites), method == MigrationMethod::Equalize ? equal : smooth)
          << qnn::migrationName(method).str();
      // A weight takes up a scale on either side and a shift; what is added for a shift is taken
      // off again.
      EXPECT_LE(relativeError(run(*module, network), before), errorBound(network, 12))
          << qnn::migrationName(method).str();
    }
  }

  bool said(StringRef text) const {
    return llvm::any_of(remarks, [&](StringRef remark) { return remark.contains(text); });
  }

  static std::vector<float> weightOf(ModuleOp module, StringRef node) {
    std::vector<float> values;
    module.walk([&](LinearMapOpInterface map) {
      if (getNodeName(map) == node)
        values = *readFloats(getConstantElements(map.getWeightOperand().get()));
    });
    return values;
  }

  std::vector<std::string> remarks;
};

// Norms to queries, keys, values, to gate and up, values to output, up to down.
TEST_F(Migration, Llama) {
  for (int64_t tokens : {1, 5})
    for (bool tied : {false, true})
      expectMigrated(llamaLike(tokens, /*gains=*/true, tied), 9, 4);
}

// The bias of queries, keys and values takes a shift; an rms norm has none to give it.
TEST_F(Migration, ShiftsNeedABiasInFront) {
  qnn::MigrateOptions options;
  options.method = MigrationMethod::OutlierSuppression;
  options.check = false;
  auto opt = parse(optLike(5).text), llama = parse(llamaLike(5, true, false).text);
  for (const MigratedSite &site : migrate(*opt, samplesOf(*opt), options))
    if (site.name == "q0.input")
      EXPECT_TRUE(StringRef(site.choice).ends_with(", shifted")) << site.choice;
  for (const MigratedSite &site : migrate(*llama, samplesOf(*llama), options))
    if (site.name == "q0.input")
      EXPECT_FALSE(StringRef(site.choice).contains("shifted")) << site.choice;
  EXPECT_TRUE(said("not shifted: "));
}

TEST_F(Migration, Opt) {
  for (int64_t tokens : {1, 5})
    expectMigrated(optLike(tokens), 9, 4);
}

// Norms behind sums are read by residuals too: copies of them for the maps, or nothing.
TEST_F(Migration, Bert) {
  for (int64_t tokens : {1, 5})
    expectMigrated(bertLike(tokens), 6, 2);
  Network network = bertLike(5);
  auto module = parse(network.text);
  qnn::MigrateOptions options;
  options.alpha = 0.5;
  options.check = false;
  options.sites.copies = false;
  EXPECT_EQ(keptOf(migrate(*module, samplesOf(*module, false), options)), 3);
  EXPECT_TRUE(said("'fc0.input' is not migrated: "));
  EXPECT_TRUE(said("'down0.input' is not migrated: "));
  EXPECT_TRUE(said("it is not linear")) << llvm::join(remarks, "\n");
}

TEST_F(Migration, Convolutions) {
  for (int64_t batch : {1, 3}) {
    expectMigrated(convolutional(batch), 5, 5);
    expectMigrated(pooled(batch), 3, 3);
  }
}

// Zeros of a padding are no zeros of a shifted tensor.
TEST_F(Migration, PaddedConvolutionTakesNoShift) {
  auto module = parse(R"(
func.func @main(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<0.5> : tensor<2x2x1x1xf32>
  %v = nn.constant dense<0.25> : tensor<2x2x3x3xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32> loc("first")
  %1 = nn.conv %0, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32> loc("second")
  return %1 : tensor<1x2x4x4xf32>
})");
  ASSERT_TRUE(module);
  qnn::MigrationSites sites = qnn::findMigrationSites(*module, {});
  ASSERT_EQ(sites.sites.size(), 1u);
  EXPECT_EQ(sites.sites.front().name, "second.input");
  EXPECT_NE(sites.sites.front().noShift.find("its padding is zero"), std::string::npos);
  ASSERT_EQ(sites.refusals.size(), 1u);
  EXPECT_EQ(sites.refusals.front().reason, "it is an input of the graph");
}

constexpr const char *normAndMaps = R"(
func.func @main(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<3x4xf32>) {
  %g = nn.constant dense<[1.0, 2.0, 4.0, 0.5]> : tensor<4xf32>
  %b = nn.constant dense<[0.5, 1.0, 0.0, -1.0]> : tensor<4xf32>
  %w = nn.constant dense<[[1.0, 2.0, 3.0, 4.0], [-4.0, 1.0, 2.0, 0.5]]> : tensor<2x4xf32>
  %0 = nn.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<3x4xf32> loc("norm")
  %1 = nn.linear %0, %w : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32> loc("map")
  return %1, %0 : tensor<3x2xf32>, tensor<3x4xf32>
})";

// alpha = 1: the factors are the channels' ranges. A result of the graph reads the norm too.
TEST_F(Migration, SmoothQuantMovesTheRange) {
  auto module = parse(normAndMaps);
  ASSERT_TRUE(module) << "the text does not parse";
  ChannelSampleTable samples = samplesOf(*module);
  ChannelSample &sample = samples["map.input"];
  sample.min = {-2, -1, 0, 0};
  sample.max = {1, 3, 8, 0};
  qnn::MigrateOptions options;
  options.alpha = 1;
  options.check = false;
  EXPECT_EQ(keptOf(migrate(*module, samples, options)), 1);
  EXPECT_TRUE(said("its producer is copied"));
  // Factors 2, 3, 8, and their geometric mean for the channel that was always 0.
  const auto middle = static_cast<float>(std::cbrt(2.0 * 3 * 8));
  const std::vector<float> expected = {2, 6, 24, 4 * middle, -8, 3, 16, 0.5f * middle};
  const std::vector<float> found = weightOf(*module, "map");
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_FLOAT_EQ(found[i], expected[i]) << i;
}

// A channel that was always 0 keeps its column; with SmoothQuant, whose factors have no middle of
// their own, it keeps its size among the others.
TEST_F(Migration, DeadChannelsStay) {
  for (MigrationMethod method :
       {MigrationMethod::SmoothQuant, MigrationMethod::OutlierSuppression, MigrationMethod::Awq}) {
    auto module = parse(normAndMaps);
    ASSERT_TRUE(module);
    const std::vector<float> before = weightOf(*module, "map");
    qnn::MigrateOptions options;
    options.method = method;
    options.check = false;
    EXPECT_EQ(keptOf(migrate(*module, samplesOf(*module, true, /*dead=*/1), options)), 1)
        << qnn::migrationName(method).str();
    const std::vector<float> after = weightOf(*module, "map");
    ASSERT_EQ(after.size(), before.size());
    float middle = 1;
    if (method == MigrationMethod::SmoothQuant)
      middle = std::cbrt(after[1] / before[1] * (after[2] / before[2]) * (after[3] / before[3]));
    for (size_t i : {0, 4})
      EXPECT_FLOAT_EQ(after[i], before[i] * middle) << qnn::migrationName(method).str();
    auto silent = parse(normAndMaps);
    migrate(*silent, samplesOf(*silent, true, /*dead=*/4), options);
    EXPECT_EQ(weightOf(*silent, "map"), before) << qnn::migrationName(method).str();
  }
}

// Ranges 8, 1 and 1/8 around a depthwise convolution: all become their geometric mean.
TEST_F(Migration, EqualizationOfATriple) {
  auto module = parse(R"(
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %a = nn.constant dense<[[[[8.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[[[[1.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %c = nn.constant dense<[[[[0.125]], [[-1.0]]]]> : tensor<1x2x1x1xf32>
  %0 = nn.conv %x, %a {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32> loc("first")
  %1 = nn.relu %0 : tensor<1x2x4x4xf32>
  %2 = nn.conv %1, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64} : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32> loc("depthwise")
  %3 = nn.relu %2 : tensor<1x2x4x4xf32>
  %4 = nn.conv %3, %c {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32> loc("third")
  return %4 : tensor<1x1x4x4xf32>
})");
  ASSERT_TRUE(module);
  qnn::MigrateOptions options;
  options.method = MigrationMethod::Equalize;
  options.check = false;
  EXPECT_EQ(keptOf(migrate(*module, {}, options)), 2);
  for (const char *node : {"first", "depthwise", "third"})
    for (float value : weightOf(*module, node))
      EXPECT_NEAR(std::fabs(value), 1.0f, 1e-5f) << node;
  EXPECT_EQ(keptOf(migrate(*module, {}, options)), 0) << "a second run";
}

// A clamp with a bound has none for each channel.
TEST_F(Migration, ClampsKeepTheirChannels) {
  auto module = parse(R"(
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %a = nn.constant dense<[[[[8.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %c = nn.constant dense<[[[[0.125]], [[-1.0]]]]> : tensor<1x2x1x1xf32>
  %0 = nn.conv %x, %a {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32> loc("first")
  %1 = nn.clip %0 {lo = 0.0 : f32, hi = 6.0 : f32} : tensor<1x2x4x4xf32> loc("six")
  %2 = nn.conv %1, %c {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32> loc("second")
  return %2 : tensor<1x1x4x4xf32>
})");
  ASSERT_TRUE(module);
  qnn::MigrateOptions options;
  options.method = MigrationMethod::Equalize;
  options.check = false;
  EXPECT_EQ(keptOf(migrate(*module, {}, options)), 0);
  EXPECT_TRUE(said("'second.input' is not migrated: 'six' (nn.clip)")) << llvm::join(remarks, "\n");
}

// What is kept lowers the loss on rows that no search saw; threads change nothing.
TEST_F(Migration, KeepsWhatPays) {
  Network network = optLike(5);
  for (MigrationMethod method : methods) {
    std::vector<float> first;
    for (int threads : {1, 2, 3}) {
      auto module = parse(network.text);
      qnn::MigrateOptions options;
      options.method = method;
      options.threads = threads;
      options.loss.activationBits = 6;
      std::vector<MigratedSite> sites = migrate(*module, samplesOf(*module), options);
      for (const MigratedSite &site : sites)
        EXPECT_EQ(site.kept, site.after < site.before) << site.name << ": " << site.reason;
      if (method != MigrationMethod::Equalize)
        EXPECT_GE(keptOf(sites), 4) << qnn::migrationName(method).str();
      std::vector<float> results = run(*module, network);
      if (threads == 1)
        first = results;
      EXPECT_TRUE(first == results) << threads << " threads";
    }
  }
}

// Two nodes of one name do not share their samples.
TEST_F(Migration, NamesAreUnique) {
  std::string text = normAndMaps;
  for (size_t at = 0; (at = text.find("loc(\"map\")", at)) != std::string::npos;)
    text.replace(at, 10, "loc(\"a\")");
  text.insert(text.find("  return"),
              "  %v = nn.constant dense<1.0> : tensor<2x2xf32>\n"
              "  %2 = nn.linear %1, %v : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> "
              "loc(\"a\")\n");
  text.replace(text.find("return %1"), 9, "return %2");
  auto module = parse(text);
  ASSERT_TRUE(module);
  qnn::MigrationSites sites = qnn::findMigrationSites(*module, {});
  ASSERT_EQ(sites.sites.size(), 2u);
  EXPECT_NE(sites.sites[0].name, sites.sites[1].name);
}

TEST_F(Migration, ExcludedPlacesStay) {
  auto module = parse(normAndMaps);
  qnn::MigrateOptions options;
  options.alpha = 0.5;
  options.check = false;
  options.exclude.insert("map.input");
  EXPECT_EQ(keptOf(migrate(*module, samplesOf(*module), options)), 0);
  EXPECT_TRUE(said("'map.input' is not migrated: it is excluded"));
  options.exclude.clear();
  EXPECT_EQ(keptOf(migrate(*module, {}, options)), 0);
  EXPECT_TRUE(said("'map.input' is not migrated: no samples of 'map.input'"));
}

} // namespace
