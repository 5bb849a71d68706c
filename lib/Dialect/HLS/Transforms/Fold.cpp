//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hls-fold: the fewest cycles that fit, or the least area for a given interval.
//
//===----------------------------------------------------------------------===//

#include "Foldings.h"
#include "quantc/Dialect/HLS/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Support/Suggest.h"

using namespace mlir;
using namespace quantc;

namespace quantc::hls {
#define GEN_PASS_DEF_HLSFOLD
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"
} // namespace quantc::hls

namespace {

struct HLSFold : hls::impl::HLSFoldBase<HLSFold> {
  using HLSFoldBase::HLSFoldBase;

  void runOnOperation() override {
    const hls::Part *target = checkOptions();
    if (!target)
      return signalPassFailure();
    for (auto design : getOperation().getOps<hls::DesignOp>())
      if (failed(fold(design, *target)))
        return signalPassFailure();
  }

private:
  const hls::Part *checkOptions();
  LogicalResult fold(hls::DesignOp design, const hls::Part &target);
  bool fit(std::vector<hls::FoldNode> &nodes, hls::DesignOp design, int64_t cycles);
  LogicalResult refuse(std::vector<hls::FoldNode> &nodes, hls::DesignOp design,
                       const hls::Part &target);

  hls::Needs budget{};
};

const hls::Part *HLSFold::checkOptions() {
  const hls::Part *target = hls::findPart(part);
  if (!target) {
    SmallVector<StringRef> names;
    for (const hls::Part &known : hls::parts())
      names.push_back(known.name);
    getOperation().emitError("expected the name of a known part, but found '")
        << part.getValue() << "'" << didYouMean(part.getValue(), names);
    return nullptr;
  }
  if (utilization < 1 || utilization > 100) {
    getOperation().emitError("expected utilization in 1..100, but found ")
        << utilization.getValue();
    return nullptr;
  }
  if (interval < 0) {
    getOperation().emitError("expected interval of at least 1, but found ") << interval.getValue();
    return nullptr;
  }
  budget = hls::supplyOf(*target);
  for (double &supply : budget)
    supply *= utilization / 100.0;
  return target;
}

/// How far needs lie over the budget, and among equal ones how much of it they take.
static double excess(const hls::Needs &needs, const hls::Needs &budget) {
  double over = 0, share = 0;
  for (size_t k = 0; k < needs.size(); ++k) {
    over += std::max(0.0, needs[k] / budget[k] - 1);
    share += needs[k] / budget[k];
  }
  return over * 1e3 + share * 1e-3;
}

/// Takes the one change of one unit that leaves the least excess; false when none leaves less.
static bool improve(std::vector<hls::FoldNode> &nodes, const hls::Needs &total,
                    const hls::Needs &budget, int64_t cycles) {
  double least = excess(total, budget) - 1e-9;
  hls::FoldNode *best = nullptr;
  size_t bestOption = 0;
  for (hls::FoldNode &node : nodes) {
    const hls::Needs &now = node.options[node.chosen].needs;
    for (auto [i, option] : llvm::enumerate(node.options)) {
      if (option.interval > cycles || i == node.chosen)
        continue;
      hls::Needs needs = total;
      for (size_t k = 0; k < needs.size(); ++k)
        needs[k] += option.needs[k] - now[k];
      if (double found = excess(needs, budget); found < least) {
        least = found;
        best = &node;
        bestOption = i;
      }
    }
  }
  if (!best)
    return false;
  best->chosen = bestOption;
  return true;
}

/// Whether foldings for `cycles` fit the budget; they are left chosen. Starts from the cheapest of
/// each unit by itself, then moves single units off the resources that run out.
bool HLSFold::fit(std::vector<hls::FoldNode> &nodes, hls::DesignOp design, int64_t cycles) {
  hls::Needs weights;
  for (size_t k = 0; k < weights.size(); ++k)
    weights[k] = 1 / budget[k];
  if (!hls::chooseFor(nodes, cycles, weights))
    return false;
  for (size_t step = 0; step <= 4 * nodes.size(); ++step) {
    hls::Needs needs = hls::totalNeeds(nodes, design);
    bool fits = true;
    for (size_t k = 0; k < needs.size(); ++k)
      fits &= needs[k] <= budget[k];
    if (fits)
      return true;
    if (!improve(nodes, needs, budget, cycles))
      return false;
  }
  return false;
}

LogicalResult HLSFold::refuse(std::vector<hls::FoldNode> &nodes, hls::DesignOp design,
                              const hls::Part &target) {
  hls::materialize(nodes, design);
  DataflowEstimate estimate = estimateDataflow(design);
  // Say it against what may be used.
  hls::Part usable = target;
  for (int64_t *supply : {&usable.lut, &usable.ff, &usable.dsp, &usable.bram18})
    *supply = *supply * utilization / 100;
  InFlightDiagnostic error = design.emitError("the design does not fit ")
                             << utilization.getValue() << " % of " << target.name
                             << " in any folding";
  for (const std::string &line : missingResources(estimate, usable))
    error.attachNote(design.getLoc()) << line;
  return error;
}

LogicalResult HLSFold::fold(hls::DesignOp design, const hls::Part &target) {
  hls::removeConverters(design);
  std::vector<hls::FoldNode> nodes = hls::collectNodes(design);
  std::vector<int64_t> intervals;
  int64_t least = 0;
  hls::FoldNode *slowest = nullptr;
  for (hls::FoldNode &node : nodes) {
    for (const hls::FoldOption &option : node.options)
      intervals.push_back(option.interval);
    if (!slowest || node.leastInterval() > least) {
      least = node.leastInterval();
      slowest = &node;
    }
  }
  design.setPartAttr(StringAttr::get(&getContext(), target.name));
  if (!slowest)
    return success();
  if (interval > 0 && interval < least)
    return design.emitError("expected an interval that every unit reaches, but found ")
           << interval.getValue() << ": node '" << getNodeName(slowest->unit) << "' needs at least "
           << least << " cycles";
  llvm::sort(intervals);
  intervals.erase(std::unique(intervals.begin(), intervals.end()), intervals.end());
  intervals.erase(intervals.begin(), llvm::lower_bound(intervals, least));
  if (interval > 0) {
    if (!fit(nodes, design, interval))
      return refuse(nodes, design, target);
  } else {
    // Fewer cycles need more area: bisect.
    size_t low = 0, high = intervals.size() - 1;
    if (!fit(nodes, design, intervals[high]))
      return refuse(nodes, design, target);
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (fit(nodes, design, intervals[middle]))
        high = middle;
      else
        low = middle + 1;
    }
    fit(nodes, design, intervals[high]);
  }
  hls::materialize(nodes, design);
  return success();
}

} // namespace
