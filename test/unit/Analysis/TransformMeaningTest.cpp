//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transforms of every legal kind in random networks, with random data: the interpreter gives the
// same results as before, and not without each of the changes.
//
//===----------------------------------------------------------------------===//

#include "NetworkTest.h"
#include "mlir/IR/Verifier.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Numerics/Orthogonal.h"
#include "llvm/ADT/StringExtras.h"
#include <functional>
#include <random>

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

constexpr auto S = TransformKind::Scale, Z = TransformKind::Shift, R = TransformKind::Rotation,
               P = TransformKind::Permutation, C = TransformKind::Centering;

ChannelTransform randomTransform(TransformKind kind, int64_t n, int64_t seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<double> normal;
  ChannelTransform t{kind, n, {}, {}, {}, {}};
  for (int64_t c = 0; c < n; ++c) {
    if (kind == S)
      t.scale.push_back(std::exp(normal(rng)));
    if (kind == Z)
      t.shift.push_back(normal(rng));
    if (kind == P)
      t.permutation.push_back(c);
  }
  std::shuffle(t.permutation.begin(), t.permutation.end(), rng);
  if (kind == R)
    t.rotation = numerics::randomOrthogonal(static_cast<size_t>(n), seed);
  return t;
}

/// Where a transform begins: at the first result of that name.
struct Seed {
  TransformKind kind;
  const char *name;
  ChannelSlot slot;
};

class Meaning : public NetworkTest {
protected:
  static TransformRegion regionOf(ModuleOp module, const Seed &seed) {
    Value value;
    module.walk([&](Operation *op) {
      if (!value && isa<ChannelAlgebraInterface>(op) && getNodeName(op) == seed.name)
        value = op->getResult(0);
    });
    if (!value) {
      ADD_FAILURE() << "no op of name " << seed.name;
      return {};
    }
    return findTransformRegion(value, seed.slot, seed.kind);
  }

  /// Each transform alone, each without one of its changes, and all of them one after the other.
  void expectSameMeaning(const Network &network, const std::vector<Seed> &seeds) {
    auto original = parse(network.text);
    ASSERT_TRUE(original);
    std::vector<float> before = run(*original, network);
    EXPECT_LT(errorBound(network, 1), 1e-5);
    OwningOpRef<ModuleOp> composed(cast<ModuleOp>(original->getOperation()->clone()));
    for (auto [number, seed] : llvm::enumerate(seeds)) {
      SCOPED_TRACE((transformName(seed.kind) + " at " + seed.name).str());
      ChannelTransform transform = randomTransform(seed.kind, seed.slot.size(), 7 + number);
      std::string reason;
      ASSERT_TRUE(transform.check(reason)) << reason;
      OwningOpRef<ModuleOp> alone(cast<ModuleOp>(original->getOperation()->clone()));
      for (ModuleOp module : {*alone, *composed}) {
        TransformRegion region = regionOf(module, seed);
        ASSERT_TRUE(region.isLegal()) << region.refusals.front().reason;
        ASSERT_TRUE(succeeded(applyTransformRegion(region, transform)));
        ASSERT_TRUE(succeeded(mlir::verify(module)));
      }
      EXPECT_LE(relativeError(run(*alone, network), before), errorBound(network, 1));
      EXPECT_LE(relativeError(run(*composed, network), before),
                errorBound(network, double(number) + 1));
      // A layer norm takes the mean out in any case.
      if (seed.kind != C && network.everyWeightCounts)
        expectEachChangeNeeded(*original, network, seed, transform, before);
    }
  }

  /// Every parameter that a region changes is one that the meaning needs.
  void expectEachChangeNeeded(ModuleOp original, const Network &network, const Seed &seed,
                              const ChannelTransform &transform, const std::vector<float> &before) {
    size_t applications = regionOf(original, seed).applications.size();
    for (size_t dropped = 0; dropped < applications; ++dropped) {
      OwningOpRef<ModuleOp> module(cast<ModuleOp>(original->clone()));
      TransformRegion region = regionOf(*module, seed);
      Operation *op = region.applications[dropped].op;
      if (!isa<LinearMapOpInterface, nn::RMSNormOp, nn::LayerNormOp>(op))
        continue;
      std::string at = getNodeName(op);
      SmallVector<Value> operands(op->getOperands());
      TransformRegion only = region;
      only.applications = {region.applications[dropped]};
      only.constants.clear();
      ASSERT_TRUE(succeeded(applyTransformRegion(only, transform)));
      if (SmallVector<Value>(op->getOperands()) == operands)
        continue; // nothing to change: a norm without gain that rotates along
      op->setOperands(operands);
      region.applications.erase(region.applications.begin() + dropped);
      ASSERT_TRUE(succeeded(applyTransformRegion(region, transform)));
      EXPECT_GT(relativeError(run(*module, network), before), 1e-3) << "without " << at;
    }
  }
};

const ChannelSlot streamSlot = ChannelSlot::axis(2, width),
                  headSlot = ChannelSlot::axis(3, headSize);
const ChannelSlot allHeads = {{{{1, heads, 1}, {3, headSize, 1}}}};
const ChannelSlot allShared = {{{{1, sharedHeads, 1}, {3, headSize, 1}}}};
const ChannelSlot inner = ChannelSlot::axis(2, hidden);

TEST_F(Meaning, LlamaWithGains) {
  for (int64_t tokens : {1, 5})
    for (bool tied : {false, true})
      expectSameMeaning(llamaLike(tokens, /*gains=*/true, tied),
                        {{P, "stream", streamSlot},
                         {S, "attention_norm0", streamSlot},
                         {S, "mlp_norm1", streamSlot},
                         {S, "last_norm", streamSlot},
                         {S, "values0", allShared},
                         {Z, "values1", allShared},
                         {R, "values0", headSlot},
                         {P, "values1", headSlot},
                         {S, "up0", inner},
                         {P, "gate1", inner},
                         {S, "gated1", inner}});
}

// Tied and untied: each use of the table gets its own.
TEST_F(Meaning, LlamaStreamRotated) {
  for (int64_t tokens : {1, 5})
    for (bool tied : {false, true})
      expectSameMeaning(llamaLike(tokens, /*gains=*/false, tied),
                        {{R, "stream", streamSlot},
                         {R, "stream", ChannelSlot::axis(2, 16)}, // in four blocks
                         {R, "values1", headSlot},
                         {S, "mlp_norm0", streamSlot}});
}

TEST_F(Meaning, Bert) {
  for (int64_t tokens : {1, 5})
    expectSameMeaning(bertLike(tokens), {{P, "stream", streamSlot},
                                         {P, "attention_norm1", streamSlot},
                                         {S, "queries0", allHeads},
                                         {R, "queries1", headSlot},
                                         {P, "queries1", headSlot},
                                         {S, "values0", allHeads},
                                         {Z, "values1", allHeads},
                                         {R, "values1", headSlot},
                                         {P, "fc1", inner},
                                         {S, "mlp_norm1", streamSlot}});
}

TEST_F(Meaning, Opt) {
  for (int64_t tokens : {1, 5})
    expectSameMeaning(optLike(tokens), {{P, "stream", streamSlot},
                                        {C, "stream", streamSlot},
                                        {S, "attention_norm0", streamSlot},
                                        {Z, "mlp_norm0", streamSlot},
                                        {Z, "last_norm", streamSlot},
                                        {S, "queries0", allHeads},
                                        {R, "queries0", headSlot},
                                        {Z, "values0", allHeads},
                                        {S, "fc0", inner},
                                        {P, "fc1", inner}});
}

TEST_F(Meaning, Convolutions) {
  auto channels = [](int64_t n) { return ChannelSlot::axis(1, n); };
  for (int64_t batch : {1, 3})
    expectSameMeaning(convolutional(batch), {{S, "first", channels(16)},
                                             {P, "first", channels(16)},
                                             {S, "depthwise", channels(16)},
                                             {S, "pointwise", channels(16)},
                                             {S, "grouped", channels(12)},
                                             {S, "last", channels(20)},
                                             {Z, "last", channels(20)},
                                             {R, "last", channels(20)},
                                             {P, "last", channels(20)}});
}

TEST_F(Meaning, PoolsAndGroupsWithoutPadding) {
  auto channels = [](int64_t n) { return ChannelSlot::axis(1, n); };
  for (int64_t batch : {1, 3})
    expectSameMeaning(pooled(batch), {{Z, "first", channels(12)},
                                      {S, "first", channels(12)},
                                      {Z, "depthwise", channels(12)},
                                      {S, "depthwise", channels(12)},
                                      // One factor for each place within the two groups.
                                      {S, "depthwise", {{{{1, 6, 1}}}}},
                                      {S, "grouped", channels(8)}});
}

// The scale of normed queries is of their norm's gain, and the keys' norm takes up its inverse.
TEST_F(Meaning, Gemma) {
  for (int64_t tokens : {1, 5})
    expectSameMeaning(gemmaLike(tokens, /*gains=*/true, /*postGains=*/true),
                      {{P, "stream", streamSlot},
                       {S, "attention_norm0", streamSlot},
                       {S, "q_norm0", headSlot},
                       {P, "q_norm1", headSlot},
                       {S, "values0", allHeads},
                       {R, "values1", headSlot},
                       {P, "fc0", inner},
                       {S, "last_norm", streamSlot}});
}

TEST_F(Meaning, GemmaWithoutGains) {
  for (int64_t tokens : {1, 5})
    expectSameMeaning(
        gemmaLike(tokens, /*gains=*/false, /*postGains=*/false),
        {{R, "stream", streamSlot}, {R, "q_norm0", headSlot}, {S, "mlp_norm1", streamSlot}});
}

// One scale, or shift, for all readers of a norm: attention and the maps beside it.
TEST_F(Meaning, Parallel) {
  for (int64_t tokens : {1, 5}) {
    Network network = parallelLike(tokens);
    expectSameMeaning(network, {{P, "stream", streamSlot},
                                {C, "stream", streamSlot},
                                {S, "norm0", streamSlot},
                                {S, "fc0", inner},
                                {P, "fc1", inner},
                                {S, "values0", allHeads},
                                {Z, "values1", allHeads}});
    // A shift of all keys is the same for every score of a query: a softmax takes it out.
    network.everyWeightCounts = false;
    expectSameMeaning(network, {{Z, "norm1", streamSlot}});
  }
}

// The router takes up what the experts do; behind it, each expert has scales of its own.
TEST_F(Meaning, Mixture) {
  for (int64_t tokens : {1, 5}) {
    expectSameMeaning(mixtureLike(tokens, /*gains=*/true), {{P, "stream", streamSlot},
                                                            {S, "norm0", streamSlot},
                                                            {S, "norm1", streamSlot},
                                                            {S, "up0_1", inner},
                                                            {S, "up0_2", inner},
                                                            {P, "gate1_0", inner}});
    expectSameMeaning(mixtureLike(tokens, /*gains=*/false), {{R, "stream", streamSlot}});
  }
}

TEST_F(Meaning, NormsOfOneReaderAndOfMany) {
  auto readersOf = [&](const Network &network, const char *name) {
    auto module = parse(network.text);
    std::vector<std::string> names;
    for (Operation *op : regionOf(*module, {S, name, streamSlot}).readers())
      names.push_back(getNodeName(op));
    llvm::sort(names);
    return names;
  };
  EXPECT_EQ(readersOf(parallelLike(5), "norm0"),
            (std::vector<std::string>{"fc0", "k0", "q0", "v0"}));
  EXPECT_EQ(readersOf(mixtureLike(5, true), "norm0"),
            (std::vector<std::string>{"gate0_0", "gate0_1", "gate0_2", "router0", "up0_0", "up0_1",
                                      "up0_2"}));
}

// One rotation, or permutation, for the places within each of the groups.
TEST_F(Meaning, WithinGroups) {
  const ChannelSlot six = {{{{1, 6, 1}}}}, four = {{{{1, 4, 1}}}}, three = {{{{1, 3, 1}}}};
  for (int64_t batch : {1, 3}) {
    expectSameMeaning(groupedAlone(batch), {{R, "first", six},
                                            {P, "first", six},
                                            {P, "grouped", four},
                                            {R, "second", three},
                                            {P, "second", three}});
    expectSameMeaning(pooled(batch), {{P, "depthwise", six}, {R, "grouped", four}});
  }
}

//===----------------------------------------------------------------------===//
// What a refusal keeps from happening
//===----------------------------------------------------------------------===//

/// Transforms of results that no region asks for: what a rewrite does that does not know the
/// matrix.
class Forced : public Meaning {
protected:
  struct Change {
    const char *name;
    ChannelSlot slot;
    bool inverse = false;
  };

  /// The relative error when the region, refusals or not, and the changes are applied.
  double errorOf(const Network &network, const ChannelTransform &transform,
                 const std::vector<Change> &changes, std::optional<Seed> seed = {}) {
    auto module = parse(network.text);
    std::vector<float> before = run(*module, network);
    if (seed)
      EXPECT_TRUE(succeeded(applyTransformRegion(regionOf(*module, *seed), transform)));
    for (const Change &change : changes)
      module->walk([&](ChannelAlgebraInterface op) {
        if (getNodeName(op) != change.name)
          return;
        OpBuilder builder(op);
        EXPECT_TRUE(succeeded(
            op.applyTransform(builder, transform, Port::result(0), change.slot, change.inverse)));
      });
    return relativeError(run(*module, network), before);
  }
};

/// One transform for the channels of all heads, in a projection's result.
const ChannelSlot inHeads = {{{{2, headSize, 1}}}};

// q / s and k * s in front of norms of their own: the norms see it. So they do a rotation under a
// gain, and none without.
TEST_F(Forced, ProjectionsUnderNormsOfHeads) {
  for (TransformKind kind : {S, R})
    for (bool gains : {false, true}) {
      SCOPED_TRACE(transformName(kind).str() + (gains ? " with gains" : ""));
      Network network = gemmaLike(5, gains, gains);
      double error = errorOf(network, randomTransform(kind, headSize, 11),
                             {{"q0", inHeads}, {"k0", inHeads, kind == S}});
      if (kind == R && !gains)
        EXPECT_LE(error, errorBound(network, 1));
      else
        EXPECT_GT(error, 1e-3);
    }
}

// The gain of a norm behind stands between a map and the stream that is rotated.
TEST_F(Forced, AStreamRotatedUnderNormsBehind) {
  for (bool postGains : {false, true}) {
    Network network = gemmaLike(5, /*gains=*/false, postGains);
    Seed seed{R, "stream", streamSlot};
    auto module = parse(network.text);
    EXPECT_EQ(regionOf(*module, seed).isLegal(), !postGains);
    std::vector<Change> maps;
    if (postGains)
      maps = {{"o0", streamSlot}, {"o1", streamSlot}, {"down0", streamSlot}, {"down1", streamSlot}};
    double error = errorOf(network, randomTransform(R, width, 12), maps, seed);
    if (postGains)
      EXPECT_GT(error, 1e-3);
    else
      EXPECT_LE(error, errorBound(network, 1));
  }
}

// In front of rotary positions, a scale is exact where the two channels of a pair share it, which
// the algebra cannot say, and a rotation, a shift and a permutation of channels are not.
TEST_F(Forced, ProjectionsUnderPositions) {
  Network network = llamaLike(5, true, false);
  std::vector<Change> both = {{"q0", inHeads}, {"k0", inHeads}},
                      inverse = {{"q0", inHeads}, {"k0", inHeads, true}};
  ChannelTransform scale = randomTransform(S, headSize, 13);
  EXPECT_GT(errorOf(network, scale, inverse), 1e-3);
  for (int64_t c = 0; c < headSize / 2; ++c)
    scale.scale[headSize / 2 + c] = scale.scale[c];
  EXPECT_LE(errorOf(network, scale, inverse), errorBound(network, 1));
  EXPECT_GT(errorOf(network, randomTransform(R, headSize, 14), both), 1e-3);
  EXPECT_GT(errorOf(network, randomTransform(P, headSize, 15), both), 1e-3);
  EXPECT_GT(errorOf(network, randomTransform(Z, headSize, 16), {{"q0", inHeads}}), 1e-3);
}

// One number for all channels in front of a norm is taken out up to epsilon; that is not exact, and
// the algebra refuses it as any other scale.
TEST_F(Forced, AScaleOfAWholeNorm) {
  ChannelTransform half{S, width, std::vector<double>(width, 2.0), {}, {}, {}};
  Network exact = scaledAsAWhole(1e-12), inexact = scaledAsAWhole(1e-1);
  EXPECT_LE(errorOf(exact, half, {{"stream", streamSlot}}), errorBound(exact, 1));
  EXPECT_GT(errorOf(inexact, half, {{"stream", streamSlot}}), 1e-3);
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

/// What the matrix refuses, where it stands in a network: the reason and the op that gives it.
struct Refused {
  const char *name;
  std::function<Network()> network;
  Seed seed;
  const char *reason;
};
void PrintTo(const Refused &refused, std::ostream *os) { *os << refused.name; }
class MeaningRefused : public Meaning, public ::testing::WithParamInterface<Refused> {};

TEST_P(MeaningRefused, NamesTheOp) {
  auto module = parse(GetParam().network().text);
  ASSERT_TRUE(module);
  std::vector<std::string> reasons;
  for (const auto &refusal : regionOf(*module, GetParam().seed).refusals)
    reasons.push_back(refusal.reason);
  EXPECT_TRUE(llvm::is_contained(reasons, GetParam().reason)) << llvm::join(reasons, "\n");
}

Network llama() { return llamaLike(5, true, false); }
Network bert() { return bertLike(5); }
Network opt() { return optLike(5); }
Network convolutions() { return convolutional(1); }
Network gemma() { return gemmaLike(5, true, true); }
/// Gains behind attention and maps alone.
Network sandwich() { return gemmaLike(5, false, true); }
Network parallel() { return parallelLike(5); }
Network mixture() { return mixtureLike(5, true); }
Network wholeNorm() { return scaledAsAWhole(1e-5); }

INSTANTIATE_TEST_SUITE_P(
    Networks, MeaningRefused,
    ::testing::Values(
        Refused{"gate", llama, {S, "gate0", inner}, "'sigmoid' (nn.sigmoid): it is not linear"},
        Refused{"shift_of_gated",
                llama,
                {Z, "up0", inner},
                "'gated0' (nn.mul): a factor would scale the shift"},
        Refused{"rotation_of_gated",
                llama,
                {R, "up0", inner},
                "'gated0' (nn.mul): it scales each channel by itself; fold a constant gain first"},
        // Positions turn pairs of channels: nothing gets from the projection to the scores.
        Refused{"rotation_before_positions",
                llama,
                {R, "q0", ChannelSlot::axis(2, headSize)},
                "'rope' (nn.slice): it cuts the channels in pieces"},
        Refused{"scale_before_positions",
                llama,
                {S, "k0", ChannelSlot::axis(2, headSize)},
                "'rope' (nn.slice): it cuts the channels in pieces"},
        Refused{"scale_of_the_stream",
                llama,
                {S, "stream", streamSlot},
                "'attention_norm0' (nn.rms_norm): the norm sees the scale of its channels"},
        Refused{"rotation_under_gains",
                llama,
                {R, "stream", streamSlot},
                "'mlp_norm0' (nn.rms_norm): its gain scales each channel by itself; fold it first"},
        Refused{"centering_for_rms",
                llama,
                {C, "stream", streamSlot},
                "'last_norm' (nn.rms_norm): the norm sees the mean"},
        Refused{"scale_behind_a_post_norm",
                bert,
                {S, "attention_norm0", streamSlot},
                "'mlp_norm0' (nn.layer_norm): the norm sees the scale of its channels"},
        Refused{"shift_behind_a_post_norm",
                bert,
                {Z, "attention_norm0", streamSlot},
                "'residual' (nn.add): the shift of a sum of two activations has no one place"},
        Refused{"rotation_under_layer_norm",
                bert,
                {R, "stream", streamSlot},
                "'attention_norm0' (nn.layer_norm): its mean is no invariant of rotations; turn "
                "it into an rms_norm first"},
        Refused{"shift_of_queries",
                bert,
                {Z, "queries0", headSlot},
                "'scores' (nn.matmul): the product of two activations sees the mean"},
        Refused{"rotation_of_all_queries",
                bert,
                {R, "queries0", allHeads},
                "'scores' (nn.matmul): it would mix matrices of a batch"},
        Refused{"scale_before_gelu", bert, {S, "fc0", inner}, "'gelu' (nn.gelu): it is not linear"},
        Refused{"shift_before_relu", opt, {Z, "fc0", inner}, "'relu' (nn.relu): it is not linear"},
        Refused{
            "rotation_before_relu", opt, {R, "fc0", inner}, "'relu' (nn.relu): it is not linear"},
        Refused{"rotation_before_depthwise",
                convolutions,
                {R, "first", ChannelSlot::axis(1, 16)},
                "'relu' (nn.relu): it is not linear"},
        Refused{"rotation_of_groups",
                [] { return pooled(1); },
                {R, "grouped", ChannelSlot::axis(1, 8)},
                "'grouped' (nn.conv): it works on groups of channels"},
        Refused{"rotation_before_groups_of_3x3",
                [] { return groupedAlone(1); },
                {R, "grouped", {{{{1, 4, 1}}}}},
                "'second' (nn.conv): its kernel is larger than 1x1"},
        Refused{"shift_before_a_pad",
                [] { return pooled(1); },
                {Z, "grouped", ChannelSlot::axis(1, 8)},
                "'pad' (nn.pad): the padding would have to be transformed, too"},
        Refused{"permutation_before_groups",
                convolutions,
                {P, "pointwise", ChannelSlot::axis(1, 16)},
                "'grouped' (nn.conv): it works on groups of channels"}),
    [](const auto &info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Gates, MeaningRefused,
    ::testing::Values(
        Refused{"shift_of_a_gate",
                llama,
                {Z, "gate0", inner},
                "'sigmoid' (nn.sigmoid): it is not linear"},
        Refused{"rotation_of_a_gate",
                llama,
                {R, "gate0", inner},
                "'sigmoid' (nn.sigmoid): it is not linear"},
        Refused{"shift_before_gelu", bert, {Z, "fc0", inner}, "'gelu' (nn.gelu): it is not linear"},
        Refused{
            "rotation_before_gelu", bert, {R, "fc0", inner}, "'gelu' (nn.gelu): it is not linear"},
        Refused{"shift_before_positions",
                llama,
                {Z, "q0", inHeads},
                "'rope' (nn.slice): it cuts the channels in pieces"},
        Refused{"permutation_before_positions",
                llama,
                {P, "q0", inHeads},
                "'rope' (nn.slice): it cuts the channels in pieces"}),
    [](const auto &info) { return std::string(info.param.name); });

const char *const normedScale = "'q_norm0' (nn.rms_norm): the norm sees the scale of its channels";

INSTANTIATE_TEST_SUITE_P(
    Norms, MeaningRefused,
    ::testing::Values(
        Refused{"scale_under_a_norm_of_heads", gemma, {S, "q0", inHeads}, normedScale},
        Refused{"shift_under_a_norm_of_heads",
                gemma,
                {Z, "q0", inHeads},
                "'q_norm0' (nn.rms_norm): the norm sees the shift"},
        Refused{"rotation_under_a_norm_of_heads",
                gemma,
                {R, "q0", inHeads},
                "'q_norm0' (nn.rms_norm): its gain scales each channel by itself; fold it first"},
        Refused{"scale_of_all_heads_under_a_norm",
                gemma,
                {S, "q0", streamSlot},
                "'q_norm0' (nn.rms_norm): the channels lie along other axes than the normalised "
                "one"},
        Refused{"shift_behind_a_norm_of_heads",
                gemma,
                {Z, "q_norm0", headSlot},
                "'q_norm0' (nn.rms_norm): it has no bias"},
        Refused{"scale_under_a_sandwich_norm",
                sandwich,
                {S, "o0", streamSlot},
                "'attention_post0' (nn.rms_norm): the norm sees the scale of its channels"},
        Refused{"shift_under_a_sandwich_norm",
                sandwich,
                {Z, "o0", streamSlot},
                "'attention_post0' (nn.rms_norm): the norm sees the shift"},
        Refused{"rotation_under_a_sandwich_norm",
                sandwich,
                {R, "o0", streamSlot},
                "'attention_post0' (nn.rms_norm): its gain scales each channel by itself; fold it "
                "first"},
        Refused{"rotation_of_a_stream_with_sandwich_norms",
                sandwich,
                {R, "stream", streamSlot},
                "'mlp_post1' (nn.rms_norm): its gain scales each channel by itself; fold it first"},
        Refused{"scale_behind_a_sandwich_norm",
                sandwich,
                {S, "attention_post0", streamSlot},
                "'mlp_norm0' (nn.rms_norm): the norm sees the scale of its channels"},
        Refused{"shift_behind_a_sandwich_norm",
                sandwich,
                {Z, "attention_post0", streamSlot},
                "'residual' (nn.add): the shift of a sum of two activations has no one place"},
        Refused{"scale_of_a_whole_norm",
                wholeNorm,
                {S, "stream", streamSlot},
                "'norm' (nn.rms_norm): the norm sees the scale of its channels"},
        Refused{"scale_under_a_post_norm",
                bert,
                {S, "o0", streamSlot},
                "'attention_norm0' (nn.layer_norm): the norm sees the scale of its channels"},
        Refused{"rotation_under_a_post_norm",
                bert,
                {R, "o0", streamSlot},
                "'attention_norm0' (nn.layer_norm): its mean is no invariant of rotations; turn "
                "it into an rms_norm first"}),
    [](const auto &info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    SideBySide, MeaningRefused,
    ::testing::Values(
        Refused{"rotation_of_a_parallel_norm",
                parallel,
                {R, "norm0", streamSlot},
                "'norm0' (nn.layer_norm): its mean is no invariant of rotations; turn it into an "
                "rms_norm first"},
        Refused{"scale_of_a_parallel_stream",
                parallel,
                {S, "stream", streamSlot},
                "'norm1' (nn.layer_norm): the norm sees the scale of its channels"},
        Refused{"shift_of_a_norm_of_experts",
                mixture,
                {Z, "norm0", streamSlot},
                "'norm0' (nn.rms_norm): it has no bias"},
        Refused{"rotation_of_a_norm_of_experts",
                mixture,
                {R, "norm0", streamSlot},
                "'norm0' (nn.rms_norm): its gain scales each channel by itself; fold it first"},
        Refused{"scale_of_the_router",
                mixture,
                {S, "router0", ChannelSlot::axis(2, experts)},
                "'softmax' (nn.softmax): it is not linear"},
        Refused{"shift_of_an_expert",
                mixture,
                {Z, "down0_1", streamSlot},
                "'share0_1' (nn.mul): a factor would scale the shift"}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
