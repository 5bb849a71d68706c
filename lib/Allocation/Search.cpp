//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Local search. Random numbers are numerics::RandomState's, so that a seed means the same on every
// machine.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Search.h"
#include "Faults.h"
#include "quantc/Allocation/Solvers.h"
#include "quantc/Numerics/Random.h"
#include <cmath>
#include <map>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

static size_t below(numerics::RandomState &random, size_t count) {
  return size_t(random.uniform() * double(count));
}

template <typename T> static void shuffle(std::vector<T> &values, numerics::RandomState &random) {
  for (size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[below(random, i)]);
}

namespace {
/// The first groups of ties without a pin, which move together with what is tied to them.
class Movable {
public:
  explicit Movable(const Problem &problem) : problem(problem), roots(tieRoots(problem)) {
    std::vector<bool> pinned(roots.size());
    for (auto [g, group] : enumerate(problem.groups))
      if (group.pin)
        pinned[roots[g]] = true;
    for (unsigned g = 0; g < roots.size(); ++g)
      if (roots[g] == g && !pinned[g] && problem.groups[g].candidates.size() > 1)
        units.push_back(g);
  }
  void set(Assignment &assignment, unsigned unit, unsigned candidate) const {
    for (unsigned g = unit; g < roots.size(); ++g)
      if (roots[g] == unit)
        assignment[g] = candidate;
  }
  unsigned candidates(unsigned unit) const { return problem.groups[unit].candidates.size(); }

  const Problem &problem;
  std::vector<unsigned> roots, units;
};

struct Move {
  unsigned first, firstTo, second, secondTo; ///< equal units: a flip
  double promise = 0;                        ///< what it should change; the least first
};

class Searcher {
public:
  Searcher(const Problem &problem, MeasureLoss measure, const SearchOptions &options,
           MeasureLoss confirm)
      : movable(problem), measure(measure), confirm(confirm), options(options),
        random(options.seed) {}

  Expected<SearchResult> run(const Assignment &start);

private:
  using Losses = std::map<Assignment, double>;

  Assignment flipped(const Assignment &from, unsigned unit, unsigned to) const;
  std::vector<Move> moves(const Assignment &from);
  void promiseByProblem();
  Expected<bool> promiseByMarginals();
  Problem linearized() const;
  Expected<double> measured(const Assignment &assignment);
  Expected<double> confirmedLoss(const Assignment &assignment);
  Expected<bool> isConfirmed(const Assignment &assignment);
  Expected<bool> take(const Assignment &assignment);
  Expected<bool> tryMarginals();
  Expected<bool> tryMoves();

  Movable movable;
  MeasureLoss measure, confirm;
  const SearchOptions &options;
  numerics::RandomState random;
  Losses losses, confirmed; ///< what was measured
  /// By unit and candidate: the loss with everything else as it was, however scaled.
  std::map<unsigned, std::vector<double>> promises;
  SearchResult result;
};
} // namespace

Assignment Searcher::flipped(const Assignment &from, unsigned unit, unsigned to) const {
  Assignment next = from;
  movable.set(next, unit, to);
  return next;
}

/// Flips, then swaps, each by promise.
std::vector<Move> Searcher::moves(const Assignment &from) {
  std::vector<Move> flips, swaps;
  for (unsigned unit : movable.units) {
    const std::vector<double> &promised = promises[unit];
    for (unsigned to = 0; to < movable.candidates(unit); ++to)
      if (to != from[unit])
        flips.push_back({unit, to, unit, to, promised[to] - promised[from[unit]]});
  }
  for (const Move &a : flips)
    for (const Move &b : flips)
      if (a.first < b.first && options.swaps)
        swaps.push_back({a.first, a.firstTo, b.first, b.firstTo, a.promise + b.promise});
  for (std::vector<Move> *list : {&flips, &swaps}) {
    shuffle(*list, random);
    llvm::stable_sort(*list, [](const Move &a, const Move &b) { return a.promise < b.promise; });
  }
  if (!options.flips)
    flips.clear();
  flips.insert(flips.end(), swaps.begin(), swaps.end());
  return flips;
}

void Searcher::promiseByProblem() {
  for (unsigned unit : movable.units)
    for (unsigned to = 0; to < movable.candidates(unit); ++to)
      promises[unit].push_back(
          evaluate(movable.problem, flipped(result.assignment, unit, to)).loss);
}

/// Measures every flip of the result; false, and nothing done, where that leaves no measurement.
Expected<bool> Searcher::promiseByMarginals() {
  size_t wanted = 1;
  for (unsigned unit : movable.units)
    for (unsigned to = 0; to < movable.candidates(unit); ++to)
      wanted += !losses.count(flipped(result.assignment, unit, to));
  if (!options.marginals || result.measurements + wanted > options.maxMeasurements)
    return false;
  for (unsigned unit : movable.units)
    for (unsigned to = 0; to < movable.candidates(unit); ++to) {
      Expected<double> loss = measured(flipped(result.assignment, unit, to));
      if (!loss)
        return loss.takeError();
      promises[unit][to] = *loss;
    }
  return true;
}

/// The problem with marginal losses: a unit's first group bears that of all that are tied to it.
Problem Searcher::linearized() const {
  Problem problem = movable.problem;
  for (Coupling &coupling : problem.couplings)
    llvm::fill(coupling.losses, 0.0);
  for (Group &group : problem.groups)
    for (Candidate &candidate : group.candidates)
      candidate.loss = 0;
  for (const auto &[unit, promised] : promises) {
    double least = *std::min_element(promised.begin(), promised.end());
    for (auto [candidate, loss] : llvm::zip_equal(problem.groups[unit].candidates, promised))
      candidate.loss = loss - least;
  }
  return problem;
}

/// NaN is an error: nothing is better or worse than it.
static Expected<double> checked(Expected<double> loss) {
  if (loss && std::isnan(*loss))
    return makeError("expected a measured loss, but found nan");
  return loss;
}

Expected<double> Searcher::measured(const Assignment &assignment) {
  if (auto found = losses.find(assignment); found != losses.end())
    return found->second;
  ++result.measurements;
  Expected<double> loss = checked(measure(assignment));
  if (loss)
    losses[assignment] = *loss;
  return loss;
}

Expected<double> Searcher::confirmedLoss(const Assignment &assignment) {
  if (auto found = confirmed.find(assignment); found != confirmed.end())
    return found->second;
  Expected<double> loss = checked(confirm(assignment));
  if (loss)
    confirmed[assignment] = *loss;
  return loss;
}

/// Whether the other loss is no worse than that of the result.
Expected<bool> Searcher::isConfirmed(const Assignment &assignment) {
  if (!confirm)
    return true;
  Expected<double> loss = confirmedLoss(assignment);
  if (!loss)
    return loss.takeError();
  return *loss <= *result.confirmedLoss;
}

/// Whether the assignment, which keeps the rules, is better; then it is the result.
Expected<bool> Searcher::take(const Assignment &assignment) {
  Expected<double> loss = measured(assignment);
  if (!loss)
    return loss.takeError();
  if (*loss >= result.loss)
    return false;
  Expected<bool> holds = isConfirmed(assignment);
  if (!holds || !*holds)
    return holds;
  result.loss = *loss;
  result.assignment = assignment;
  if (confirm)
    result.confirmedLoss = confirmed[assignment];
  result.steps.push_back({assignment, *loss, result.measurements});
  return true;
}

/// Whether the solvers' answer to marginal losses improved.
Expected<bool> Searcher::tryMarginals() {
  Expected<bool> known = promiseByMarginals();
  if (!known || !*known)
    return known;
  for (const auto &[unit, promised] : promises)
    if (!llvm::all_of(promised, [](double loss) { return std::isfinite(loss); }))
      return false;
  Expected<Report> report = solve(linearized());
  if (report)
    return take(report->best.assignment);
  // Too many states is no reason to end the search.
  if (Error other = handleErrors(report.takeError(), [](const LimitError &) {}))
    return std::move(other);
  return false;
}

/// Whether a move improved; without one every move was tried, or the measurements are used up.
Expected<bool> Searcher::tryMoves() {
  Assignment from = result.assignment;
  for (const Move &move : moves(from)) {
    Assignment next = flipped(flipped(from, move.first, move.firstTo), move.second, move.secondTo);
    if (Error error = verify(movable.problem, next)) {
      consumeError(std::move(error));
      continue;
    }
    if (!losses.count(next) && result.measurements >= options.maxMeasurements)
      return false;
    Expected<bool> better = take(next);
    if (!better || *better)
      return better;
  }
  result.localOptimum = options.flips && options.swaps;
  return false;
}

Expected<SearchResult> Searcher::run(const Assignment &start) {
  Expected<double> loss = measured(start);
  if (!loss)
    return loss.takeError();
  result.assignment = start;
  result.loss = result.startLoss = *loss;
  result.steps.push_back({start, *loss, 1});
  if (confirm) {
    Expected<double> other = confirmedLoss(start);
    if (!other)
      return other.takeError();
    result.confirmedLoss = result.confirmedStartLoss = *other;
  }
  promiseByProblem();
  for (bool marginals : {true, false})
    while (true) {
      Expected<bool> improved = marginals ? tryMarginals() : tryMoves();
      if (!improved)
        return improved.takeError();
      if (!*improved)
        break;
    }
  return std::move(result);
}

Expected<SearchResult> alloc::localSearch(const Problem &problem, const Assignment &start,
                                          MeasureLoss measure, const SearchOptions &options,
                                          MeasureLoss confirm) {
  if (Error error = check(problem))
    return std::move(error);
  if (Error error = verify(problem, start))
    return addContext("start of the search", std::move(error));
  return Searcher(problem, measure, options, confirm).run(start);
}
