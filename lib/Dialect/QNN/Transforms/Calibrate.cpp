//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calibration inside the compiler: runs the data set through an Executor and lets each observer's
// method choose its range.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Calibrate.h"
#include "quantc/Dialect/QNN/IR/QNN.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// The cheapest collectors that the observer method can work with.
static void selectCollectors(ObserverKind kind, CollectorSet &collectors) {
  collectors.histogram = kind == ObserverKind::Percentile || kind == ObserverKind::Entropy ||
                         kind == ObserverKind::Mse;
  collectors.runRanges = kind == ObserverKind::MovingAverage;
}

/// The method for one tensor; see QuantizeOptions::clipTwoSidedOnly.
static ObserverKind kindFor(ObserveOp observe, const Statistics &statistics,
                            const QuantizeOptions &options) {
  bool oneSided = statistics.min() >= 0 || isa<BlockArgument>(observe.getInput());
  return options.clipTwoSidedOnly && oneSided ? ObserverKind::MinMax : options.observer;
}

static LogicalResult setStatistics(ObserveOp observe, const Statistics &statistics,
                                   const QuantizeOptions &options) {
  FormatAttrInterface format = observe.getFormat();
  ObserverOptions observerOptions{options.percentile, options.averagingConstant,
                                  format.isSymmetric()};
  ObserverKind kind = kindFor(observe, statistics, options);
  llvm::Expected<ObserverResult> result =
      chooseRange(statistics, kind, observerOptions, format.getMin(), format.getMax());
  if (!result)
    return observe.emitError("observer '")
           << observe.getName() << "': " << llvm::toString(result.takeError());
  observe.setStatisticsAttr(
      StatisticsAttr::get(observe.getContext(), result->min, result->max, result->lo, result->hi,
                          static_cast<int64_t>(result->count), observerName(kind)));
  return success();
}

LogicalResult qnn::calibrate(ModuleOp module, Executor &executor, DataSet &data,
                             const QuantizeOptions &options, CollectOptions collectOptions,
                             std::vector<Statistics> *collected) {
  if (llvm::Error error = checkOptions(options))
    return mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
  selectCollectors(options.observer, collectOptions.collectors);
  llvm::Expected<std::vector<Statistics>> statistics = collect(data, executor, collectOptions);
  if (!statistics)
    return mlir::emitError(module.getLoc()) << llvm::toString(statistics.takeError());
  llvm::StringMap<const Statistics *> byName;
  for (const Statistics &entry : *statistics)
    byName[entry.name()] = &entry;
  WalkResult result = module.walk([&](ObserveOp observe) {
    if (observe.getStatisticsAttr())
      return WalkResult::advance();
    const Statistics *entry = byName.lookup(observe.getName());
    if (!entry || entry->empty()) {
      observe.emitError("expected calibration to reach every observer, but found no value of '")
          << observe.getName() << "'";
      return WalkResult::interrupt();
    }
    return WalkResult(setStatistics(observe, *entry, options));
  });
  if (collected)
    *collected = std::move(*statistics);
  return failure(result.wasInterrupted());
}
