//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Certificates and reports as data: what the JSON says, and the text.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Analysis/ExactnessAnalysis.h"
#include "quantc/Analysis/IntegerOnlyCertificate.h"
#include "quantc/Analysis/OverflowProof.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace quantc;

namespace {

const char *model = R"(
  func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
    %s = nn.constant dense<0.5> : tensor<f32>
    %z = dyad.constant dense<0> : tensor<ui8>
    %z32 = dyad.constant dense<0> : tensor<si32>
    %w = dyad.constant dense<[[127, -3]]> : tensor<1x2xsi8>
    %b = dyad.constant dense<5> : tensor<1xsi32>
    %m = dyad.constant dense<8388609> : tensor<si32>
    %sh = dyad.constant dense<30> : tensor<si32>
    %0 = qnn.quantize %x, %s, %z : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8>
    %1 = dyad.linear %0, %w, %b, %z : (tensor<1x2xui8>, tensor<1x2xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("fc")
    %2 = dyad.requantize %1, %z32, %m, %sh, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
      : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8> loc("fc")
    %3 = qnn.dequantize %2, %s, %z : (tensor<1x1xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x1xf32>
    %4 = nn.relu %3 : tensor<1x1xf32> loc("tail")
    return %4 : tensor<1x1xf32>
  })";

class CertificateTest : public ::testing::Test {
protected:
  CertificateTest() {
    context
        .loadDialect<mlir::func::FuncDialect, nn::NNDialect, qnn::QNNDialect, dyad::DyadDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(model, &context);
  }
  static std::string text(const llvm::json::Value &value) {
    return llvm::formatv("{0}", value).str();
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(CertificateTest, IntegerOnly) {
  ASSERT_TRUE(module);
  IntegerOnlyCertificate certificate = certifyIntegerOnly(*module);
  EXPECT_TRUE(certificate.holds());
  EXPECT_EQ(
      text(certificate.toJSON()),
      R"({"before":[],"behind":[{"node":"tail","op":"nn.relu"}],"beside":[],)"
      R"("dequantize_ops":1,"inside":[],"integer_only":true,"integer_ops":2,"quantize_ops":1})");
  std::string printed;
  llvm::raw_string_ostream os(printed);
  certificate.print(os);
  EXPECT_EQ(printed, "integer-only: 2 integer ops, 1 quantize, 1 dequantize, 0 float ops left\n"
                     "  tail (nn.relu) is float behind the last dequantize\n");
}

TEST_F(CertificateTest, ACertificateOfOneFunctionOnly) {
  ASSERT_TRUE(module);
  auto function = module->lookupSymbol<mlir::func::FuncOp>("main");
  EXPECT_TRUE(certifyIntegerOnly(function).holds());
}

TEST_F(CertificateTest, OverflowReport) {
  ASSERT_TRUE(module);
  RangeAnalysis ranges(*module);
  OverflowReport report = proveAccumulators(*module, ranges);
  EXPECT_EQ(
      text(report.toJSON()),
      R"({"accumulator_bits":32,"ops":[{"channels":1,"final_width":16,"max":32390,"min":-760,)"
      R"("node":"fc","op":"dyad.linear","partial_max":33155,"partial_min":-33155,)"
      R"("proven":true,"widest_channel":0,"width":17}],"proven":true,"width":17})");
  std::string printed;
  llvm::raw_string_ostream os(printed);
  report.print(os);
  EXPECT_EQ(printed, "fc: proved, sums in [-760, 32390], partial sums need 17 bits of 32\n");
  EXPECT_FALSE(proveAccumulators(*module, ranges, 16).allProven());
}

TEST_F(CertificateTest, Exactness) {
  ASSERT_TRUE(module);
  RangeAnalysis ranges(*module);
  EXPECT_EQ(text(toJSON(analyzeExactness(*module, ranges))),
            R"({"ops":[{"channels":{"fma-f32":1},"form":"fma-f32","node":"fc"}]})");
}

} // namespace
