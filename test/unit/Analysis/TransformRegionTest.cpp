//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far transforms reach, what borders say, and explicit ops where the graph refuses.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/TransformRegion.h"
#include "ParseModule.h"
#include "mlir/IR/Verifier.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Reference/Interpreter.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

constexpr auto S = TransformKind::Scale, Z = TransformKind::Shift, R = TransformKind::Rotation,
               P = TransformKind::Permutation, C = TransformKind::Centering;

/// Functions of %x: tensor<2x4xf32> with channels along axis 1.
class Region : public ParseModule {
protected:
  OwningOpRef<ModuleOp> parseBody(const std::string &body, const std::string &result) {
    return parse("func.func @main(%x: tensor<2x4xf32>) -> " + result + " {\n" + body + "\n}");
  }

  static Operation *named(ModuleOp module, StringRef name) {
    Operation *found = nullptr;
    module.walk([&](Operation *op) {
      if (getNodeName(op) == name)
        found = op;
    });
    EXPECT_TRUE(found) << name.str();
    return found;
  }

  static TransformRegion regionOf(ModuleOp module, StringRef name, TransformKind kind) {
    return findTransformRegion(named(module, name)->getResult(0), slot, kind);
  }

  static std::vector<std::string> reasonsOf(const TransformRegion &region) {
    std::vector<std::string> reasons;
    for (const auto &refusal : region.refusals)
      reasons.push_back(refusal.reason);
    return reasons;
  }

  static ChannelTransform transformOf(TransformKind kind) {
    ChannelTransform t{kind, 4, {}, {}, {}, {}};
    if (kind == S)
      t.scale = {0.5, 2, 4, 0.25};
    if (kind == Z)
      t.shift = {1, -2, 3, 0.5};
    if (kind == P)
      t.permutation = {2, 0, 3, 1};
    if (kind == R) // no symmetric one: R and its transpose differ
      t.rotation = {0, 0.6, 0.8, 0, 0, 0.8, -0.6, 0, 0, 0, 0, 1, 1, 0, 0, 0};
    return t;
  }

  std::vector<float> run(ModuleOp module) {
    llvm::Expected<Interpreter> interpreter = Interpreter::create(module);
    std::vector<float> values = {1, -2, 0.5f, 3, -0.25f, 4, 2, -1};
    HostTensor input = HostTensor::from<float>({2, 4}, ArrayRef(values));
    if (!interpreter) {
      ADD_FAILURE() << llvm::toString(interpreter.takeError());
      return {};
    }
    llvm::Expected<std::vector<HostTensor>> results = interpreter->run({input});
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    std::vector<float> all;
    for (const HostTensor &result : *results)
      all.insert(all.end(), result.values<float>().begin(), result.values<float>().end());
    return all;
  }

  /// Applies the region of the op's result, with explicit ops where it refuses, and compares.
  void expectSame(const std::string &body, const std::string &result, StringRef name,
                  TransformKind kind, size_t refusals) {
    auto module = parseBody(body, result);
    ASSERT_TRUE(module);
    std::vector<float> before = run(*module);
    TransformRegion region = regionOf(*module, name, kind);
    EXPECT_EQ(region.refusals.size(), refusals) << llvm::join(reasonsOf(region), "\n");
    ChannelTransform transform = transformOf(kind);
    for (const auto &refusal : region.refusals)
      ASSERT_TRUE(makeExplicit(refusal, transform)) << refusal.reason;
    ASSERT_TRUE(succeeded(applyTransformRegion(region, transform)));
    ASSERT_TRUE(succeeded(mlir::verify(*module)));
    std::vector<float> after = run(*module);
    ASSERT_EQ(before.size(), after.size());
    float largest = 0.0f;
    for (float value : before)
      largest = std::max(largest, std::abs(value));
    // Up to sixteen roundings on a path, of numbers up to the largest.
    for (size_t i = 0; i < before.size(); ++i)
      EXPECT_NEAR(before[i], after[i], largest * 16 * 0x1p-24)
          << transformName(kind).str() << " " << i;
  }

  static const ChannelSlot slot;
};
const ChannelSlot Region::slot = ChannelSlot::axis(1, 4);

using Reasons = std::vector<std::string>;

#define MATRIX "tensor<2x4xf32>"
#define WEIGHT                                                                                     \
  "%w = nn.constant dense<[[1.0, 2.0, -1.0, 0.5], [0.25, -1.0, 3.0, 1.0], [2.0, 0.0, 1.0, -2.0], " \
  "[-0.5, 1.5, 0.75, 1.0]]> : tensor<4x4xf32>\n"
#define LINEAR(FROM, AT)                                                                           \
  "nn.linear " FROM ", %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32> loc(\"" AT "\")" \
  "\n"
#define BINARY(OP, OPERANDS, AT)                                                                   \
  "nn." OP " " OPERANDS " : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32> loc(\"" AT "\")" \
  "\n"

//===----------------------------------------------------------------------===//
// Borders
//===----------------------------------------------------------------------===//

TEST_F(Region, InputsAndResultsOfTheGraphRefuse) {
  auto module = parseBody("%0 = nn.relu %x : " MATRIX " loc(\"a\")\nreturn %0 : " MATRIX, MATRIX);
  EXPECT_EQ(reasonsOf(regionOf(*module, "a", S)),
            (Reasons{"it is a result of the graph", "it is an input of the graph"}));
}

TEST_F(Region, OpsWithoutTheInterfaceRefuse) {
  auto module = parseBody(
      WEIGHT
      "%c = nn.constant dense<1.0> : tensor<4xf32>\n"
      "%0 = " LINEAR(
          "%x",
          "map") "%1 = nn.batch_norm %0, %c, %c, %c, %c {epsilon = 1.0e-5 : f32} : (" MATRIX
                 ", tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> " MATRIX
                 " loc(\"bn\")\n"
                 "%2 = onnx.node \"Celu\"(%0) {node_name = \"kept\", opset = 17 : i64} : (" MATRIX
                 ") -> " MATRIX " loc(\"kept\")\n"
                 "%4 = onnx.node \"PRelu\"(%0, %c) {node_name = \"slopes\", opset = 17 : i64} : "
                 "(" MATRIX ", tensor<4xf32>) -> " MATRIX " loc(\"slopes\")\n"
                 "%3 = nn.cast %0 : (" MATRIX ") -> tensor<2x4xf64> loc(\"wide\")\n"
                 "return %1 : " MATRIX,
      MATRIX);
  for (TransformKind kind : {S, Z, R, P, C}) {
    std::vector<std::string> reasons = reasonsOf(regionOf(*module, "map", kind));
    llvm::sort(reasons);
    EXPECT_EQ(reasons, (Reasons{"'bn' (nn.batch_norm): the algebra of channels does not know it",
                                "'kept' (onnx.node): the algebra of channels does not know it",
                                "'slopes' (onnx.node): the algebra of channels does not know it",
                                "'wide' (nn.cast): the algebra of channels does not know it"}))
        << transformName(kind).str();
  }
}

TEST_F(Region, OtherElementTypesRefuse) {
  auto module = parse("func.func @main(%x: tensor<2x4xf64>) {\n%0 = nn.relu %x : tensor<2x4xf64> "
                      "loc(\"a\")\nreturn\n}");
  TransformRegion region = regionOf(*module, "a", S);
  EXPECT_EQ(reasonsOf(region).front(), "its elements are not of type f32");
  EXPECT_FALSE(makeExplicit(region.refusals.front(), transformOf(S)));
}

TEST_F(Region, AResidualWithOneAddendThatRefuses) {
  auto module = parseBody(
      WEIGHT "%0 = " LINEAR("%x", "one") "%1 = nn.gelu %x : " MATRIX
                                         " loc(\"two\")\n%2 = " BINARY("add", "%0, %1", "sum") //
      "%3 = " LINEAR("%2", "reader") "return %3 : " MATRIX,
      MATRIX);
  TransformRegion region = regionOf(*module, "one", R);
  EXPECT_EQ(reasonsOf(region), Reasons{"'two' (nn.gelu): it is not linear"});
  EXPECT_EQ(region.members.size(), 3u);
  SmallVector<Operation *> readers = region.readers();
  ASSERT_EQ(readers.size(), 1u);
  EXPECT_EQ(getNodeName(readers.front()), "reader");
}

// The scores of a matrix with itself: it would have to be divided and multiplied.
TEST_F(Region, OneValueThatNeedsTwoTransforms) {
  std::string body = WEIGHT "%0 = " LINEAR(
      "%x", "both") "%1 = nn.transpose %0 {permutation = array<i64: 1, 0>} : "
                    "(" MATRIX ") -> tensor<4x2xf32>\n%2 = nn.matmul %0, %1 : (" MATRIX
                    ", tensor<4x2xf32>) -> tensor<2x2xf32>\nreturn %2 : tensor<2x2xf32>";
  auto module = parseBody(body, "tensor<2x2xf32>");
  TransformRegion region = regionOf(*module, "both", S);
  ASSERT_EQ(reasonsOf(region), Reasons{"two ways ask for different transforms of one value"});
  EXPECT_FALSE(makeExplicit(region.refusals.front(), transformOf(S)));
  // A rotation is the same for both.
  expectSame(body, "tensor<2x2xf32>", "both", R, 0);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

// Addends with one number for each channel, for each row and for all; they move to a side of their
// own.
TEST_F(Region, AddendsAreTransformedAlong) {
  std::string body = WEIGHT
      "%c = nn.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf32>\n"
      "%rows = nn.constant dense<[[2.0], [-1.0]]> : tensor<2x1xf32>\n"
      "%one = nn.constant dense<0.75> : tensor<f32>\n"
      "%0 = " LINEAR("%x", "a") "%1 = nn.add %0, %c : (" MATRIX ", tensor<4xf32>) -> " MATRIX
                                "\n%2 = nn.sub %rows, %1 : (tensor<2x1xf32>, " MATRIX ") -> " MATRIX
                                "\n%3 = nn.sub %2, %one : (" MATRIX ", tensor<f32>) -> " MATRIX
                                "\n%4 = " LINEAR("%3", "b") "return %4 : " MATRIX;
  for (TransformKind kind : {S, R, P})
    expectSame(body, MATRIX, "a", kind, 0);
  // The difference to the rows refuses a shift; an explicit op gives it what there was.
  expectSame(body, MATRIX, "a", Z, 1);
}

TEST_F(Region, FactorsAreMovedAlong) {
  std::string body = WEIGHT
      "%c = nn.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf32>\n"
      "%d = nn.constant dense<[[4.0, 0.25, -1.0, 2.0], [0.5, 1.0, 2.0, -4.0]]> : " MATRIX "\n"
      "%rows = nn.constant dense<[[2.0], [-1.0]]> : tensor<2x1xf32>\n"
      "%0 = " LINEAR("%x", "a") "%1 = nn.mul %c, %0 : (tensor<4xf32>, " MATRIX ") -> " MATRIX
                                "\n%2 = " BINARY("div", "%1, %d", "quotient") //
      "%3 = nn.mul %2, %rows : (" MATRIX ", tensor<2x1xf32>) -> " MATRIX
      "\n%4 = " LINEAR("%3", "b") "return %4 : " MATRIX;
  expectSame(body, MATRIX, "a", S, 0);
  expectSame(body, MATRIX, "a", P, 0);
  expectSame(body, MATRIX, "b", R, 1); // a result of the graph
}

// Both sides of a linear map, there and back.
TEST_F(Region, TheInverseUndoesATransform) {
  for (bool atResult : {false, true})
    for (TransformKind kind : {S, Z, R, P}) {
      auto module = parseBody(
          WEIGHT "%b = nn.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf32>\n"
                 "%0 = nn.linear %x, %w, %b : (" MATRIX
                 ", tensor<4x4xf32>, tensor<4xf32>) -> " MATRIX " loc(\"a\")\nreturn %0 : " MATRIX,
          MATRIX);
      std::vector<float> before = run(*module);
      auto op = cast<ChannelAlgebraInterface>(named(*module, "a"));
      OpBuilder builder(op);
      Port port = atResult ? Port::result(0) : Port::operand(0);
      for (bool inverse : {false, true}) {
        ASSERT_TRUE(succeeded(op.applyTransform(builder, transformOf(kind), port, slot, inverse)));
        std::vector<float> after = run(*module);
        for (size_t i = 0; inverse && i < before.size(); ++i) // 16 roundings of numbers up to 16
          EXPECT_NEAR(before[i], after[i], 16 * 0x1p-20) << transformName(kind).str();
        EXPECT_TRUE(inverse || before != after) << transformName(kind).str();
      }
    }
}

// A permutation of axes that is not its own inverse.
TEST_F(Region, AxesThatTurnInACircle) {
  std::string body = WEIGHT "%0 = " LINEAR(
      "%x",
      "a") "%1 = nn.reshape %0 : (" MATRIX ") -> tensor<1x2x4xf32>\n"
           "%2 = nn.transpose %1 {permutation = array<i64: 2, 0, 1>} : (tensor<1x2x4xf32>) -> "
           "tensor<4x1x2xf32> loc(\"turned\")\n"
           "%3 = nn.transpose %2 {permutation = array<i64: 1, 2, 0>} : (tensor<4x1x2xf32>) -> "
           "tensor<1x2x4xf32>\n"
           "%4 = nn.reshape %3 : (tensor<1x2x4xf32>) -> " MATRIX "\n%5 = " LINEAR("%4", "b") //
      "return %5 : " MATRIX;
  for (TransformKind kind : {S, Z, R, P})
    expectSame(body, MATRIX, "a", kind, 0);
  auto module = parseBody(body, MATRIX);
  TransformRegion region =
      findTransformRegion(named(*module, "turned")->getResult(0), ChannelSlot::axis(0, 4), S);
  EXPECT_TRUE(region.isLegal());
  EXPECT_EQ(region.members.size(), 5u);
}

//===----------------------------------------------------------------------===//
// Explicit ops
//===----------------------------------------------------------------------===//

TEST_F(Region, ExplicitOpsStandWhereTheGraphRefuses) {
  std::string readerRefuses = WEIGHT
      "%0 = " LINEAR("%x", "a") "%1 = nn.gelu %0 : " MATRIX
                                "\n%2 = " LINEAR("%0", "b") "return %1, %2 : " MATRIX ", " MATRIX;
  std::string producerRefuses =
      WEIGHT "%0 = nn.gelu %x : " MATRIX " loc(\"a\")\n%1 = " LINEAR("%0", "b") //
      "return %1 : " MATRIX;
  for (TransformKind kind : {S, Z, R}) {
    expectSame(readerRefuses, "(" MATRIX ", " MATRIX ")", "a", kind, 1);
    expectSame(producerRefuses, MATRIX, "a", kind, 1);
  }
}

// The reader's op undid what the producer's had not done.
TEST_F(Region, ProducerAndReaderOfOneValueRefuse) {
  std::string body = WEIGHT "%0 = nn.gelu %x : " MATRIX " loc(\"a\")\n%1 = nn.tanh %0 : " MATRIX
                            "\n%2 = " LINEAR("%0", "b") "return %1, %2 : " MATRIX ", " MATRIX;
  for (TransformKind kind : {S, Z, R})
    expectSame(body, "(" MATRIX ", " MATRIX ")", "a", kind, 2);
}

TEST_F(Region, WhatHasNoExplicitOp) {
  auto module = parseBody(WEIGHT "%0 = " LINEAR("%x", "a") "return %0 : " MATRIX, MATRIX);
  for (TransformKind kind : {P, C}) {
    TransformRegion region = regionOf(*module, "a", kind);
    ASSERT_EQ(reasonsOf(region), Reasons{"it is a result of the graph"});
    EXPECT_FALSE(region.refusals.front().canBeExplicit);
    EXPECT_FALSE(makeExplicit(region.refusals.front(), transformOf(kind)));
  }
}

// Channels along two axes: known before anything is changed, so that a caller can still leave the
// graph alone.
TEST_F(Region, SlotsThatNoOpRotates) {
  auto module = parseBody(
      WEIGHT "%0 = " LINEAR("%x", "a") "%1 = nn.reshape %0 : (" MATRIX
                                       ") -> tensor<2x2x2xf32>\nreturn %1 : tensor<2x2x2xf32>",
      "tensor<2x2x2xf32>");
  TransformRegion region = regionOf(*module, "a", R);
  ASSERT_EQ(reasonsOf(region), Reasons{"it is a result of the graph"});
  EXPECT_FALSE(region.refusals.front().canBeExplicit);
  EXPECT_FALSE(makeExplicit(region.refusals.front(), transformOf(R)));
}

//===----------------------------------------------------------------------===//
// What went wrong
//===----------------------------------------------------------------------===//

// x * relu(x): each factor alone may be divided by s, both together not.
TEST_F(Region, AProductReachedAlongBothFactors) {
  std::string body =
      WEIGHT "%0 = " LINEAR("%x", "a") "%1 = nn.relu %0 : " MATRIX
                                       "\n%2 = " BINARY("mul", "%0, %1", "product") //
      "%3 = " LINEAR("%2", "b") "return %3 : " MATRIX;
  auto module = parseBody(body, MATRIX);
  EXPECT_EQ(reasonsOf(regionOf(*module, "a", S)),
            Reasons{"'product' (nn.mul): the transform reaches it along two operands"});
  expectSame(body, MATRIX, "a", S, 1);
  expectSame(body, MATRIX, "a", P, 0);
}

// The product's result was asked first and refused; a factor that carries takes it along.
TEST_F(Region, AResultThatAFactorTakesAlong) {
  std::string body = WEIGHT "%0 = " LINEAR("%x", "a") "%1 = " LINEAR("%x", "b") //
      "%2 = " BINARY("mul", "%0, %1", "product") "%3 = " BINARY(
          "add", "%2, %0", "sum") "%4 = " LINEAR("%3", "c") "return %4 : " MATRIX;
  auto module = parseBody(body, MATRIX);
  EXPECT_EQ(reasonsOf(regionOf(*module, "product", S)), Reasons());
  expectSame(body, MATRIX, "product", S, 0);
}

// The bias was looked for where it had been before the gain was made, and the gain scaled twice.
TEST_F(Region, ALayerNormWithABiasAndNoGain) {
  std::string body = WEIGHT
      "%b = nn.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf32>\n"
      "%0 = nn.layer_norm %x, %b {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, "
      "1>} : (" MATRIX ", tensor<4xf32>) -> " MATRIX " loc(\"a\")\n"
      "%1 = " LINEAR("%0", "b") "return %1 : " MATRIX;
  expectSame(body, MATRIX, "a", S, 0);
  expectSame(body, MATRIX, "a", Z, 0);
}

TEST_F(Region, AConstantNumeratorMovesOnce) {
  std::string body =
      WEIGHT "%c = nn.constant dense<[[1.0, -2.0, 0.5, 3.0], [4.0, 0.25, -1.0, 2.0]]> : " MATRIX
             "\n%0 = nn.exp %x : " MATRIX "\n%1 = " BINARY("div", "%c, %0", "a") //
      "%2 = " LINEAR("%1", "b") "return %2 : " MATRIX;
  auto module = parseBody(body, MATRIX);
  // The input is not permuted: give it the permutation that the region asks for.
  TransformRegion region = regionOf(*module, "a", P);
  ASSERT_EQ(reasonsOf(region), Reasons{"it is an input of the graph"});
  ASSERT_TRUE(succeeded(applyTransformRegion(region, transformOf(P))));
  Value numerator = named(*module, "a")->getOperand(0);
  std::optional<std::vector<float>> moved = readFloats(getConstantElements(numerator));
  EXPECT_EQ(*moved, (std::vector<float>{0.5f, 1, 3, -2, -1, 4, 2, 0.25f}));
}

TEST_F(Region, AShiftOfASumOfConstants) {
  auto module = parseBody(WEIGHT "%c = nn.constant dense<1.0> : " MATRIX
                                 "\n%0 = " BINARY("add", "%c, %c", "a") //
                          "%1 = " LINEAR("%0", "b") "return %1 : " MATRIX,
                          MATRIX);
  EXPECT_EQ(reasonsOf(regionOf(*module, "a", Z)),
            Reasons{"'a' (nn.add): a sum of constants has no addend for the shift"});
  EXPECT_TRUE(regionOf(*module, "a", S).isLegal());
}

TEST_F(Region, ConstantsWithoutBytesAreAnError) {
  auto module = parseBody("%w = nn.constant dense_resource<lost> : tensor<4x4xf32>\n"
                          "%0 = " LINEAR("%x", "a") "%1 = " LINEAR("%0", "b") "return %1 : " MATRIX,
                          MATRIX);
  ASSERT_TRUE(module);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(applyTransformRegion(regionOf(*module, "a", S), transformOf(S))));
  EXPECT_EQ(message, "'a' (nn.linear): its constants have no bytes to transform");
}

} // namespace
