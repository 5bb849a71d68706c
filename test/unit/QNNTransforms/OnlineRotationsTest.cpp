//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn-rotate-online on random networks with outliers: each kind of rotation alone and all of them
// behind the fused ones find what there is to rotate, and the results stay.
//
//===----------------------------------------------------------------------===//

#include "NetworkTest.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

/// What is rotated: the options of the pass.
struct Choice {
  bool inputs = false, scores = false, heads = false;
};

class OnlineRotations : public NetworkTest {
protected:
  OwningOpRef<ModuleOp> rotate(const Network &network, Choice choice, bool fused) {
    OwningOpRef<ModuleOp> module = parse(network.text);
    PassManager passes(&context);
    if (fused) {
      passes.addNestedPass<func::FuncOp>(nn::createNNFoldNorms());
      passes.addNestedPass<func::FuncOp>(nn::createNNLayerNormToRMS());
      passes.addNestedPass<func::FuncOp>(nn::createNNRotate());
    }
    passes.addNestedPass<func::FuncOp>(online(choice));
    runOn(*module, passes);
    return module;
  }

  static std::unique_ptr<Pass> online(Choice choice) {
    qnn::QnnRotateOnlineOptions options;
    options.inputs = choice.inputs;
    options.scores = choice.scores;
    options.heads = choice.heads;
    return qnn::createQnnRotateOnline(options);
  }

  void runOn(ModuleOp module, PassManager &passes) {
    remarks.clear();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      remarks.push_back(diagnostic.str());
      return success();
    });
    EXPECT_TRUE(succeeded(passes.run(module)));
  }

  /// The rotations that run, as "size" or "size x inner" of each op in order.
  static std::string rotationsOf(ModuleOp module) {
    std::vector<std::string> found;
    module.walk([&](qnn::HadamardOp op) {
      std::string text = std::to_string(op.getSize());
      if (op.getInner() != 1)
        text += "x" + std::to_string(op.getInner());
      found.push_back(text);
    });
    return llvm::join(found, " ");
  }

  /// `behind`: what is left where nn-rotate went first, if that makes a difference.
  void expectRotated(const Network &network, Choice choice, const std::string &alone,
                     const std::string &behind = "") {
    auto original = parse(network.text);
    ASSERT_TRUE(original);
    std::vector<float> before = run(*original, network);
    for (bool fused : {false, true}) {
      SCOPED_TRACE(fused ? "behind nn-rotate" : "alone");
      OwningOpRef<ModuleOp> module = rotate(network, choice, fused);
      ASSERT_TRUE(succeeded(verify(*module)));
      EXPECT_EQ(rotationsOf(*module), fused && !behind.empty() ? behind : alone);
      // Bias, gain, mean, stream, heads and the pass: six roundings of a weight at most. A rotation
      // that runs is a sum of its size more on the path, in both layers.
      Network bound = network;
      bound.roots += 2 * (std::sqrt(double(hidden)) + std::sqrt(double(width)) + 3);
      EXPECT_LE(relativeError(run(*module, network), before), errorBound(bound, 6));
      // A second run finds everything done.
      std::string once = textOf(*module);
      PassManager again(&context);
      again.addNestedPass<func::FuncOp>(online(choice));
      runOn(*module, again);
      EXPECT_EQ(textOf(*module), once);
    }
  }

  static std::string textOf(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    return text;
  }

  bool hasRemark(StringRef part) const {
    return llvm::any_of(remarks, [&](StringRef remark) { return remark.contains(part); });
  }

  std::vector<std::string> remarks;
};

// Behind positions; keys before the four queries that share one repeat them.
TEST_F(OnlineRotations, ScoresOfLlama) {
  for (int64_t tokens : {1, 5})
    expectRotated(llamaLike(tokens, true, false), {.scores = true}, "8 8 8 8");
  OwningOpRef<ModuleOp> module = rotate(llamaLike(5, true, false), {.scores = true}, false);
  int shared = 0;
  module->walk([&](qnn::HadamardOp op) { shared += op.getType().getDimSize(1) == sharedHeads; });
  EXPECT_EQ(shared, 2);
}

TEST_F(OnlineRotations, ScoresOfBertAndOpt) {
  expectRotated(bertLike(5), {.scores = true}, "8 8 8 8");
  expectRotated(optLike(5), {.scores = true}, "8 8 8 8");
}

// H_8 (x) I_8 in front of both output projections; each head's own half is in the weights.
TEST_F(OnlineRotations, Heads) {
  expectRotated(llamaLike(5, true, false), {.heads = true}, "8x8 8x8");
  expectRotated(bertLike(5), {.heads = true}, "8x8 8x8");
  expectRotated(optLike(5), {.heads = true}, "8x8 8x8");
}

// What heads did is not done again; hidden layers behind nonlinearities are rotated, and streams
// that no weight takes up, once for all who read them.
const std::string everything = "64 8x8 64 96 64 8x8 64 96 64", hiddenOnly = "8x8 96 8x8 96";

TEST_F(OnlineRotations, Inputs) {
  Choice choice{.inputs = true, .heads = true};
  expectRotated(llamaLike(5, true, false), choice, everything, hiddenOnly);
  expectRotated(optLike(5), choice, everything, hiddenOnly);
  expectRotated(bertLike(5), choice, everything);
}

TEST_F(OnlineRotations, All) {
  const std::string layer = "8 8 8x8 64 96 64";
  for (bool tied : {false, true})
    expectRotated(llamaLike(5, true, tied), {true, true, true}, "64 " + layer + " " + layer,
                  "8 8 8x8 96 8 8 8x8 96");
  expectRotated(optLike(5), {true, true, true}, "64 " + layer + " " + layer,
                "8 8 8x8 96 8 8 8x8 96");
  expectRotated(bertLike(5), {true, true, true}, "64 " + layer + " " + layer);
}

/// Values [1, 3, 4, 8] of three heads, and their output projection.
const std::string threeHeads = R"(
  func.func @main(%p: tensor<1x3x4x4xf32>, %x: tensor<1x4x24xf32>) -> tensor<1x4x24xf32> {
    %w = nn.constant dense<1.0> : tensor<24x24xf32>
    %v = nn.linear %x, %w : (tensor<1x4x24xf32>, tensor<24x24xf32>) -> tensor<1x4x24xf32>
    %r = nn.reshape %v : (tensor<1x4x24xf32>) -> tensor<1x4x3x8xf32>
    %t = nn.transpose %r {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x3x8xf32>) -> tensor<1x3x4x8xf32>
    %rows = nn.softmax %p {axis = 3 : i64} : tensor<1x3x4x4xf32>
    %m = nn.matmul %rows, %t : (tensor<1x3x4x4xf32>, tensor<1x3x4x8xf32>) -> tensor<1x3x4x8xf32>
    %n = nn.transpose %m {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x3x4x8xf32>) -> tensor<1x4x3x8xf32>
    %j = nn.reshape %n : (tensor<1x4x3x8xf32>) -> tensor<1x4x24xf32>
    %o = nn.linear %j, %w : (tensor<1x4x24xf32>, tensor<24x24xf32>) -> tensor<1x4x24xf32> loc("out")
    return %o : tensor<1x4x24xf32>
  })";

TEST_F(OnlineRotations, HeadsWithoutAMatrixAreRefused) {
  Network network;
  network.text = threeHeads;
  OwningOpRef<ModuleOp> module = rotate(network, {.heads = true}, false);
  EXPECT_EQ(rotationsOf(*module), "");
  EXPECT_TRUE(hasRemark("the 3 heads of 'out' are not mixed: ")) << llvm::join(remarks, "\n");
}

// Another reader of turned keys keeps what it read.
TEST_F(OnlineRotations, OtherReadersOfKeysStay) {
  Network network;
  network.text = R"(
    func.func @main(%q: tensor<2x3x8xf32>, %k: tensor<2x3x8xf32>) -> (tensor<2x3x3xf32>, tensor<2x8x3xf32>) {
      %t = nn.transpose %k {permutation = array<i64: 0, 2, 1>} : (tensor<2x3x8xf32>) -> tensor<2x8x3xf32>
      %s = nn.matmul %q, %t : (tensor<2x3x8xf32>, tensor<2x8x3xf32>) -> tensor<2x3x3xf32>
      %r = nn.relu %t : tensor<2x8x3xf32>
      return %s, %r : tensor<2x3x3xf32>, tensor<2x8x3xf32>
    })";
  OwningOpRef<ModuleOp> module = rotate(network, {.scores = true}, false);
  EXPECT_EQ(rotationsOf(*module), "8 8");
  nn::ReluOp relu;
  module->walk([&](nn::ReluOp op) { relu = op; });
  auto turned = relu.getInput().getDefiningOp<nn::TransposeOp>();
  ASSERT_TRUE(turned);
  EXPECT_TRUE(isa<BlockArgument>(turned.getInput()));
}

} // namespace
