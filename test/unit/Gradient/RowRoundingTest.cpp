//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounded rows: the codes of numerics, the gradient of the frozen rounding, and rotations around
// the rounding as arguments of a network.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/Transforms/RowRounding.h"
#include "GradientTest.h"
#include "NetworkTest.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "quantc/Execution/GradientModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Numerics/GroupedLinear.h"
#include "quantc/Numerics/Orthogonal.h"
#include "quantc/PTQ/LearnRotation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

/// All of a row, clipped, in groups, in groups that do not divide the row.
const nn::RowRounding forms[] = {{4, 1, 0}, {4, 0.75, 0}, {3, 0.75, 4}, {4, 0.5, 5}, {8, 1, 0}};

class RowRounding : public GradientTest {
protected:
  static Doubles normal(int64_t count, uint64_t seed) {
    ptq::Vector values = ptq::normalProbe(seed, 0, count);
    return Doubles(values.data(), values.data() + count);
  }
};

/// With codes as numerics' of rows of f32, and a row of zeros.
TEST_F(RowRounding, CodesAreThoseOfNumerics) {
  constexpr int64_t rows = 7, channels = 12;
  for (const nn::RowRounding &form : forms) {
    auto module = build({{rows, channels}}, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
      return nn::roundRows(b, loc, v[0], form);
    });
    Loops loops = compile(*module);
    ASSERT_TRUE(loops.model);
    Doubles x = normal(rows * channels, 3);
    for (double &value : x)
      value = static_cast<float>(value);
    std::fill(x.begin(), x.begin() + channels, 0.0);
    const Doubles y = loops.run({x})[0];
    const int64_t span = form.group == 0 ? channels : form.group;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t at = 0; at < channels; at += span) {
        const int64_t count = std::min(span, channels - at);
        std::vector<float> part(x.begin() + r * channels + at,
                                x.begin() + r * channels + at + count);
        std::vector<int8_t> codes(part.size());
        const float scale =
            numerics::quantizeRow(part.data(), count, codes.data(),
                                  numerics::mostRowCode(form.bits), static_cast<float>(form.clip));
        for (int64_t i = 0; i < count; ++i) // the scale is rounded to f32 in a step or two
          EXPECT_NEAR(y[r * channels + at + i], double(codes[i]) * scale,
                      std::fabs(double(codes[i]) * scale) * 0x1p-22);
      }
  }
}

/// |round(x R) - x R|^2 by the entries of R: that of ptq::rotationLoss, which is checked against
/// differences of the frozen rounding.
TEST_F(RowRounding, GradientIsThatOfTheFrozenRounding) {
  constexpr int64_t rows = 20, channels = 12;
  for (const nn::RowRounding &form : forms) {
    auto module = build({{rows, channels}, {channels, channels}},
                        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                          Value rotated = nn::MatMulOp::create(b, loc, v[0], v[1]);
                          Value rounded = nn::roundRows(b, loc, rotated, form);
                          return nn::SubOp::create(b, loc, rounded, rotated);
                        });
    nn::GradientOptions options;
    options.wrt = {"a1"};
    options.mean = false;
    ASSERT_TRUE(succeeded(nn::buildGradient(*module, options)));
    Loops loops = compile(*module);
    ASSERT_TRUE(loops.model);
    const Doubles x = normal(rows * channels, 1), r = numerics::randomOrthogonal(channels, 2);
    const Tensors results = loops.run({x, r, Doubles(rows * channels, 0.0)});
    const Eigen::Map<const ptq::Matrix> xs(x.data(), rows, channels);
    ptq::RotationLoss loss = llvm::cantFail(
        ptq::rotationLoss(xs, Eigen::Map<const ptq::Matrix>(r.data(), channels, channels),
                          {int64_t(form.bits), form.clip, form.group}));
    const double energy = xs.squaredNorm();
    EXPECT_NEAR(results[0][0], loss.value * energy, 1e-12 * energy);
    for (int64_t i = 0; i < channels * channels; ++i)
      EXPECT_NEAR(results[1][i], loss.gradient.data()[i] * energy, 1e-11 * energy) << i;
  }
}

//===----------------------------------------------------------------------===//
// In networks
//===----------------------------------------------------------------------===//

class RotatedRows : public NetworkTest {
protected:
  RotatedRows() {
    context.loadDialect<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect>();
  }

  /// With norms folded.
  OwningOpRef<ModuleOp> folded(const Network &network) {
    OwningOpRef<ModuleOp> module = parse(network.text);
    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(nn::createNNFoldNorms());
    passes.addNestedPass<func::FuncOp>(nn::createNNLayerNormToRMS());
    EXPECT_TRUE(succeeded(passes.run(*module)));
    return module;
  }

  static HostTensor rotationTensor(int64_t channels, int64_t seed) {
    std::vector<double> matrix = numerics::randomOrthogonal(size_t(channels), seed);
    return HostTensor::from<float>({channels, channels},
                                   std::vector<float>(matrix.begin(), matrix.end()));
  }

  /// R^T (dL/dR) is symmetric, but for a part `bound` of its norm, which is returned.
  static double expectNoSlope(const nn::RotationArgument &rotation, const HostTensor &value,
                              const HostTensor &gradient, double bound) {
    const int64_t d = rotation.channels;
    auto matrixOf = [&](const HostTensor &tensor) {
      return Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>(
                 tensor.values<float>().data(), d, d)
          .cast<double>()
          .eval();
    };
    const Eigen::MatrixXd product = matrixOf(value).transpose() * matrixOf(gradient);
    EXPECT_GT(product.norm(), 0);
    EXPECT_LT((product - product.transpose()).norm(), bound * product.norm()) << rotation.name;
    return product.norm();
  }
};

/// With so many bits that nothing is lost, rotations and scales around the rounding change nothing,
/// and the loss has no slope along them: R^T (dL/dR) is symmetric, dL/dt is 0.
TEST_F(RotatedRows, NothingChangesWithoutRounding) {
  for (const Network &network : {llamaLike(5, true, false), optLike(5)}) {
    OwningOpRef<ModuleOp> module = folded(network);
    auto main = module->lookupSymbol<func::FuncOp>("main");
    const std::vector<float> before = run(*module, network);
    auto found = nn::roundRotatedRows(main, {{22, 1, 0}, {}, true, true});
    ASSERT_TRUE(succeeded(found));
    EXPECT_TRUE(llvm::any_of(*found, [](const auto &rotation) { return !rotation.ofHeads; }));
    EXPECT_TRUE(llvm::any_of(*found, [](const auto &rotation) { return rotation.ofHeads; }));
    nn::GradientOptions options;
    options.loss = nn::Loss::MeanSquare;
    options.keepOutputs = true;
    std::vector<HostTensor> inputs = network.inputs;
    inputs.resize(main.getNumArguments());
    std::vector<unsigned> scales;
    for (auto [i, rotation] : llvm::enumerate(*found)) {
      options.wrt.push_back(rotation.name);
      inputs[rotation.argument] = rotationTensor(rotation.channels, int64_t(i));
    }
    for (const nn::RotationArgument &rotation : *found)
      for (const nn::ScaleArgument &scale : rotation.scales) {
        scales.push_back(unsigned(options.wrt.size()));
        options.wrt.push_back(scale.name);
        ptq::Vector logs = 0.25 * ptq::normalProbe(scale.argument, 0, rotation.channels);
        inputs[scale.argument] = HostTensor::from<float>(
            {rotation.channels}, std::vector<float>(logs.data(), logs.data() + logs.size()));
      }
    EXPECT_FALSE(scales.empty());
    nn::GradientSignature signature;
    auto built = gradientModule(*module, options, signature);
    ASSERT_TRUE(bool(built)) << llvm::toString(built.takeError());
    auto model = compileInProcess(**built, kernels::bestHostLevel());
    ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
    auto type = cast<RankedTensorType>(main.getResultTypes()[0]);
    inputs.push_back(HostTensor::zeros(DType::F32, type.getShape()));
    auto results = (*model)->run(inputs);
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
    // Roundings more of each value: by two products and two scales, and to 22 bits.
    const double bound = errorBound(network, 5) + network.depth * 0x1p-20;
    EXPECT_LE(relativeError((*results)[0].values<float>().vec(), before), bound);
    auto gradientOf = [&](size_t wrt) -> const HostTensor & {
      return (*results)[signature.gradients[wrt].result];
    };
    // What cancels went forward and back through the network.
    double size = 0;
    for (auto [i, rotation] : llvm::enumerate(*found))
      size = std::max(size,
                      expectNoSlope(rotation, inputs[rotation.argument], gradientOf(i), 2 * bound));
    for (unsigned wrt : scales)
      for (float slope : gradientOf(wrt).values<float>())
        EXPECT_LT(std::fabs(slope), 2 * bound * size) << options.wrt[wrt];
  }
}

/// The passes that read the file leave the function as it is, and another one's size is an error.
TEST_F(RotatedRows, FilesOfScales) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("rotations", "npz", path));
  llvm::FileRemover remover(path);
  const Network network = llamaLike(5, true, false);
  OwningOpRef<ModuleOp> rounded = folded(network);
  auto found = nn::roundRotatedRows(rounded->lookupSymbol<func::FuncOp>("main"),
                                    {{8, 1, 0}, {}, true, true});
  ASSERT_TRUE(succeeded(found));
  nn::RotationTable table;
  size_t count = 0;
  for (const nn::RotationArgument &rotation : *found) {
    (rotation.ofHeads ? table.heads : table.streams)[rotation.number] =
        numerics::randomOrthogonal(size_t(rotation.channels), 3);
    for (const nn::ScaleArgument &scale : rotation.scales) {
      const ptq::Vector scales =
          ptq::normalProbe(count++, 0, rotation.channels).cwiseAbs().array() + 0.5;
      (rotation.ofHeads ? table.headScales : table.streamScales)[{rotation.number, scale.input}] =
          std::vector<double>(scales.data(), scales.data() + scales.size());
    }
  }
  EXPECT_GE(table.streamScales.size(), 2u);
  EXPECT_GE(table.headScales.size(), 1u);
  ASSERT_FALSE(bool(nn::writeRotations(path, table)));
  OwningOpRef<ModuleOp> module = folded(network);
  const std::vector<float> before = run(*module, network);
  auto apply = [&](ModuleOp to) {
    PassManager passes(&context);
    nn::NNRotateOptions rotate;
    rotate.rotations = std::string(path);
    nn::NNScaleRotatedOptions scale;
    scale.rotations = std::string(path);
    passes.addNestedPass<func::FuncOp>(nn::createNNRotate(rotate));
    passes.addNestedPass<func::FuncOp>(nn::createNNScaleRotated(scale));
    return passes.run(to);
  };
  ASSERT_TRUE(succeeded(apply(*module)));
  int64_t gains = 0;
  module->walk([&](nn::RMSNormOp norm) { gains += bool(norm.getGain()); });
  EXPECT_EQ(gains, int64_t(table.streamScales.size()));
  EXPECT_LE(relativeError(run(*module, network), before), errorBound(network, 6));
  table.streamScales.begin()->second.pop_back();
  ASSERT_FALSE(bool(nn::writeRotations(path, table)));
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) { return success(); });
  EXPECT_TRUE(failed(apply(*folded(network))));
}

/// Nodes that are excluded read what they did.
TEST_F(RotatedRows, ExcludedNodesStay) {
  const Network network = llamaLike(5, true, false);
  OwningOpRef<ModuleOp> module = folded(network);
  std::vector<std::string> names;
  module->walk([&](nn::LinearOp op) { names.push_back(getNodeName(op)); });
  auto found = nn::roundRotatedRows(module->lookupSymbol<func::FuncOp>("main"),
                                    {{4, 1, 0}, names, true, false});
  ASSERT_TRUE(succeeded(found));
  EXPECT_TRUE(found->empty());
  EXPECT_EQ(run(*module, network), run(*folded(network), network));
}

} // namespace
