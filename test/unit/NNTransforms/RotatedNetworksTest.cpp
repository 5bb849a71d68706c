//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norms folded, means taken out and streams and heads rotated in random networks, with outliers:
// the passes find what there is to rotate, and the results stay.
//
//===----------------------------------------------------------------------===//

#include "NetworkTest.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

class RotatedNetworks : public NetworkTest {
protected:
  OwningOpRef<ModuleOp> rotate(const Network &network, StringRef kind, int64_t seed) {
    remarks.clear();
    OwningOpRef<ModuleOp> module = parse(network.text);
    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(nn::createNNFoldNorms());
    passes.addNestedPass<func::FuncOp>(nn::createNNLayerNormToRMS());
    nn::NNRotateOptions options;
    options.kind = kind.str();
    options.seed = seed;
    passes.addNestedPass<func::FuncOp>(nn::createNNRotate(options));
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      remarks.push_back(diagnostic.str());
      return success();
    });
    EXPECT_TRUE(succeeded(passes.run(*module)));
    return module;
  }

  /// `streams` and `heads` of the network are rotated, and nothing changes but roundings.
  void expectRotated(const Network &network, int streams, int heads) {
    auto original = parse(network.text);
    ASSERT_TRUE(original);
    std::vector<float> before = run(*original, network);
    for (const char *kind : {"hadamard", "orthogonal"}) {
      OwningOpRef<ModuleOp> module = rotate(network, kind, 5);
      // Bias, gain, mean, stream and heads: five roundings of a weight at most.
      EXPECT_LE(relativeError(run(*module, network), before), errorBound(network, 5)) << kind;
      EXPECT_EQ(count("the stream of norm"), streams) << kind;
      EXPECT_EQ(count("the heads of"), heads) << kind;
    }
  }

  int count(StringRef begin) const {
    return static_cast<int>(
        llvm::count_if(remarks, [&](StringRef remark) { return remark.starts_with(begin); }));
  }

  template <typename Op> static int countOps(ModuleOp module) {
    int n = 0;
    module.walk([&](Op) { ++n; });
    return n;
  }

  std::vector<std::string> remarks;
};

// One stream, and the values of both layers; a tied table becomes two.
TEST_F(RotatedNetworks, Llama) {
  for (int64_t tokens : {1, 5})
    for (bool tied : {false, true})
      expectRotated(llamaLike(tokens, /*gains=*/true, tied), 1, 2);
}

// Layer norms become rms norms before their stream is rotated.
TEST_F(RotatedNetworks, Opt) {
  for (int64_t tokens : {1, 5})
    expectRotated(optLike(tokens), 1, 2);
  Network network = optLike(5);
  OwningOpRef<ModuleOp> module = rotate(network, "hadamard", 5);
  EXPECT_EQ(countOps<nn::LayerNormOp>(*module), 0);
  EXPECT_EQ(countOps<nn::RMSNormOp>(*module), 5);
}

// Norms behind the sums keep their gains, and with them the stream its place; heads are free.
TEST_F(RotatedNetworks, Bert) {
  for (int64_t tokens : {1, 5})
    expectRotated(bertLike(tokens), 0, 2);
  rotate(bertLike(5), "hadamard", 5);
  EXPECT_EQ(count("norm 'attention_norm0' keeps its bias: 'residual' (nn.add): the shift of a sum"),
            1);
  EXPECT_EQ(count("norm 'attention_norm0' stays a layer_norm: it has a bias"), 1);
}

TEST_F(RotatedNetworks, SeedsDiffer) {
  Network network = llamaLike(5, true, false);
  // Roundings show which weights there are.
  auto results = [&](int64_t seed) { return run(*rotate(network, "hadamard", seed), network); };
  EXPECT_TRUE(results(1) == results(1));
  EXPECT_FALSE(results(1) == results(2));
}

} // namespace
