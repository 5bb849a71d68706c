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
#include <cmath>

using namespace mlir;
using namespace quantc;

namespace quantc::hls {
#define GEN_PASS_DEF_HLSFOLD
#include "quantc/Dialect/HLS/Transforms/Passes.h.inc"
} // namespace quantc::hls

namespace {

/// A part, and how much of it may be used.
struct Budget {
  hls::Part usable;
  hls::Needs supply;

  Budget(const hls::Part &part, int64_t utilization)
      : usable(usableOf(part, utilization)), supply(hls::supplyOf(usable)) {}
};

/// The search for the foldings of one design. Streams and converters depend on the choice of all
/// units, so a choice is made by a guess of them, then measured, and made again with the guess
/// corrected by what was measured.
class Search {
public:
  Search(hls::DesignOp design, unsigned slack);

  /// The unit that needs the longest interval at least, if there is a unit.
  hls::FoldNode *slowest();
  /// Leaves the foldings of the least interval that fits, or for `interval` cycles; false, and the
  /// smallest design that was met, when nothing that was tried fits.
  bool find(const Budget &budget, int64_t interval);
  /// What every folding of the units needs at least, streams and converters not counted.
  hls::Needs leastNeeds() const;
  /// Interval for which the last design was folded.
  int64_t cycles() const { return folded; }

private:
  bool fit(int64_t cycles, const Budget &budget, const hls::Needs &correction);
  bool least(const Budget &budget, const hls::Needs &correction);
  bool fitsMeasured(const Budget &budget, hls::Needs &correction);
  bool fitsAt(int64_t cycles, const Budget &budget);
  hls::Needs measure();

  hls::DesignOp design;
  unsigned slack;
  std::vector<hls::FoldNode> nodes;
  std::vector<int64_t> intervals; ///< to choose from, in increasing order
  int64_t folded = 0;
};

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
  LogicalResult refuse(Search &search, hls::DesignOp design, const hls::Part &target);
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
  if (slack > 1000) {
    getOperation().emitError("expected slack in 0..1000, but found ") << slack.getValue();
    return nullptr;
  }
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

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

Search::Search(hls::DesignOp design, unsigned slack) : design(design), slack(slack) {
  hls::removeConverters(design);
  for (Operation &op : design.getBody().front())
    op.removeAttr("depths");
  nodes = hls::collectNodes(design);
  int64_t least = 0;
  for (hls::FoldNode &node : nodes) {
    for (const hls::FoldOption &option : node.options)
      intervals.push_back(option.interval);
    least = std::max(least, node.leastInterval());
  }
  llvm::sort(intervals);
  intervals.erase(std::unique(intervals.begin(), intervals.end()), intervals.end());
  intervals.erase(intervals.begin(), llvm::lower_bound(intervals, least));
}

hls::FoldNode *Search::slowest() {
  hls::FoldNode *found = nullptr;
  for (hls::FoldNode &node : nodes)
    if (!found || node.leastInterval() > found->leastInterval())
      found = &node;
  return found;
}

hls::Needs Search::leastNeeds() const {
  hls::Needs total{};
  for (const hls::FoldNode &node : nodes)
    for (size_t k = 0; k < total.size(); ++k) {
      double least = INFINITY;
      for (const hls::FoldOption &option : node.options)
        least = std::min(least, option.needs[k]);
      total[k] += least;
    }
  return total;
}

/// Whether foldings for `cycles` fit by the guess; they are left chosen. Starts from the cheapest
/// of each unit by itself, then moves single units off the resources that run out.
bool Search::fit(int64_t cycles, const Budget &budget, const hls::Needs &correction) {
  folded = cycles;
  hls::Needs weights;
  for (size_t k = 0; k < weights.size(); ++k)
    weights[k] = 1 / std::max(budget.supply[k], 1.0);
  if (!hls::chooseFor(nodes, cycles, weights))
    return false;
  for (size_t step = 0; step <= 4 * nodes.size(); ++step) {
    hls::Needs needs = hls::totalNeeds(nodes, design);
    bool fits = true;
    for (size_t k = 0; k < needs.size(); ++k) {
      needs[k] += correction[k];
      fits &= needs[k] <= budget.supply[k];
    }
    if (fits)
      return true;
    if (!improve(nodes, needs, budget.supply, cycles))
      return false;
  }
  return false;
}

/// Fewer cycles need more area: bisects.
bool Search::least(const Budget &budget, const hls::Needs &correction) {
  size_t low = 0, high = intervals.size() - 1;
  if (!fit(intervals[high], budget, correction))
    return false;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (fit(intervals[middle], budget, correction))
      high = middle;
    else
      low = middle + 1;
  }
  return fit(intervals[high], budget, correction);
}

/// The needs of the chosen design with its converters and its streams in their depths.
hls::Needs Search::measure() {
  hls::removeConverters(design);
  hls::materialize(nodes, design);
  hls::sizeStreams(design, slack);
  return hls::needsOf(estimateArea(design).area);
}

/// Measures the chosen design; whether it fits. Corrects the guess upwards where it was too low.
bool Search::fitsMeasured(const Budget &budget, hls::Needs &correction) {
  hls::Needs guess = hls::totalNeeds(nodes, design), found = measure();
  bool fits = true;
  for (size_t k = 0; k < found.size(); ++k) {
    fits &= std::ceil(found[k]) <= budget.supply[k];
    correction[k] = std::max(correction[k], found[k] - guess[k]);
  }
  return fits;
}

/// Whether a design for `cycles` fits as measured; corrections of other intervals do not count.
bool Search::fitsAt(int64_t cycles, const Budget &budget) {
  hls::Needs correction{};
  for (int attempt = 0; attempt < 3; ++attempt) {
    bool expected = fit(cycles, budget, correction);
    if (fitsMeasured(budget, correction))
      return true;
    if (!expected)
      return false;
  }
  return false;
}

bool Search::find(const Budget &budget, int64_t interval) {
  if (interval > 0)
    intervals = {interval};
  // The least interval by a guess that grows with what was measured, too much for slower designs.
  hls::Needs correction{};
  int64_t tooFast = 0;
  bool found = false;
  for (int attempt = 0; attempt < 8 && !found; ++attempt) {
    bool expected = least(budget, correction);
    found = fitsMeasured(budget, correction);
    if (!found && !expected)
      break;
    if (!found)
      tooFast = std::max(tooFast, folded);
  }
  // Between the last that did not fit and the first that does, by measuring.
  auto low = size_t(llvm::upper_bound(intervals, tooFast) - intervals.begin());
  auto high = found ? size_t(llvm::lower_bound(intervals, folded) - intervals.begin())
                    : intervals.size() - 1;
  if (!found && !fitsAt(intervals[high], budget))
    return false;
  auto choice = [&] {
    std::vector<size_t> chosen;
    for (const hls::FoldNode &node : nodes)
      chosen.push_back(node.chosen);
    return chosen;
  };
  std::vector<size_t> best = choice();
  while (tooFast > 0 && low < high) {
    size_t middle = (low + high) / 2;
    if (fitsAt(intervals[middle], budget)) {
      high = middle;
      best = choice();
    } else {
      low = middle + 1;
    }
  }
  for (auto [node, chosen] : llvm::zip(nodes, best))
    node.chosen = chosen;
  folded = intervals[high];
  measure();
  return true;
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

/// What is missing in truth, and what would help: other parts, more of this one, more cycles.
LogicalResult HLSFold::refuse(Search &search, hls::DesignOp design, const hls::Part &target) {
  DataflowEstimate estimate = estimateArea(design);
  std::string share = shareOf(target, utilization);
  InFlightDiagnostic error = emitDoesNotFit(design) << share;
  if (interval > 0)
    error << " in " << interval.getValue() << " cycles a frame";
  hls::Needs least = search.leastNeeds(), supply = Budget(target, utilization).supply;
  static constexpr const char *names[] = {"LUT", "FF", "DSP", "BRAM18"};
  for (size_t k = 0; k < least.size(); ++k)
    if (std::ceil(least[k]) > supply[k])
      error.attachNote(design.getLoc())
          << names[k] << ": units need at least " << int64_t(std::ceil(least[k]))
          << " in any folding, " << share << " is " << int64_t(supply[k]);
  for (const std::string &line : missingResources(estimate, target, utilization))
    error.attachNote(design.getLoc()) << "the smallest design found: " << line;
  if (int64_t more = utilizationFor(estimate.area, target))
    error.attachNote(design.getLoc()) << "it would fit " << shareOf(target, more);
  std::string others;
  for (const hls::Part &other : hls::parts()) {
    if (other.name == target.name)
      continue;
    Search again(design, slack);
    if (again.find(Budget(other, utilization), interval))
      others += (others.empty() ? "" : ", ") + other.name.str();
  }
  error.attachNote(design.getLoc())
      << (others.empty() ? "no other part of the table would hold it"
                         : "at this utilization it would fit " + others);
  if (interval > 0) {
    Search slower(design, slack);
    if (slower.find(Budget(target, utilization), 0))
      error.attachNote(design.getLoc()) << slower.cycles() << " cycles a frame would fit " << share;
  }
  return error;
}

LogicalResult HLSFold::fold(hls::DesignOp design, const hls::Part &target) {
  design.setPartAttr(StringAttr::get(&getContext(), target.name));
  design.setUtilization(int64_t(utilization));
  Search search(design, slack);
  hls::FoldNode *slowest = search.slowest();
  if (!slowest)
    return success();
  if (int64_t least = slowest->leastInterval(); interval > 0 && interval < least)
    return design.emitError("expected an interval that every unit reaches, but found ")
           << interval.getValue() << ": node '" << getNodeName(slowest->unit) << "' needs at least "
           << least << " cycles";
  if (!search.find(Budget(target, utilization), interval))
    return refuse(search, design, target);
  for (Operation &op : design.getBody().front())
    op.removeAttr("depths");
  return success();
}

} // namespace
