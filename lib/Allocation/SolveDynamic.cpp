//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dynamic program on problems: exact or in buckets, one solution or the front, and why there is
// none.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

char InfeasibleError::ID = 0;
char LimitError::ID = 0;

static Expected<DynamicResult> run(const Problem &problem, const Reduced &reduced,
                                   uint64_t maxStates, bool front) {
  return runDynamic(reduced, maxStates, front, [&](unsigned unit) {
    return problem.groups[reduced.units[unit].groups.front()].name;
  });
}

/// The least total of resource k within the budgets of others, or nothing where these cannot be met
/// or the answer is out of reach.
static std::optional<int64_t> leastTotal(Problem problem, unsigned k, bool withOthers) {
  for (Group &group : problem.groups)
    for (Candidate &candidate : group.candidates)
      candidate.loss = double(candidate.costs[k]);
  for (Coupling &coupling : problem.couplings)
    for (size_t i = 0; i < coupling.losses.size(); ++i)
      coupling.losses[i] =
          coupling.costs.empty() ? 0 : double(coupling.costs[k * coupling.losses.size() + i]);
  for (auto [other, resource] : enumerate(problem.resources))
    if (other == k || !withOthers)
      resource.budget.reset();
  Reduced reduced = reduce(problem);
  Expected<DynamicResult> result = run(problem, reduced, DynamicOptions().maxStates, false);
  if (!result) {
    consumeError(result.takeError());
    return std::nullopt;
  }
  if (result->options.empty())
    return std::nullopt;
  Assignment assignment = reduced.assignmentOf(result->options.front(), problem.groups.size());
  return evaluate(problem, assignment).costs[k];
}

Error alloc::explainInfeasible(const Problem &problem) {
  Faults faults;
  std::string names;
  std::optional<unsigned> last;
  std::vector<InfeasibleError::Budget> missed;
  for (auto [k, resource] : enumerate(problem.resources)) {
    if (!resource.budget)
      continue;
    names += (names.empty() ? "'" : ", '") + resource.name + "'";
    last = k;
    std::optional<int64_t> least = leastTotal(problem, k, /*withOthers=*/false);
    if (!least || *least <= *resource.budget)
      continue;
    faults.add("budget of '" + resource.name + "': expected at least " + Twine(*least) +
               ", the least that any allocation takes, but found " + Twine(*resource.budget));
    missed.push_back({unsigned(k), *least, /*withinOthers=*/false});
  }
  if (faults.empty()) {
    std::string text = "budgets of " + names +
                       ": expected ones that can be met together, but "
                       "found that no allocation does";
    if (std::optional<int64_t> least = leastTotal(problem, *last, /*withOthers=*/true)) {
      const Resource &resource = problem.resources[*last];
      if (*least <= *resource.budget)
        return make_error<LimitError>(
            formatv("expected an allocation within the budgets, which there is, but found none: "
                    "'{0}' takes at least {1}, and {2} are allowed",
                    resource.name, *least, *resource.budget)
                .str());
      text += formatv("; within the others, '{0}' takes at least {1}, and {2} are allowed",
                      resource.name, *least, *resource.budget);
      missed.push_back({*last, *least, /*withinOthers=*/true});
    }
    faults.add(text);
  }
  return make_error<InfeasibleError>(toString(faults.take()), std::move(missed));
}

Expected<Solution> alloc::solveDynamic(const Problem &problem, const DynamicOptions &options) {
  if (Error error = check(problem))
    return std::move(error);
  Reduced reduced = reduce(problem);
  uint32_t buckets = options.buckets;
  Expected<DynamicResult> result =
      run(problem, buckets ? inBuckets(reduced, buckets) : reduced, options.maxStates, false);
  if (!result && options.fallbackBuckets && !buckets) {
    consumeError(result.takeError());
    buckets = options.fallbackBuckets;
    result = run(problem, inBuckets(reduced, buckets), options.maxStates, false);
  }
  if (!result)
    return result.takeError();
  if (result->options.empty() && buckets)
    return make_error<LimitError>(
        formatv("expected an allocation within budgets in {0} buckets, but found none; more "
                "buckets may have one",
                buckets)
            .str());
  if (result->options.empty())
    return explainInfeasible(problem);
  Expected<Solution> solution =
      finish(problem, reduced.assignmentOf(result->options.front(), problem.groups.size()));
  if (!solution)
    return solution;
  solution->peakStates = result->peakStates;
  solution->optimal = buckets == 0;
  double loss = solution->evaluation.loss;
  solution->lowerBound =
      solution->optimal ? loss : std::min(loss, reduced.toLoss(bestLagrangian(reduced).bound));
  return solution;
}

Expected<std::vector<FrontPoint>> alloc::paretoFront(const Problem &problem, unsigned resource,
                                                     const DynamicOptions &options) {
  if (Error error = check(problem))
    return std::move(error);
  if (resource >= problem.resources.size())
    return makeError("expected a resource below " + Twine(problem.resources.size()) +
                     ", but found " + Twine(resource));
  Reduced reduced = reduce(problem, resource);
  Expected<DynamicResult> result =
      run(problem, options.buckets ? inBuckets(reduced, options.buckets) : reduced,
          options.maxStates, true);
  if (!result && options.fallbackBuckets && !options.buckets) {
    consumeError(result.takeError());
    result = run(problem, inBuckets(reduced, options.fallbackBuckets), options.maxStates, true);
  }
  if (!result)
    return result.takeError();
  if (result->options.empty())
    return explainInfeasible(problem);
  // By integer losses, in which equals are equal.
  struct Point {
    int64_t cost, loss;
    size_t index;
    bool operator<(const Point &other) const {
      return std::tie(cost, loss, index) < std::tie(other.cost, other.loss, other.index);
    }
  };
  size_t k = find(reduced.resources, resource) - reduced.resources.begin();
  std::vector<Point> points;
  for (auto [i, chosen] : enumerate(result->options))
    points.push_back({reduced.costsOf(chosen)[k], reduced.lossOf(chosen), i});
  sort(points);
  std::vector<FrontPoint> front;
  const Point *last = nullptr;
  for (const Point &point : points) {
    if (last && point.loss >= last->loss)
      continue;
    last = &point;
    Assignment assignment =
        reduced.assignmentOf(result->options[point.index], problem.groups.size());
    Evaluation evaluation = evaluate(problem, assignment);
    if (!front.empty() && evaluation.loss >= front.back().loss)
      continue; // less by less than the sums of losses can tell
    front.push_back({evaluation.costs[resource], evaluation.loss, std::move(assignment)});
  }
  return front;
}
