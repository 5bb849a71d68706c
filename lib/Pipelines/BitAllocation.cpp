//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bit allocation from tables; see BitAllocation.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/BitAllocation.h"
#include "quantc/Allocation/ProblemFile.h"
#include "quantc/Allocation/Report.h"
#include "quantc/Allocation/Sensitivity.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace quantc;
using alloc::Problem;

static std::string labelOf(unsigned bits) { return "w" + std::to_string(bits); }

static std::string shortText(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.4g", value);
  return text;
}

/// `value` in units that many times smaller, rounded down, where it is not the product's own
/// rounding that leaves it below a whole number (1.001 * 1000).
static int64_t budgetOf(double value, double units) {
  return int64_t(std::floor(value * units * (1 + 4 * std::numeric_limits<double>::epsilon())));
}

/// value / divisor in thousandths, rounded up: a budget of that much is met.
static std::string inThousandths(int64_t value, int64_t divisor) {
  return llvm::formatv("{0:F3}", std::ceil(1000 * double(value) / double(divisor)) / 1000).str();
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

llvm::ArrayRef<AllocationLoss> quantc::allocationLosses() {
  static const AllocationLoss losses[] = {
      {"auto", "divergence where an output holds classes, else noise", false},
      {"divergence", "KL divergence of the output's classes from float", false},
      {"noise", "error of the outputs by their power", false},
      {"disagreement", "share of samples whose first class changes", false},
      {"masked", "OHQ: divergence with half of the channels changed", false},
      {"layer", "squared error of the layer's own result", false},
      {"weight", "squared error of the weights", false},
      {"hawq", "HAWQ-V2 and V3: mean Hessian trace times squared error", true},
      {"hawq-v1", "HAWQ: top Hessian eigenvalue by parameters times squared error", true},
      {"q-bert", "Q-BERT: mean and deviation of top eigenvalues times squared error", true},
      {"fisher", "half of the mean squared gradient times squared error", true}};
  return losses;
}

static llvm::Error lacks(const LayerSensitivity &layer, llvm::StringRef what) {
  return llvm::createStringError("node '" + layer.node + "': the tables hold no " + what);
}

/// The factor of ||Q(W) - W||^2 of a loss by curvature.
static llvm::Expected<double> curvatureFactor(llvm::StringRef loss, const LayerSensitivity &layer,
                                              const CurvatureTable &table) {
  auto found = table.find(layer.node);
  if (found == table.end())
    return lacks(layer, "curvature");
  const Curvature &curvature = found->second;
  auto perParameter = [&](std::optional<double> value, llvm::StringRef name,
                          auto formula) -> llvm::Expected<double> {
    if (!value)
      return lacks(layer, name);
    auto values = formula(llvm::ArrayRef(*value), llvm::ArrayRef(layer.parameters));
    if (!values)
      return values.takeError();
    return values->values.front();
  };
  if (loss == "hawq")
    return perParameter(curvature.trace, "trace", alloc::averageTraces);
  if (loss == "hawq-v1")
    return perParameter(curvature.eigenvalue, "eigenvalue", alloc::hawqSensitivities);
  if (loss == "fisher") {
    if (!curvature.fisher)
      return lacks(layer, "fisher");
    return 0.5 * *curvature.fisher;
  }
  std::vector<double> eigenvalues = curvature.eigenvalues;
  if (eigenvalues.empty() && curvature.eigenvalue)
    eigenvalues.push_back(*curvature.eigenvalue);
  if (eigenvalues.empty())
    return lacks(layer, "eigenvalues");
  return alloc::qbertSensitivity(eigenvalues);
}

std::vector<std::string> quantc::clampedLayers(llvm::StringRef loss,
                                               const SensitivityTable &sensitivities,
                                               const CurvatureTable &curvatures) {
  std::vector<std::string> names;
  for (const LayerSensitivity &layer : sensitivities.layers) {
    auto found = curvatures.find(layer.node);
    if (found == curvatures.end() || (loss != "hawq" && loss != "hawq-v1"))
      continue;
    auto value = loss == "hawq" ? found->second.trace : found->second.eigenvalue;
    if (!value)
      continue;
    auto values = alloc::averageTraces(llvm::ArrayRef<double>(*value), layer.parameters);
    if (!values)
      llvm::consumeError(values.takeError());
    else if (values->clamped > 0)
      names.push_back(layer.node);
  }
  return names;
}

std::vector<std::string> quantc::freeLayers(const Problem &problem,
                                            const SensitivityTable &sensitivities,
                                            llvm::ArrayRef<std::string> clamped) {
  std::vector<std::string> names;
  for (auto [group, layer] : llvm::zip_equal(problem.groups, sensitivities.layers)) {
    const bool costs = llvm::any_of(
        group.candidates, [](const alloc::Candidate &candidate) { return candidate.loss != 0; });
    const bool changes = llvm::any_of(
        layer.widths, [](const WidthEffect &effect) { return effect.weightError > 0; });
    if (!costs && changes && !group.pin && group.candidates.size() > 1 &&
        !llvm::is_contained(clamped, layer.node))
      names.push_back(layer.node);
  }
  return names;
}

llvm::StringRef quantc::outputLossName(llvm::StringRef loss) {
  static const llvm::StringRef ofOutputs[] = {"divergence", "noise", "disagreement"};
  return llvm::is_contained(ofOutputs, loss) ? loss : "auto";
}

llvm::Expected<double> quantc::outputLoss(llvm::StringRef name, const WidthEffect &effect) {
  if (name == "auto")
    return effect.divergence.value_or(effect.noise);
  if (name == "noise")
    return effect.noise;
  std::optional<double> value = name == "divergence" ? effect.divergence : effect.disagreement;
  if (!value)
    return llvm::createStringError("allocation-loss " + name +
                                   ": expected an output of rank 1 or 2 with several columns");
  return *value;
}

static llvm::Expected<double> lossOf(llvm::StringRef loss, const LayerSensitivity &layer,
                                     const WidthEffect &effect, const AllocationInputs &inputs) {
  auto measured = [&](std::optional<double> value) -> llvm::Expected<double> {
    if (!value)
      return lacks(layer, ("'" + loss + "' at " + llvm::Twine(effect.bits) + " bits").str());
    return *value;
  };
  if (loss == "auto")
    return effect.divergence.value_or(effect.noise);
  if (loss == "divergence")
    return measured(effect.divergence);
  if (loss == "noise")
    return effect.noise;
  if (loss == "disagreement")
    return measured(effect.disagreement);
  if (loss == "masked")
    return measured(effect.masked);
  if (loss == "layer")
    return measured(effect.layerError);
  if (loss == "weight")
    return effect.weightError;
  if (!inputs.curvatures)
    return llvm::createStringError(
        "allocation-loss " + loss +
        ": expected a file of curvatures (--curvature), or --save-curvature, which writes one");
  auto factor = curvatureFactor(loss, layer, *inputs.curvatures);
  if (!factor)
    return factor.takeError();
  return alloc::hawqOmega(*factor, effect.weightError);
}

//===----------------------------------------------------------------------===//
// Problem
//===----------------------------------------------------------------------===//

static llvm::Expected<const WidthEffect *> effectAt(const LayerSensitivity &layer, unsigned bits) {
  for (const WidthEffect &effect : layer.widths)
    if (effect.bits == bits)
      return &effect;
  return lacks(layer, ("effect of " + llvm::Twine(bits) + " bits").str());
}

static llvm::Expected<int64_t> latencyAt(const LatencyTable &table, const LayerSensitivity &layer,
                                         unsigned bits) {
  auto node = table.layers.find(layer.node);
  if (node != table.layers.end())
    if (auto time = node->second.find(labelOf(bits)); time != node->second.end())
      return time->second;
  return lacks(layer, ("latency of " + llvm::Twine(bits) + " bits").str());
}

static llvm::Expected<AreaCosts> areaAt(const AreaTable &table, const LayerSensitivity &layer,
                                        unsigned bits) {
  auto node = table.layers.find(layer.node);
  if (node != table.layers.end())
    if (auto area = node->second.find(labelOf(bits)); area != node->second.end())
      return area->second;
  return lacks(layer, ("area of " + llvm::Twine(bits) + " bits").str());
}

static llvm::Expected<alloc::Candidate> makeCandidate(const LayerSensitivity &layer, unsigned bits,
                                                      const AllocationInputs &inputs,
                                                      const AllocationOptions &options) {
  auto effect = effectAt(layer, bits);
  if (!effect)
    return effect.takeError();
  auto loss = lossOf(options.loss, layer, **effect, inputs);
  if (!loss)
    return loss.takeError();
  int64_t codes = layer.parameters * bits;
  int64_t scales = 4 * (inputs.sensitivities.perChannel ? layer.channels : 1);
  alloc::Candidate candidate{labelOf(bits), double(bits), *loss, {}};
  candidate.costs = {codes, int64_t(llvm::divideCeil(uint64_t(codes), 8)) + scales,
                     int64_t(bits * inputs.activationBits) * layer.macs};
  if (inputs.latencies) {
    auto latency = latencyAt(*inputs.latencies, layer, bits);
    if (!latency)
      return latency.takeError();
    candidate.costs.push_back(*latency);
  }
  if (inputs.areas) {
    auto area = areaAt(*inputs.areas, layer, bits);
    if (!area)
      return area.takeError();
    llvm::append_range(candidate.costs, *area);
  }
  return candidate;
}

static int64_t parametersOf(const SensitivityTable &table) {
  int64_t total = 0;
  for (const LayerSensitivity &layer : table.layers)
    total += layer.parameters;
  return total;
}

static llvm::Error addResources(Problem &problem, const AllocationInputs &inputs,
                                const AllocationOptions &options) {
  problem.resources = {
      {"bits", "bit", std::nullopt}, {"size", "B", std::nullopt}, {"bops", "bop", std::nullopt}};
  if (options.effectiveBits > 0)
    problem.resources[0].budget =
        budgetOf(options.effectiveBits, double(parametersOf(inputs.sensitivities)));
  if (options.targetSize > 0)
    problem.resources[1].budget = options.targetSize;
  if (!inputs.latencies)
    return options.targetLatency > 0
               ? llvm::createStringError("target-latency: expected a table of latencies")
               : llvm::Error::success();
  problem.resources.push_back({"latency", "ns", std::nullopt});
  if (options.targetLatency > 0) {
    // The layers get what the rest of a run leaves.
    int64_t left = budgetOf(options.targetLatency, 1000) - inputs.latencies->rest;
    if (left < 0)
      return llvm::make_error<alloc::InfeasibleError>(
          "target-latency: expected more than " + inThousandths(inputs.latencies->rest, 1000) +
          " us, which what no width changes takes alone, but found " +
          shortText(options.targetLatency));
    problem.resources.back().budget = left;
  }
  return llvm::Error::success();
}

/// The layers get what the rest of a design leaves.
static llvm::Error addAreas(Problem &problem, const AllocationInputs &inputs) {
  if (!inputs.areas)
    return llvm::Error::success();
  for (auto [k, name] : llvm::enumerate(areaResources())) {
    problem.resources.push_back({name.str(), name.str(), std::nullopt});
    if (!inputs.areaBudgets)
      continue;
    int64_t rest = inputs.areas->rest[k], whole = (*inputs.areaBudgets)[k];
    if (rest > whole)
      return llvm::make_error<alloc::InfeasibleError>(
          llvm::formatv("fit-part: what no width changes takes {0} {1} alone, more than {2}", rest,
                        name, whole)
              .str());
    problem.resources.back().budget = whole - rest;
  }
  return llvm::Error::success();
}

/// The option that a resource's budget comes from.
static llvm::StringRef optionOf(llvm::StringRef resource) {
  return llvm::StringSwitch<llvm::StringRef>(resource)
      .Case("bits", "effective-bits")
      .Case("size", "target-size")
      .Case("latency", "target-latency")
      .Default("fit-part");
}

/// What the least total of a resource means for the option that its budget came from.
static std::string budgetText(llvm::StringRef resource, int64_t least, int64_t budget,
                              const AllocationInputs &inputs, const AllocationOptions &options) {
  auto text = [&](const llvm::Twine &most, const llvm::Twine &found) {
    return (optionOf(resource) + ": expected at least " + most +
            ", the least that the widths allow, but found " + found)
        .str();
  };
  if (resource == "bits")
    return text(inThousandths(least, std::max<int64_t>(parametersOf(inputs.sensitivities), 1)) +
                    " bits a weight",
                shortText(options.effectiveBits));
  if (resource == "size")
    return text(llvm::Twine(least) + " bytes", llvm::Twine(options.targetSize));
  if (resource == "latency")
    return text(inThousandths(least + inputs.latencies->rest, 1000) + " us",
                shortText(options.targetLatency));
  size_t area = size_t(llvm::find(areaResources(), resource) - areaResources().begin());
  const int64_t rest = inputs.areas->rest[area];
  return text(llvm::Twine(least + rest) + " " + resource, llvm::Twine(budget + rest));
}

/// The options whose budgets can be met one by one only.
static std::string togetherText(const Problem &problem) {
  llvm::SetVector<llvm::StringRef> names;
  for (const alloc::Resource &resource : problem.resources)
    if (resource.budget)
      names.insert(optionOf(resource.name));
  return llvm::join(names, ", ") +
         ": expected budgets that can be met together; within the others, ";
}

llvm::Error quantc::nameBudgets(llvm::Error error, const Problem &problem,
                                const AllocationInputs &inputs, const AllocationOptions &options) {
  return llvm::handleErrors(
      std::move(error), [&](std::unique_ptr<alloc::InfeasibleError> infeasible) -> llvm::Error {
        std::vector<std::string> texts;
        for (const alloc::InfeasibleError::Budget &missed : infeasible->missedBudgets()) {
          const alloc::Resource &resource = problem.resources[missed.resource];
          texts.push_back(
              (missed.withinOthers ? togetherText(problem) : "") +
              budgetText(resource.name, missed.least, *resource.budget, inputs, options));
        }
        if (texts.empty())
          return llvm::Error(std::move(infeasible));
        return llvm::make_error<alloc::InfeasibleError>(llvm::join(texts, "; "));
      });
}

static llvm::Error pinGroup(alloc::Group &group, unsigned bits) {
  for (auto [i, candidate] : llvm::enumerate(group.candidates))
    if (candidate.label == labelOf(bits)) {
      group.pin = unsigned(i);
      return llvm::Error::success();
    }
  return llvm::createStringError("node '" + group.name + "': node-bits asks for " +
                                 llvm::Twine(bits) + " bits, which allocation-widths lacks");
}

static llvm::Error checkLoss(llvm::StringRef loss) {
  std::vector<llvm::StringRef> names;
  for (const AllocationLoss &known : allocationLosses())
    names.push_back(known.name);
  if (llvm::is_contained(names, loss))
    return llvm::Error::success();
  return llvm::createStringError("unknown loss '" + loss + "'" +
                                 didYouMean(loss, llvm::ArrayRef(names)));
}

/// Counts whose products with widths fit 64 bits, whatever a table says.
static llvm::Error checkCounts(const SensitivityTable &table) {
  const std::pair<llvm::StringRef, int64_t LayerSensitivity::*> counts[] = {
      {"parameters", &LayerSensitivity::parameters},
      {"channels", &LayerSensitivity::channels},
      {"macs", &LayerSensitivity::macs}};
  std::vector<std::string> faults;
  for (auto [name, count] : counts) {
    int64_t sum = 0;
    for (const LayerSensitivity &layer : table.layers) {
      const int64_t value = layer.*count;
      if (value >= 0 && value <= alloc::kMaxCost - sum)
        sum += value;
      else
        faults.push_back(("node '" + layer.node + "': expected '" + name +
                          "' in [0, 2^53], the sum of all nodes too, but found " +
                          llvm::Twine(value))
                             .str());
    }
  }
  return faults.empty() ? llvm::Error::success()
                        : llvm::createStringError(llvm::join(faults, "; "));
}

/// Nodes that read one constant take one width. Each stores codes of its own: it is rounded by what
/// it reads.
static void addTies(Problem &problem, const SensitivityTable &table) {
  llvm::StringMap<unsigned> owners;
  llvm::StringMap<size_t> ties;
  for (auto [i, layer] : llvm::enumerate(table.layers)) {
    owners[layer.node] = unsigned(i);
    auto owner = layer.shares.empty() ? owners.end() : owners.find(layer.shares);
    if (owner == owners.end())
      continue;
    auto [tie, isNew] = ties.try_emplace(layer.shares, problem.ties.size());
    if (isNew)
      problem.ties.push_back({owner->second});
    problem.ties[tie->second].push_back(unsigned(i));
  }
}

/// What the pair's loss is beyond the sum; that of no change, L_0, is 0.
static llvm::Expected<alloc::Coupling> makeCoupling(const PairSensitivity &pair,
                                                    const Problem &problem,
                                                    const AllocationInputs &inputs,
                                                    const AllocationOptions &options) {
  alloc::Coupling coupling;
  const alloc::Group *groups[2] = {};
  for (auto [i, group] : llvm::enumerate(problem.groups))
    for (auto [name, index, slot] : {std::tuple(&pair.first, &coupling.first, 0),
                                     std::tuple(&pair.second, &coupling.second, 1)})
      if (group.name == *name) {
        *index = unsigned(i);
        groups[slot] = &group;
      }
  std::string names = "pair '" + pair.first + "', '" + pair.second + "'";
  if (!groups[0] || !groups[1])
    return llvm::createStringError(names + ": the table of sensitivities holds no such node");
  for (size_t i = 0; i < options.widths.size(); ++i)
    for (size_t j = 0; j < options.widths.size(); ++j) {
      unsigned first = options.widths[i], second = options.widths[j];
      auto found = llvm::find_if(pair.effects, [&](const PairEffect &effect) {
        return effect.firstBits == first && effect.secondBits == second;
      });
      if (found == pair.effects.end())
        return llvm::createStringError(names + ": the tables hold no effect of " +
                                       llvm::Twine(first) + " and " + llvm::Twine(second) +
                                       " bits");
      LayerSensitivity layer;
      layer.node = pair.first;
      auto loss = lossOf(options.loss, layer, found->effect, inputs);
      if (!loss)
        return loss.takeError();
      coupling.losses.push_back(
          alloc::cladoTerm(*loss, groups[0]->candidates[i].loss, groups[1]->candidates[j].loss, 0));
    }
  return coupling;
}

static llvm::Error addCouplings(Problem &problem, const AllocationInputs &inputs,
                                const AllocationOptions &options) {
  const SensitivityTable &table = inputs.sensitivities;
  if (options.couplings == "none")
    return llvm::Error::success();
  static const llvm::StringRef ofOutputs[] = {"auto", "divergence", "noise", "disagreement"};
  if (!llvm::is_contained(ofOutputs, options.loss))
    return llvm::createStringError("allocation-couplings: expected a loss of the outputs (" +
                                   llvm::join(llvm::ArrayRef(ofOutputs), ", ") + "), but found " +
                                   options.loss);
  if (table.pairs.empty() && table.layers.size() > 1)
    return llvm::createStringError(
        "allocation-couplings: the table of sensitivities holds no pairs");
  for (const PairSensitivity &pair : table.pairs) {
    auto coupling = makeCoupling(pair, problem, inputs, options);
    if (!coupling)
      return coupling.takeError();
    problem.couplings.push_back(std::move(*coupling));
  }
  return llvm::Error::success();
}

llvm::Expected<Problem> quantc::makeProblem(const AllocationInputs &inputs,
                                            const AllocationOptions &options) {
  if (llvm::Error error = checkLoss(options.loss))
    return std::move(error);
  if (llvm::Error error = checkCounts(inputs.sensitivities))
    return std::move(error);
  Problem problem;
  if (llvm::Error error = addResources(problem, inputs, options))
    return std::move(error);
  if (llvm::Error error = addAreas(problem, inputs))
    return std::move(error);
  for (const LayerSensitivity &layer : inputs.sensitivities.layers) {
    alloc::Group group{layer.node, {}, std::nullopt};
    for (unsigned bits : options.widths) {
      auto candidate = makeCandidate(layer, bits, inputs, options);
      if (!candidate)
        return candidate.takeError();
      group.candidates.push_back(std::move(*candidate));
    }
    auto pin = inputs.pins.find(layer.node);
    if (pin != inputs.pins.end() && pin->second)
      if (llvm::Error error = pinGroup(group, pin->second))
        return std::move(error);
    problem.groups.push_back(std::move(group));
  }
  addTies(problem, inputs.sensitivities);
  if (llvm::Error error = addCouplings(problem, inputs, options))
    return std::move(error);
  if (llvm::Error error = alloc::check(problem))
    return std::move(error);
  return problem;
}

std::optional<unsigned> quantc::findResource(const Problem &problem, llvm::StringRef name) {
  for (auto [i, resource] : llvm::enumerate(problem.resources))
    if (resource.name == name)
      return unsigned(i);
  return std::nullopt;
}

std::vector<std::string> quantc::nodeBitsOf(const Problem &problem,
                                            const alloc::Assignment &assignment) {
  std::vector<std::string> entries;
  for (auto [group, choice] : llvm::zip_equal(problem.groups, assignment))
    entries.push_back(group.name + "=" + group.candidates[choice].label);
  return entries;
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

/// The loss where every free group takes its narrowest or its widest candidate.
static std::string uniformText(const Problem &problem, bool widest) {
  alloc::Assignment assignment;
  for (const alloc::Group &group : problem.groups)
    assignment.push_back(group.pin.value_or(widest ? group.candidates.size() - 1 : 0));
  return shortText(alloc::evaluate(problem, assignment).loss);
}

/// What the couplings of an assignment add, by the layers' own losses.
static double couplingShare(const Problem &problem, const alloc::Assignment &assignment) {
  std::vector<double> own, pairs;
  for (auto [group, choice] : llvm::zip_equal(problem.groups, assignment))
    own.push_back(group.candidates[choice].loss);
  for (const alloc::Coupling &coupling : problem.couplings) {
    size_t columns = problem.groups[coupling.second].candidates.size();
    pairs.push_back(
        coupling.losses[assignment[coupling.first] * columns + assignment[coupling.second]]);
  }
  return alloc::interactionShare(own, pairs);
}

void AllocationSearch::print(llvm::raw_ostream &os) const {
  os << "  search      " << loss << " of all layers at once " << shortText(before) << ", then "
     << shortText(after) << " on " << runs << " runs";
  if (heldOut)
    os << "; held out " << shortText(*heldOutBefore) << ", then " << shortText(*heldOutAfter)
       << " on " << heldOut;
  os << "; " << trials << " trials, " << moves << " moves\n";
}

llvm::json::Value AllocationSearch::toJSON() const {
  return llvm::json::Object{{"loss", loss},
                            {"runs", runs},
                            {"held_out_runs", heldOut},
                            {"assignment", assignment},
                            {"trials", trials},
                            {"moves", moves},
                            {"before", before},
                            {"after", after},
                            {"held_out_before", heldOutBefore},
                            {"held_out_after", heldOutAfter},
                            {"local_optimum", localOptimum}};
}

void AllocationResult::print(llvm::raw_ostream &os) const {
  std::map<std::string, int> counts;
  for (auto [group, choice] : llvm::zip_equal(problem.groups, chosen))
    ++counts[group.candidates[choice].label];
  alloc::Evaluation evaluation = alloc::evaluate(problem, chosen);
  os << "allocation    " << problem.groups.size() << " layers:";
  for (const auto &[label, count] : counts)
    os << " " << count << " " << label;
  os << llvm::formatv("; {0:F3} bits a weight, {1} bytes, {2:F3} G bit operations",
                      double(evaluation.costs[0]) / double(std::max<int64_t>(parameters, 1)),
                      evaluation.costs[1], double(evaluation.costs[2]) / 1e9);
  if (std::optional<unsigned> latency = findResource(problem, "latency"))
    os << llvm::formatv(", layers {0:F1} us", double(evaluation.costs[*latency]) / 1000);
  for (llvm::StringRef name : areaResources())
    if (std::optional<unsigned> area = findResource(problem, name))
      os << ", " << evaluation.costs[*area] << " " << name;
  os << "\n  predicted   " << loss << " " << shortText(evaluation.loss) << " (all narrow "
     << uniformText(problem, false) << ", all wide " << uniformText(problem, true) << ")";
  if (!problem.couplings.empty())
    os << llvm::formatv(", couplings {0:P0} of the layers' own", couplingShare(problem, chosen));
  os << "\n";
  os << "  solvers     ";
  if (solved.dynamic && solved.integer)
    os << "dynamic and integer program agree";
  else
    os << (solved.dynamic ? "dynamic" : "integer") << " program alone: " << solved.limits;
  os << llvm::formatv("; optimality gap {0:P2}, of the linear relaxation {1:P2}\n", solved.gap,
                      solved.relaxationGap);
  if (search)
    search->print(os);
  for (auto [cost, drop] : measured)
    os << llvm::formatv("  measured    cost {0}: loss of agreement {1:F4}\n", cost, drop);
  for (const TrialOrder &order : orders)
    if (order.correlation)
      os << llvm::formatv("  ordered     {0}: {1} by prediction, Spearman {2:F3} [{3:F3}, {4:F3}] "
                          "of {5} allocations\n",
                          order.group, order.loss, order.correlation->value, order.correlation->low,
                          order.correlation->high, order.count);
}

llvm::json::Value AllocationResult::toJSON() const {
  alloc::Evaluation evaluation = alloc::evaluate(problem, chosen);
  llvm::json::Object costs, widths;
  for (auto [resource, cost] : llvm::zip_equal(problem.resources, evaluation.costs))
    costs[resource.name] = cost;
  for (auto [group, choice] : llvm::zip_equal(problem.groups, chosen))
    widths[group.name] = group.candidates[choice].label;
  llvm::json::Array searched, tried, ordered;
  for (const TrialOrder &order : orders) {
    llvm::json::Object row{{"group", order.group}, {"loss", order.loss}, {"count", order.count}};
    if (order.correlation) {
      row["spearman"] = order.correlation->value;
      row["low"] = order.correlation->low;
      row["high"] = order.correlation->high;
    }
    ordered.push_back(std::move(row));
  }
  for (auto [cost, drop] : measured)
    searched.push_back(llvm::json::Object{{"cost", cost}, {"drop", drop}});
  for (const llvm::json::Object &trial : trials)
    tried.push_back(llvm::json::Object(trial));
  return llvm::json::Object{
      {"loss", loss},
      {"predicted_loss", evaluation.loss},
      {"effective_bits", double(evaluation.costs[0]) / double(std::max<int64_t>(parameters, 1))},
      {"costs", std::move(costs)},
      {"gap", solved.gap},
      {"solvers_agree", solved.dynamic.has_value() && solved.integer.has_value()},
      {"limits", solved.limits},
      {"search", search ? search->toJSON() : llvm::json::Value(nullptr)},
      {"searched", std::move(searched)},
      {"trials", std::move(tried)},
      {"orders", std::move(ordered)},
      {"widths", std::move(widths)}};
}

std::vector<alloc::FrontPoint> quantc::thinnedFront(const std::vector<alloc::FrontPoint> &front,
                                                    size_t count) {
  if (front.size() <= count)
    return front;
  std::vector<alloc::FrontPoint> kept;
  for (size_t i = 0; i < count; ++i)
    kept.push_back(front[i * (front.size() - 1) / (count - 1)]);
  return kept;
}

llvm::Expected<std::vector<alloc::FrontPoint>> quantc::wholeFront(Problem problem,
                                                                  unsigned resource) {
  for (alloc::Resource &other : problem.resources)
    other.budget.reset();
  auto front = alloc::paretoFront(problem, resource);
  if (front || !front.errorIsA<alloc::LimitError>())
    return front;
  llvm::consumeError(front.takeError());
  alloc::DynamicOptions options;
  options.buckets = 1 << 12;
  return alloc::paretoFront(problem, resource, options);
}

llvm::Error quantc::writeAllocation(llvm::StringRef folder, const AllocationResult &result) {
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return EmissionError::wrap(
        EmissionError::CannotWrite,
        llvm::createStringError("cannot make folder '" + folder + "': " + code.message()));
  auto write = [&](const llvm::Twine &name, auto body) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return writeOutput(path, body);
  };
  const Problem &problem = result.problem;
  llvm::Error error =
      write("problem.json", [&](llvm::raw_ostream &os) { alloc::writeProblem(problem, os); });
  if (error)
    return error;
  llvm::Error inner = llvm::Error::success();
  error = write("problem.lp", [&](llvm::raw_ostream &os) { inner = alloc::writeLp(problem, os); });
  if (llvm::Error both = llvm::joinErrors(std::move(error), std::move(inner)))
    return both;
  for (unsigned i = 0; i < problem.resources.size(); ++i) {
    const alloc::Resource &resource = problem.resources[i];
    auto front = wholeFront(problem, i);
    if (!front)
      return front.takeError();
    if (front->size() < 2)
      continue; // no decision changes it
    error = write("front-" + resource.name + ".csv",
                  [&](llvm::raw_ostream &os) { alloc::writeFrontCsv(problem, i, *front, os); });
    if (error)
      return error;
    llvm::Error drawn = llvm::Error::success();
    error = write("front-" + resource.name + ".svg", [&](llvm::raw_ostream &os) {
      drawn = alloc::writeFrontSvg(problem, i, thinnedFront(*front, 500), os);
    });
    if (llvm::Error both = llvm::joinErrors(std::move(error), std::move(drawn)))
      return both;
  }
  return llvm::Error::success();
}
