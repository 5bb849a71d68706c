//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Area of layers by width, for bit allocation on an FPGA: designs of one width, folded for one
// interval, by the cost model of docs/Dialects/HLS.md.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Dialect/HLS/IR/Parts.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

/// In the order of `areaResources`; bands count by their upper end.
static AreaCosts costsOf(const hls::Resources &area) {
  return {std::llround(std::ceil(area.lutHigh)), std::llround(std::ceil(area.ffHigh)), area.dsp,
          area.bram18};
}

llvm::ArrayRef<llvm::StringRef> quantc::areaResources() {
  static const llvm::StringRef names[] = {"lut", "ff", "dsp", "bram18"};
  return names;
}

std::optional<AreaCosts> quantc::areaBudgets(const HLSOptions &options) {
  const hls::Part *part = hls::findPart(options.part);
  if (!part)
    return std::nullopt;
  hls::Part usable = usableOf(*part, options.utilization);
  return AreaCosts{usable.lut, usable.ff, usable.dsp, usable.bram18};
}

namespace {
/// A part is too small, and a greater one may do.
struct DoesNotFit : llvm::ErrorInfo<DoesNotFit, llvm::StringError> {
  using llvm::ErrorInfo<DoesNotFit, llvm::StringError>::ErrorInfo;
  static char ID;
};
} // namespace

char DoesNotFit::ID;

/// The area of every layer in `bits`, and what is left of the design's.
llvm::Error Compiler::measureArea(const SensitivityTable &table, unsigned bits,
                                  const std::string &part, AreaTable &areas) {
  std::string label = "w" + std::to_string(bits);
  std::vector<std::string> nodeBits;
  llvm::StringSet<> layers;
  for (const LayerSensitivity &layer : table.layers) {
    nodeBits.push_back(layer.node + "=" + label);
    layers.insert(layer.node);
  }
  return withTrial(nodeBits, [&](Compiler &trial) -> llvm::Error {
    trial.options.recipe.hls.part = part;
    trial.options.recipe.hls.utilization = 100;
    std::string message;
    bool isTooSmall = false;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error) {
        message = diagnostic.str();
        isTooSmall = isDoesNotFit(diagnostic);
      }
      return success();
    });
    if (failed(trial.advance(Stage::Dataflow))) {
      std::string text = ("the design of " + llvm::Twine(bits) + " bits: " + message).str();
      if (isTooSmall)
        return llvm::make_error<DoesNotFit>(text, llvm::inconvertibleErrorCode());
      return llvm::createStringError(text);
    }
    auto designs = trial.ir->getOps<hls::DesignOp>();
    if (designs.empty())
      return llvm::createStringError("the model has no design");
    DataflowEstimate estimate = estimateArea(*designs.begin());
    AreaCosts rest = costsOf(estimate.area);
    llvm::StringMap<hls::Resources> sums;
    for (const UnitEstimate &unit : estimate.units)
      if (layers.contains(unit.node))
        sums[unit.node] += unit.area;
    for (const LayerSensitivity &layer : table.layers) {
      AreaCosts costs = costsOf(sums.lookup(layer.node));
      areas.layers[layer.node][label] = costs;
      for (size_t k = 0; k < rest.size(); ++k)
        rest[k] -= costs[k];
    }
    for (size_t k = 0; k < rest.size(); ++k)
      areas.rest[k] = std::max(areas.rest[k], rest[k]);
    return llvm::Error::success();
  });
}

/// On the first part that holds the design of every width: the recipe's, else one of the table's,
/// where the same foldings are the cheapest for an interval.
llvm::Expected<AreaTable> Compiler::measureAreas(const SensitivityTable &table) {
  const HLSOptions &wanted = options.recipe.hls;
  if (wanted.interval == 0)
    return llvm::createStringError("area: expected hls-interval, which layers of every width are "
                                   "folded for");
  std::vector<std::string> parts = {wanted.part};
  for (const hls::Part &part : hls::parts())
    if (part.name != wanted.part)
      parts.push_back(part.name.str());
  std::string first;
  for (const std::string &part : parts) {
    AreaTable areas;
    llvm::Error failure = llvm::Error::success();
    for (unsigned bits : llvm::reverse(options.recipe.allocation.widths))
      if ((failure = measureArea(table, bits, part, areas)))
        break;
    if (!failure)
      return areas;
    const bool isTooSmall = failure.isA<DoesNotFit>();
    std::string message = llvm::toString(std::move(failure));
    if (!isTooSmall)
      return llvm::createStringError("area: " + message);
    first = first.empty() ? message : first;
  }
  return llvm::createStringError("area: no part of the table is great enough: " + first);
}

llvm::Expected<std::optional<AreaTable>>
Compiler::findAreas(const SensitivityTable &sensitivities) {
  const AllocationOptions &wanted = options.recipe.allocation;
  if (!wanted.fitPart && !llvm::is_contained(areaResources(), wanted.minimize))
    return std::nullopt;
  if (!options.recipe.isFPGA())
    return llvm::createStringError("area: expected an FPGA (--target hls:PART), but found target " +
                                   options.recipe.target);
  auto table = measureAreas(sensitivities);
  if (!table)
    return table.takeError();
  return std::optional(std::move(*table));
}
