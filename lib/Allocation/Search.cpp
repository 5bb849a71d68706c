//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Local search and random assignments. Random numbers are numerics::RandomState's, so that a seed
// means the same on every machine.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Search.h"
#include "Faults.h"
#include "quantc/Numerics/Random.h"
#include <cmath>
#include <set>

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
};

class Searcher {
public:
  Searcher(const Problem &problem, MeasureLoss measure, const SearchOptions &options)
      : movable(problem), measure(measure), options(options), random(options.seed) {}

  Expected<SearchResult> run(const Assignment &start);

private:
  std::vector<Move> moves(const Assignment &from);
  Expected<double> measured(const Assignment &assignment);
  Expected<bool> tryMoves();

  Movable movable;
  MeasureLoss measure;
  const SearchOptions &options;
  numerics::RandomState random;
  std::set<Assignment> seen;
  SearchResult result;
};
} // namespace

/// Flips, then swaps, each in random order.
std::vector<Move> Searcher::moves(const Assignment &from) {
  std::vector<Move> flips, swaps;
  for (unsigned unit : movable.units)
    for (unsigned to = 0; to < movable.candidates(unit); ++to)
      if (to != from[unit])
        flips.push_back({unit, to, unit, to});
  for (const Move &a : flips)
    for (const Move &b : flips)
      if (a.first < b.first && options.swaps)
        swaps.push_back({a.first, a.firstTo, b.first, b.firstTo});
  shuffle(flips, random);
  shuffle(swaps, random);
  if (!options.flips)
    flips.clear();
  flips.insert(flips.end(), swaps.begin(), swaps.end());
  return flips;
}

Expected<double> Searcher::measured(const Assignment &assignment) {
  ++result.measurements;
  seen.insert(assignment);
  Expected<double> loss = measure(assignment);
  if (loss && std::isnan(*loss))
    return makeError("expected a measured loss, but found nan");
  return loss;
}

/// Whether a move improved; without one every move was tried, or the measurements are used up.
Expected<bool> Searcher::tryMoves() {
  Assignment from = result.assignment;
  for (const Move &move : moves(from)) {
    Assignment next = from;
    movable.set(next, move.first, move.firstTo);
    movable.set(next, move.second, move.secondTo);
    if (seen.count(next))
      continue;
    if (Error error = verify(movable.problem, next)) {
      consumeError(std::move(error));
      continue;
    }
    if (result.measurements >= options.maxMeasurements)
      return false;
    Expected<double> loss = measured(next);
    if (!loss)
      return loss.takeError();
    if (*loss >= result.loss)
      continue;
    result.loss = *loss;
    result.assignment = next;
    result.steps.push_back({next, *loss, result.measurements});
    return true;
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
  while (true) {
    Expected<bool> improved = tryMoves();
    if (!improved)
      return improved.takeError();
    if (!*improved)
      return std::move(result);
  }
}

Expected<SearchResult> alloc::localSearch(const Problem &problem, const Assignment &start,
                                          MeasureLoss measure, const SearchOptions &options) {
  if (Error error = check(problem))
    return std::move(error);
  if (Error error = verify(problem, start))
    return addContext("start of the search", std::move(error));
  return Searcher(problem, measure, options).run(start);
}

//===----------------------------------------------------------------------===//
// Random assignments
//===----------------------------------------------------------------------===//

namespace {
class Sampler {
public:
  Sampler(const Problem &problem, unsigned resource, int64_t target, const RandomOptions &options)
      : movable(problem), resource(resource), high(target),
        low(int64_t(std::ceil(double(target) * (1 - options.tolerance)))), random(options.seed) {}

  /// An assignment whose cost fits, or nothing after a number of steps.
  std::optional<Assignment> draw();

private:
  Movable movable;
  unsigned resource;
  int64_t high, low;
  numerics::RandomState random;
};
} // namespace

std::optional<Assignment> Sampler::draw() {
  const Problem &problem = movable.problem;
  Assignment assignment(problem.groups.size());
  for (unsigned unit : movable.units)
    movable.set(assignment, unit, below(random, movable.candidates(unit)));
  for (auto [g, group] : enumerate(problem.groups))
    if (group.pin)
      movable.set(assignment, movable.roots[g], *group.pin);
  int64_t cost = evaluate(problem, assignment).costs[resource];
  for (size_t step = 0; step < 64 * (movable.units.size() + 1); ++step) {
    if (cost >= low && cost <= high)
      return assignment;
    if (movable.units.empty())
      return std::nullopt;
    unsigned unit = movable.units[below(random, movable.units.size())];
    unsigned before = assignment[unit];
    movable.set(assignment, unit, below(random, movable.candidates(unit)));
    int64_t next = evaluate(problem, assignment).costs[resource];
    bool nearer = cost > high ? next < cost : next > cost && next <= high;
    if (nearer)
      cost = next;
    else
      movable.set(assignment, unit, before);
  }
  return std::nullopt;
}

Expected<std::vector<Assignment>> alloc::randomAssignments(const Problem &problem,
                                                           unsigned resource, int64_t target,
                                                           const RandomOptions &options) {
  if (Error error = check(problem))
    return std::move(error);
  if (resource >= problem.resources.size())
    return makeError("expected a resource below " + Twine(problem.resources.size()) +
                     ", but found " + Twine(resource));
  Sampler sampler(problem, resource, target, options);
  std::vector<Assignment> result;
  std::set<Assignment> seen;
  for (unsigned attempt = 0; attempt < options.maxAttempts && result.size() < options.count;
       ++attempt) {
    std::optional<Assignment> assignment = sampler.draw();
    if (!assignment || !seen.insert(*assignment).second)
      continue;
    Error error = verify(problem, *assignment);
    if (!error)
      result.push_back(std::move(*assignment));
    consumeError(std::move(error));
  }
  if (result.size() < options.count)
    return makeError("expected " + Twine(options.count) + " random allocations with '" +
                     problem.resources[resource].name + "' within " +
                     number(options.tolerance * 100) + " % of " + Twine(target) + ", but found " +
                     Twine(result.size()) + " in " + Twine(options.maxAttempts) + " attempts");
  return result;
}
