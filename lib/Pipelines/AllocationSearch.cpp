//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the solvers' answer to a better one by the measured loss of the outputs with every layer at
// its width: the sum of losses of one layer at a time leaves out what layers do to each other.
// One half of the runs proposes, the other, where there are two, must confirm.
//
//===----------------------------------------------------------------------===//

#include "WidthProbes.h"
#include "quantc/Allocation/ProblemFile.h"
#include "quantc/Allocation/Search.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Hash.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;
namespace json = llvm::json;

/// Float outputs are kept up to this size where no cap is given.
static constexpr uint64_t kKeptOutputs = uint64_t(1) << 28;

namespace quantc {
static bool fromJSON(const json::Value &value, AllocationSearch &search, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("loss", search.loss) && map.map("runs", search.runs) &&
         map.map("held_out_runs", search.heldOut) && map.map("assignment", search.assignment) &&
         map.map("trials", search.trials) && map.map("moves", search.moves) &&
         map.map("before", search.before) && map.map("after", search.after) &&
         map.map("held_out_before", search.heldOutBefore) &&
         map.map("held_out_after", search.heldOutAfter) &&
         map.map("local_optimum", search.localOptimum);
}
} // namespace quantc

static llvm::Expected<AllocationSearch> readSearch(StringRef path) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  return parseJSON<AllocationSearch>(*text, "search");
}

static llvm::Error writeSearch(StringRef path, const AllocationSearch &search) {
  return writeText(path, llvm::formatv("{0}\n", search.toJSON()).str());
}

/// The runs by turns: those that propose, then those that confirm.
static std::array<std::vector<int64_t>, 2> halves(ArrayRef<int64_t> runs) {
  std::array<std::vector<int64_t>, 2> result;
  for (auto [i, run] : llvm::enumerate(runs))
    result[i % 2].push_back(run);
  return result;
}

/// What the cap leaves beside rounded weights.
static uint64_t roomForOutputs(std::optional<uint64_t> cap, const RoundedWidths &rounded) {
  const uint64_t held = memoryOf(rounded);
  return !cap ? kKeptOutputs : *cap > held ? *cap - held : 0;
}

/// From the solvers' answer, whatever was chosen afterwards.
llvm::Expected<AllocationSearch> Compiler::searchWidths(const AllocationResult &allocation,
                                                        WidthProbes &probes) {
  const AllocationOptions &wanted = options.recipe.allocation;
  if (llvm::Error error = roundProbes(probes))
    return std::move(error);
  auto meter = AssignmentMeter::open(*ir, *dataSet, probes.runs, probes.options,
                                     roomForOutputs(options.calibrationMemory, probes.rounded));
  if (!meter)
    return meter.takeError();
  AllocationSearch search;
  search.loss = outputLossName(wanted.loss);
  auto measureOn = [&](ArrayRef<int64_t> runs,
                       const alloc::Assignment &assignment) -> llvm::Expected<double> {
    std::vector<unsigned> bits;
    for (unsigned choice : assignment)
      bits.push_back(wanted.widths[choice]);
    auto effect = (*meter)->measure(runs, bits);
    return effect ? outputLoss(search.loss, *effect) : effect.takeError();
  };
  const std::array<std::vector<int64_t>, 2> runs = halves(probes.runs);
  const std::vector<int64_t> &proposing = runs[0], &confirming = runs[1];
  const uint64_t trials = uint64_t(wanted.search);
  uint64_t done = 0;
  auto propose = [&](const alloc::Assignment &assignment) {
    if (options.progress)
      options.progress("searching allocations", done++, trials);
    return measureOn(proposing, assignment);
  };
  auto confirm = [&](const alloc::Assignment &assignment) {
    return measureOn(confirming, assignment);
  };
  alloc::SearchOptions how;
  how.maxMeasurements = unsigned(trials);
  alloc::MeasureLoss other = nullptr;
  if (!confirming.empty())
    other = confirm;
  auto found = alloc::localSearch(allocation.problem, allocation.chosen, propose, how, other);
  if (!found)
    return found.takeError();
  if (options.progress)
    options.progress("searching allocations", trials, trials);
  search.runs = int64_t(proposing.size());
  search.heldOut = int64_t(confirming.size());
  search.assignment = std::move(found->assignment);
  search.trials = found->measurements;
  search.moves = int64_t(found->steps.size()) - 1;
  search.before = found->startLoss;
  search.after = found->loss;
  search.heldOutBefore = found->confirmedStartLoss;
  search.heldOutAfter = found->confirmedLoss;
  search.localOptimum = found->localOptimum;
  return search;
}

/// The problem decides, too: latencies that were measured anew make another one of the same recipe.
static std::string stepOf(const AllocationResult &allocation) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  alloc::writeProblem(allocation.problem, stream);
  HashBuilder hash;
  hash.add(text);
  for (unsigned choice : allocation.chosen)
    hash.add(uint64_t(choice));
  return "allocation-search " + hash.hex().substr(0, 16);
}

llvm::Error Compiler::refineWidths(AllocationResult &allocation, WidthProbes &measured) {
  if (!dataSet)
    return llvm::createStringError("allocation-search: expected calibration data, which a table of "
                                   "sensitivities does not replace");
  // Formulas of the weights' own error are of nearest codes; what is measured here is not.
  WidthProbes own = probesOf(outputLossName(options.recipe.allocation.loss));
  bool areSame = own.options.rounding == measured.options.rounding;
  WidthProbes &probes = areSame ? measured : own;
  probes.options.layerError = probes.options.masked = probes.options.pairs = false;
  auto found =
      resumed<AllocationSearch>(checkpoint.get(), stepOf(allocation), readSearch, writeSearch,
                                [&] { return searchWidths(allocation, probes); });
  if (!found)
    return found.takeError();
  if (llvm::Error error = alloc::verify(allocation.problem, found->assignment))
    return error;
  allocation.chosen = found->assignment;
  allocation.search = std::move(*found);
  return llvm::Error::success();
}
