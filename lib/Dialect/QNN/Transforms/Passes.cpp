//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes: options into QuantizeOptions, then the functions of Passes.h and Calibrate.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Calibrate.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Support/OptionText.h"

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNINSERTOBSERVERS
#define GEN_PASS_DEF_QNNCALIBRATE
#define GEN_PASS_DEF_QNNEQUALIZERESIDUAL
#define GEN_PASS_DEF_QNNEQUALIZEDEPTHWISE
#define GEN_PASS_DEF_QNNQUANTIZE
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// Both equalizations; returns what `equalize` counts.
static FailureOr<int64_t> runEqualization(ModuleOp module, StringRef path,
                                          int64_t (*equalize)(ModuleOp, const ChannelSummaries &)) {
  if (path.empty())
    return emitError(module.getLoc(), "expected the option channels=FILE, but found none");
  llvm::Expected<ChannelSummaries> channels = readChannels(path);
  if (!channels)
    return emitError(module.getLoc()) << llvm::toString(channels.takeError());
  return equalize(module, *channels);
}

namespace {
struct InsertObserversPass : qnn::impl::QnnInsertObserversBase<InsertObserversPass> {
  using QnnInsertObserversBase::QnnInsertObserversBase;

  void runOnOperation() override {
    QuantizeOptions options;
    options.activationSigned = activationSigned;
    options.activationSymmetric = activationSymmetric;
    options.exclude = unescapeItems(exclude);
    options.quantizeOutputs = quantizeOutputs;
    options.activationBits = activationBits;
    options.nodeBits = unescapeItems(nodeBits);
    if (failed(insertObservers(getOperation(), options)))
      signalPassFailure();
  }
};

struct CalibratePass : qnn::impl::QnnCalibrateBase<CalibratePass> {
  using QnnCalibrateBase::QnnCalibrateBase;

  void runOnOperation() override {
    if (stats.empty()) {
      mlir::emitError(getOperation().getLoc(), "expected the option stats=FILE, but found none");
      return signalPassFailure();
    }
    if (failed(readStatistics(getOperation(), stats)))
      signalPassFailure();
  }
};

struct EqualizeResidualPass : qnn::impl::QnnEqualizeResidualBase<EqualizeResidualPass> {
  using QnnEqualizeResidualBase::QnnEqualizeResidualBase;

  void runOnOperation() override {
    auto count = runEqualization(getOperation(), channels, equalizeResidual);
    if (failed(count))
      return signalPassFailure();
    rewritten += static_cast<unsigned>(*count);
  }
};

struct EqualizeDepthwisePass : qnn::impl::QnnEqualizeDepthwiseBase<EqualizeDepthwisePass> {
  using QnnEqualizeDepthwiseBase::QnnEqualizeDepthwiseBase;

  void runOnOperation() override {
    auto count = runEqualization(getOperation(), channels, equalizeDepthwise);
    if (failed(count))
      return signalPassFailure();
    rewritten += static_cast<unsigned>(*count);
  }
};

struct QuantizePass : qnn::impl::QnnQuantizeBase<QuantizePass> {
  using QnnQuantizeBase::QnnQuantizeBase;

  void runOnOperation() override {
    QuantizeOptions options;
    options.weightPerChannel = !weightPerTensor;
    options.weightBits = weightBits;
    options.correctBias = correctBias;
    options.nodeBits = unescapeItems(nodeBits);
    if (failed(quantize(getOperation(), options)))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> qnn::createQuantizePass(const QuantizeOptions &options) {
  QnnQuantizeOptions generated;
  generated.weightPerTensor = !options.weightPerChannel;
  generated.weightBits = options.weightBits;
  generated.correctBias = options.correctBias;
  llvm::append_range(generated.nodeBits, escapeItems(options.nodeBits));
  return createQnnQuantize(std::move(generated));
}
