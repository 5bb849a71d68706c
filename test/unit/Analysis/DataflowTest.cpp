//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Schedules of small designs whose times can be counted by hand.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Analysis/DataflowEstimate.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace quantc;

namespace {

/// "!hls.stream<ui8, lanes = 1, beats = N>".
std::string stream(int64_t beats) {
  return "!hls.stream<ui8, lanes = 1, beats = " + std::to_string(beats) + ">";
}

std::string requantize(int acc) {
  return "#hls.requantize<acc = " + std::to_string(acc) +
         ", bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift "
         "= dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, "
         "by_pixel = false>";
}

const std::string input =
    "%0 = hls.input {name = \"x\", shape = array<i64: 1, 1, 8, 8>} : " + stream(64) + "\n";
std::string output(const std::string &value, int64_t beats) {
  return "hls.output %" + value + " {name = \"y\", shape = array<i64: 1, " + std::to_string(beats) +
         ">} : " + stream(beats) + "\n";
}

/// A fork of 64 beats; one branch is summed and repeated, and the product of both leaves. `depth`
/// is that of the other branch.
std::string gate(int64_t depth) {
  std::string s = stream(64), sizes = "pixels = 64 : i64, channels = 1 : i64, lanes = 1 : i64";
  return input + "%1, %2 = hls.duplicate %0 {depths = array<i64: " + std::to_string(depth) +
         ", 16>, " + sizes + "} : (" + s + ") -> (" + s + ", " + s + ")\n" +
         "%3 = hls.global_sum %2 {depths = array<i64: 2>, " + sizes +
         ", epilogue = " + requantize(16) + "} : (" + s + ") -> " + stream(1) + "\n" +
         "%4 = hls.repeat %3 {depths = array<i64: 16>, times = 64 : i64, channels = 1 : i64, lanes "
         "= 1 : i64} : (" +
         stream(1) + ") -> " + s + "\n" + "%5 = hls.mul %1, %4 {" + sizes +
         ", lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64, epilogue = " + requantize(20) +
         "} : (" + s + ", " + s + ") -> " + s + "\n" + output("5", 64);
}

class DataflowTest : public ::testing::Test {
protected:
  DataflowTest() { context.loadDialect<hls::HLSDialect>(); }

  hls::DesignOp parse(const std::string &body) {
    module = parseSourceString<ModuleOp>("hls.design @a {\n" + body + "}", &context);
    EXPECT_TRUE(module);
    return *module->getOps<hls::DesignOp>().begin();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(DataflowTest, OneUnitTakesItsIterationsAndItsDrain) {
  std::string s = stream(64);
  DataflowEstimate estimate = estimateDataflow(
      parse(input +
            "%1 = hls.pointwise %0 {pixels = 64 : i64, channels = 1 : i64, lanes = 1 : i64, "
            "epilogue = " +
            requantize(16) + "} : (" + s + ") -> " + s + "\n" + output("1", 64)));
  // qhls::latency::pointwise is 5: beat 0 is read in cycle 0, leaves in 5 and can be read in 6.
  EXPECT_EQ(estimate.interval, 69);
  EXPECT_EQ(estimate.latency, 69);
  Value result = estimate.units.front().op->getResult(0);
  EXPECT_EQ(estimate.times.lookup(result).first, 6);
  EXPECT_EQ(estimate.times.lookup(result).last, 69);
}

TEST_F(DataflowTest, LatencyAddsWhatUnitsReadBeforeTheirFirstResult) {
  DataflowEstimate estimate = estimateDataflow(parse(gate(200)));
  // The sum is read by cycle 1 + 1 + 63, leaves after 5 and the repetition after 1, one cycle each
  // to be readable; 64 products and their drain of 7 follow.
  EXPECT_EQ(estimate.latency, 2 + 63 + 5 + 1 + 1 + 1 + 64 + 7);
  EXPECT_EQ(estimate.interval, 64 + 7);
}

TEST_F(DataflowTest, AShallowBranchStallsAndAShallowerOneStopsTheDesign) {
  DataflowEstimate deep = estimateDataflow(parse(gate(200))),
                   frame = estimateDataflow(parse(gate(64)));
  EXPECT_FALSE(deep.deadlock);
  EXPECT_FALSE(frame.deadlock);
  EXPECT_GT(frame.interval, deep.interval);
  EXPECT_TRUE(estimateDataflow(parse(gate(48))).deadlock);
}

TEST_F(DataflowTest, PeaksOfAPacedScheduleAreDepthsThatKeepThePace) {
  hls::DesignOp design = parse(gate(1));
  DataflowSchedule paced(design, {true, 71});
  ASSERT_TRUE(paced.runUntilPeaksStay());
  int64_t peak = 0;
  for (Operation &op : design.getBody().front())
    if (isa<hls::DuplicateOp>(op))
      peak = paced.peak(op.getResult(0));
  EXPECT_GT(peak, 64);
  EXPECT_EQ(estimateDataflow(parse(gate(peak))).interval, 71);
}

/// A window's activity on odd shapes: cycles, reads and writes are those of its ports.
TEST_F(DataflowTest, ActivitiesAddUpToIterationsAndBeats) {
  for (bool parallel : {false, true})
    for (int64_t kernel : {1, 2, 3, 5})
      for (int64_t stride : {1, 2, 4})
        for (int64_t pad : {0, 2}) {
          int64_t size = 7, out = (size + 2 * pad - kernel) / stride + 1;
          auto pair = [](int64_t v) {
            return "array<i64: " + std::to_string(v) + ", " + std::to_string(v) + ">";
          };
          std::string text =
              "%0 = hls.input {name = \"x\", shape = array<i64: 1, 49>} : " + stream(49) +
              "\n%1 = hls.window %0 {height = 7 : i64, width = 7 : i64, channels = 1 : i64, lanes "
              "= "
              "1 : i64, kernel = " +
              pair(kernel) + ", strides = " + pair(stride) + ", dilations = " + pair(1) +
              ", pads = " + pair(pad) + ", out = " + pair(out) +
              ", groups = 1 : i64, pad_value = 0 : i64, parallel = " +
              (parallel ? "true" : "false") + "} : (" + stream(49) +
              ") -> !hls.stream<ui8, lanes = " + std::to_string(parallel ? kernel * kernel : 1) +
              ", beats = " + std::to_string(out * out * (parallel ? 1 : kernel * kernel)) +
              ">\nhls.discard %1 {pixels = " + std::to_string(out * out) +
              " : i64, channels = " + std::to_string(kernel * kernel) +
              " : i64, lanes = " + std::to_string(parallel ? kernel * kernel : 1) +
              " : i64} : (!hls.stream<ui8, lanes = " +
              std::to_string(parallel ? kernel * kernel : 1) +
              ", beats = " + std::to_string(out * out * (parallel ? 1 : kernel * kernel)) +
              ">) -> ()\n" +
              "%2 = hls.input {name = \"z\", shape = array<i64: 1, 1>} : " + stream(1) + "\n" +
              output("2", 1);
          hls::DesignOp design = parse(text);
          for (auto unit : design.getBody().front().getOps<hls::UnitOpInterface>()) {
            int64_t cycles = 0, reads = 0, writes = 0;
            for (const hls::Phase &phase : unit.getActivity())
              for (const hls::Run &run : phase.runs) {
                cycles += phase.times * run.cycles;
                reads += phase.times * run.cycles * (run.reads & 1);
                writes += phase.times * run.cycles * (run.writes & 1);
              }
            EXPECT_EQ(cycles, unit.getIterations());
            EXPECT_EQ(reads, unit.getPorts()[0].beats);
            EXPECT_EQ(writes, unit->getNumResults() ? unit.getPorts()[1].beats : 0);
          }
        }
}

} // namespace
