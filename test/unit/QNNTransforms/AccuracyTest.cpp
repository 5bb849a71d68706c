//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equalization and bias correction on a small network of inverted residuals with random weights and
// very different channels: the float function stays, the ranges become equal, the means come back.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/NNToDyad/NNToDyad.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Calibrate.h"
#include "quantc/Dialect/QNN/Transforms/CorrectBias.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Reference/InterpreterExecutor.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace quantc;
using namespace quantc::qnn;

namespace {
constexpr int64_t kSamples = 24;

/// Writes IR with random constants; the factor of each output channel is a power of two between
/// 1/16 and 4, so that a scale per tensor suits few channels.
class Writer {
public:
  std::string constant(std::vector<int64_t> shape, bool spread) {
    std::normal_distribution<float> normal;
    int64_t total = 1;
    std::string type = "tensor<";
    for (int64_t dim : shape) {
      total *= dim;
      type += std::to_string(dim) + "x";
    }
    std::vector<float> values;
    for (int64_t i = 0; i < total; ++i) {
      int64_t channel = i / (total / shape[0]);
      float factor = spread ? std::exp2(float(channel * 5 % 7) - 4) : 0.5f;
      values.push_back(normal(random) * factor);
    }
    std::string name = "%c" + std::to_string(count++);
    std::string hex = "0x";
    for (float value : values)
      for (int byte = 0; byte < 4; ++byte) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02X",
                      reinterpret_cast<const uint8_t *>(&value)[byte]);
        hex += digits;
      }
    text += "  " + name + " = nn.constant dense<\"" + hex + "\"> : " + type + "f32>\n";
    return name;
  }

  void conv(const std::string &out, const std::string &in, int64_t inputs, int64_t outputs,
            int64_t kernel, bool depthwise, bool spread) {
    std::string w = constant({outputs, depthwise ? 1 : inputs, kernel, kernel}, spread);
    std::string b = constant({outputs}, spread);
    std::string pad = std::to_string(kernel / 2), k = std::to_string(kernel);
    text += "  " + out + " = nn.conv " + in + ", " + w + ", " + b +
            " {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: " + pad +
            ", " + pad + ", " + pad + ", " + pad +
            ">, groups = " + std::to_string(depthwise ? outputs : 1) + " : i64} : (" +
            type(inputs) + ", tensor<" + std::to_string(outputs) + "x" +
            std::to_string(depthwise ? 1 : inputs) + "x" + k + "x" + k + "xf32>, tensor<" +
            std::to_string(outputs) + "xf32>) -> " + type(outputs) + " loc(\"" + out.substr(1) +
            "\")\n";
  }
  void relu6(const std::string &out, const std::string &in, int64_t channels) {
    text += "  " + out + " = nn.clip " + in +
            " {lo = 0.0 : f32, hi = 6.0 : f32} : " + type(channels) + " loc(\"" + out.substr(1) +
            "\")\n";
  }
  static std::string type(int64_t channels) {
    return "tensor<1x" + std::to_string(channels) + "x6x6xf32>";
  }
  std::string network() {
    text = "func.func @main(%x: " + type(3) + ") -> tensor<1x5xf32> {\n";
    conv("%p0", "%x", 3, 4, 3, false, true);
    block("1", "%p0");
    text += "  %s1 = nn.add %p0, %q1 : (" + type(4) + ", " + type(4) + ") -> " + type(4) +
            " loc(\"s1\")\n";
    block("2", "%s1");
    text += "  %s2 = nn.add %s1, %q2 : (" + type(4) + ", " + type(4) + ") -> " + type(4) +
            " loc(\"s2\")\n";
    conv("%l", "%s2", 4, 8, 1, false, true);
    relu6("%lr", "%l", 8);
    text += "  %m = nn.reduce_mean %lr {axes = array<i64: 2, 3>, keepdims = false} : (" + type(8) +
            ") -> tensor<1x8xf32> loc(\"gap\")\n";
    std::string w = constant({5, 8}, false), b = constant({5}, false);
    text += "  %y = nn.linear %m, " + w + ", " + b +
            " : (tensor<1x8xf32>, tensor<5x8xf32>, tensor<5xf32>) -> tensor<1x5xf32> "
            "loc(\"fc\")\n  return %y : tensor<1x5xf32>\n}\n";
    return text;
  }

private:
  void block(const std::string &n, const std::string &in) {
    conv("%e" + n, in, 4, 7, 1, false, true);
    relu6("%er" + n, "%e" + n, 7);
    conv("%d" + n, "%er" + n, 7, 7, 3, true, true);
    relu6("%dr" + n, "%d" + n, 7);
    conv("%q" + n, "%dr" + n, 7, 4, 1, false, true);
  }

  std::string text;
  int count = 0;
  std::mt19937 random{11};
};

class Accuracy : public ::testing::Test {
protected:
  Accuracy() {
    context
        .loadDialect<mlir::func::FuncDialect, nn::NNDialect, qnn::QNNDialect, dyad::DyadDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(Writer().network(), &context);
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    HostTensor images = HostTensor::zeros(DType::F32, {kSamples, 3, 6, 6});
    for (float &value : images.mutableValues<float>())
      value = normal(random);
    InputSpec spec;
    spec.name = "x";
    spec.dims = {1, 3, 6, 6};
    std::vector<NamedTensor> arrays(1);
    arrays[0].name = "x";
    arrays[0].tensor = std::move(images);
    data = llvm::cantFail(DataSet::fromArrays(std::move(arrays), {spec}));
  }

  /// All results of @main, one run after another.
  std::vector<double> results(mlir::ModuleOp of) {
    Interpreter interpreter = llvm::cantFail(Interpreter::create(of));
    std::vector<double> all;
    for (int64_t run = 0; run < kSamples; ++run) {
      Feed feed = llvm::cantFail(data->feed(run));
      auto outputs = llvm::cantFail(interpreter.run({feed.inputs[0].tensor}));
      for (float value : outputs[0].values<float>())
        all.push_back(value);
    }
    return all;
  }
  ChannelSummaries summaries(mlir::ModuleOp of) {
    auto executor = llvm::cantFail(InterpreterExecutor::create(of));
    return llvm::cantFail(collectChannels(*executor, *data, evenlySpacedRuns(kSamples, kSamples)));
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<DataSet> data;
};

/// Greatest difference over the greatest magnitude.
double relativeError(const std::vector<double> &a, const std::vector<double> &b) {
  double difference = 0, greatest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::fabs(a[i] - b[i]));
    greatest = std::max(greatest, std::fabs(b[i]));
  }
  return difference / greatest;
}

TEST(EvenlySpacedRuns, CoverFirstAndLast) {
  EXPECT_EQ(evenlySpacedRuns(200, 3), (std::vector<int64_t>{0, 99, 199}));
  EXPECT_EQ(evenlySpacedRuns(2, 50), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(evenlySpacedRuns(9, 1), (std::vector<int64_t>{0}));
  EXPECT_TRUE(evenlySpacedRuns(0, 5).empty());
}

TEST_F(Accuracy, EqualizationKeepsTheFunction) {
  ASSERT_TRUE(module);
  std::vector<double> before = results(*module);
  ASSERT_TRUE(mlir::succeeded(insertObservers(*module, {})));
  ChannelSummaries channels = summaries(*module);
  // p0, q1, s1, q2 and s2 are one stream.
  EXPECT_EQ(equalizeResidual(*module, channels), 1);
  EXPECT_LT(relativeError(results(*module), before), 1e-5);
  EXPECT_EQ(equalizeDepthwise(*module, channels), 2);
  EXPECT_LT(relativeError(results(*module), before), 1e-5);
  ChannelSummaries after = summaries(*module);
  for (const char *name : {"er1", "er2"}) {
    double floor = *std::max_element(channels[name].max.begin(), channels[name].max.end()) * 1e-3;
    for (size_t c = 0; c < 7; ++c) {
      if (channels[name].max[c] > floor) {
        EXPECT_NEAR(after[name].max[c], 1.0, 1e-5) << name << " " << c;
      }
    }
  }
  for (size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(after["q1"].min[c], -after["q1"].max[c], 1e-4 * after["q1"].max[c]);
}

TEST_F(Accuracy, OtherReadersSpoilAStream) {
  ASSERT_TRUE(mlir::succeeded(insertObservers(*module, {})));
  ChannelSummaries channels = summaries(*module);
  module->walk([&](nn::AddOp add) {
    if (add->getResult(0).getLoc() != add.getLoc())
      return;
    mlir::OpBuilder builder(add);
    builder.setInsertionPointAfter(add);
    // A float op reads one tensor of the stream.
    nn::SoftmaxOp::create(builder, add.getLoc(), add.getLhs().getType(), add.getLhs(), 1);
  });
  EXPECT_EQ(equalizeResidual(*module, channels), 0);
}

/// Quantizes with coarse weights, which shift the means visibly, and lowers to integers.
void lower(mlir::ModuleOp module, DataSet &data, const char *ioType, AccumulatorScales &scales) {
  QuantizeOptions options;
  options.weightBits = 4;
  ASSERT_TRUE(mlir::succeeded(insertObservers(module, options)));
  auto executor = llvm::cantFail(InterpreterExecutor::create(module));
  ASSERT_TRUE(mlir::succeeded(calibrate(module, *executor, data, options)));
  ASSERT_TRUE(mlir::succeeded(quantize(module, options)));
  scales = collectAccumulatorScales(module);
  ConvertNNToDyadOptions lowering;
  lowering.ioType = ioType;
  mlir::PassManager manager(module.getContext());
  manager.addPass(createConvertNNToDyad(lowering));
  ASSERT_TRUE(mlir::succeeded(manager.run(module)));
}

/// The biases of all contractions in order.
std::vector<int64_t> biases(mlir::ModuleOp module) {
  std::vector<int64_t> all;
  module.walk([&](dyad::ConvOp conv) {
    llvm::append_range(all, *readIntegers(getConstantElements(conv.getBias())));
  });
  return all;
}

TEST_F(Accuracy, BiasCorrectionRestoresMeans) {
  std::vector<double> expected = results(*module);
  mlir::OwningOpRef<mlir::ModuleOp> floats = module->clone();
  observeLinearMaps(*floats);
  ChannelSummaries means = summaries(*floats);
  EXPECT_EQ(means.size(), 9u);

  mlir::OwningOpRef<mlir::ModuleOp> bytes = module->clone();
  AccumulatorScales scales;
  lower(*module, *data, "float", scales);
  std::vector<int64_t> uncorrected = biases(*module);

  auto meanError = [&] {
    std::vector<double> found = results(*module);
    double error = 0;
    for (size_t k = 0; k < 5; ++k) {
      double sum = 0;
      for (size_t i = k; i < found.size(); i += 5)
        sum += found[i] - expected[i];
      error += std::fabs(sum) / kSamples;
    }
    return error;
  };
  double before = meanError();
  auto corrected = correctBias(*module, means, scales, *data, evenlySpacedRuns(kSamples, kSamples));
  ASSERT_TRUE(mlir::succeeded(corrected));
  EXPECT_EQ(corrected->size(), 8u); // all but the last layer
  ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
  double after = meanError();
  RecordProperty("before", std::to_string(before));
  RecordProperty("after", std::to_string(after));
  EXPECT_LT(after, before); // the last layer's own shift stays
  // A second pass finds nothing to do: every mean is right to half a unit of the accumulator.
  auto again = correctBias(*module, means, scales, *data, evenlySpacedRuns(kSamples, kSamples));
  ASSERT_TRUE(mlir::succeeded(again));
  EXPECT_DOUBLE_EQ(meanError(), after);

  // An integer interface changes nothing.
  lower(*bytes, *data, "int8", scales);
  EXPECT_EQ(biases(*bytes), uncorrected);
  corrected = correctBias(*bytes, means, scales, *data, evenlySpacedRuns(kSamples, kSamples));
  ASSERT_TRUE(mlir::succeeded(corrected));
  EXPECT_EQ(biases(*bytes), biases(*module));
  EXPECT_NE(biases(*bytes), uncorrected);
}
} // namespace
