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
        Refused{"shift_before_a_pad",
                [] { return pooled(1); },
                {Z, "grouped", ChannelSlot::axis(1, 8)},
                "'pad' (nn.pad): the padding would have to be transformed, too"},
        Refused{"permutation_before_groups",
                convolutions,
                {P, "pointwise", ChannelSlot::axis(1, 16)},
                "'grouped' (nn.conv): it works on groups of channels"}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
