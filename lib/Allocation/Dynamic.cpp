//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dynamic program: unit by unit, the set of states that nothing dominates.
//
// A state is what the units so far cost and lose, and its key: the options of those units that
// have an edge to a later one. Two states with equal keys have the same continuations, so the one
// that costs no less and loses no less goes. States are kept in the order of preference: children
// are made parent by parent, option by option, and the first of equals stays.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"
#include <limits>
#include <map>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
/// The states after a unit, structure of arrays.
struct States {
  std::vector<uint64_t> keys;
  std::vector<int64_t> losses;
  std::vector<int64_t> costs; ///< [states][dims]
  std::vector<uint32_t> parents;
  std::vector<uint8_t> options;

  size_t size() const { return losses.size(); }
};

/// How to get back from a state.
struct Trail {
  std::vector<uint32_t> parents;
  std::vector<uint8_t> options;
};

class Program {
public:
  Program(const Reduced &reduced, bool front)
      : reduced(reduced), dims(reduced.dims()), front(front), lagrangian(bestLagrangian(reduced)) {}

  Expected<DynamicResult> run(uint64_t maxStates, function_ref<std::string(unsigned)> unitName);

private:
  void findKnownSolution();
  Error setLive(unsigned u);
  bool expand(unsigned u, uint64_t limit, States &children) const;
  bool bounded(unsigned u, int64_t loss, const int64_t *costs) const;
  void keepUndominated(States &children);
  void markGroup(const States &children, ArrayRef<uint32_t> order,
                 std::vector<uint32_t> &kept) const;
  std::vector<unsigned> walkBack(uint32_t state) const;
  std::vector<uint32_t> finalStates() const;

  const Reduced &reduced;
  size_t dims;
  bool front;
  Lagrangian lagrangian;
  double known = std::numeric_limits<double>::infinity(); ///< loss of a known solution
  std::vector<unsigned> knownOptions;
  /// Units whose options the keys hold, before and after this unit, with the weights of digits.
  std::vector<unsigned> live, nextLive;
  std::vector<uint64_t> weights, nextWeights;
  States states;
  std::vector<Trail> trails;
};
} // namespace

void Program::findKnownSolution() {
  knownOptions = greedyOptions(reduced);
  if (knownOptions.empty())
    return;
  improve(reduced, knownOptions);
  known = double(reduced.lossOf(knownOptions));
}

/// The units up to `u` that have an edge to a later one.
Error Program::setLive(unsigned u) {
  nextLive.clear();
  nextWeights.clear();
  std::vector<unsigned> candidates = live;
  candidates.push_back(u);
  uint64_t weight = 1;
  for (unsigned unit : candidates) {
    bool needed =
        any_of(reduced.edgesOf[unit], [&](unsigned e) { return reduced.edges[e].second > u; });
    if (!needed)
      continue;
    nextLive.push_back(unit);
    nextWeights.push_back(weight);
    uint64_t count = reduced.units[unit].losses.size();
    if (weight > std::numeric_limits<uint64_t>::max() / count)
      return make_error<LimitError>("expected couplings that few groups carry on at a time, but "
                                    "found more than 2^64 combinations of their choices");
    weight *= count;
  }
  return Error::success();
}

/// Whether every continuation has more loss than a known solution, or exceeds a budget.
bool Program::bounded(unsigned u, int64_t loss, const int64_t *costs) const {
  double bound = double(loss) + lagrangian.suffix[u + 1];
  for (size_t k = 0; k < dims; ++k) {
    if (costs[k] > reduced.budgets[k])
      return true;
    bound += lagrangian.multipliers[k] * double(costs[k] - reduced.budgets[k]);
  }
  return !front && bound > known + lagrangian.slack;
}

/// All children of all states, in the order of preference. False: more than `limit`.
bool Program::expand(unsigned u, uint64_t limit, States &children) const {
  const Unit &unit = reduced.units[u];
  SmallVector<unsigned, 8> digits(live.size());
  SmallVector<int64_t, 8> costs(dims);
  for (size_t s = 0; s < states.size(); ++s) {
    for (size_t d = 0; d < live.size(); ++d)
      digits[d] = states.keys[s] / weights[d] % reduced.units[live[d]].losses.size();
    for (unsigned o = 0; o < unit.losses.size(); ++o) {
      int64_t loss = states.losses[s] + unit.losses[o];
      for (size_t k = 0; k < dims; ++k)
        costs[k] = states.costs[s * dims + k] + unit.costs[o * dims + k];
      for (unsigned e : reduced.edgesOf[u]) {
        const Edge &edge = reduced.edges[e];
        if (edge.second != u)
          continue;
        size_t at = find(live, edge.first) - live.begin();
        size_t entry = digits[at] * unit.losses.size() + o;
        loss += edge.losses[entry];
        for (size_t k = 0; k < dims; ++k)
          costs[k] += edge.costs[entry * dims + k];
      }
      if (bounded(u, loss, costs.data()))
        continue;
      if (children.size() == limit)
        return false;
      uint64_t key = 0;
      for (auto [liveUnit, weight] : zip_equal(nextLive, nextWeights))
        key += weight * (liveUnit == u ? o : digits[find(live, liveUnit) - live.begin()]);
      children.keys.push_back(key);
      children.losses.push_back(loss);
      children.costs.insert(children.costs.end(), costs.begin(), costs.end());
      children.parents.push_back(s);
      children.options.push_back(o);
    }
  }
  return true;
}

/// Appends the undominated of states of one key, which come by costs, loss, preference.
void Program::markGroup(const States &children, ArrayRef<uint32_t> order,
                        std::vector<uint32_t> &kept) const {
  // Dropping is an economy, never needed: with three resources and more a state is compared with
  // the latest kept ones only.
  constexpr size_t window = 256;
  size_t first = kept.size();
  int64_t leastLoss = std::numeric_limits<int64_t>::max();
  std::map<int64_t, int64_t> stairs; // second cost -> least loss of kept states up to it
  for (uint32_t state : order) {
    int64_t loss = children.losses[state];
    const int64_t *costs = children.costs.data() + state * dims;
    if (dims <= 1) {
      if (loss >= leastLoss)
        continue;
      leastLoss = loss;
    } else if (dims == 2) {
      auto above = stairs.upper_bound(costs[1]);
      if (above != stairs.begin() && std::prev(above)->second <= loss)
        continue;
      while (above != stairs.end() && above->second >= loss)
        above = stairs.erase(above);
      stairs[costs[1]] = loss;
    } else {
      size_t from = std::max(first, kept.size() > window ? kept.size() - window : 0);
      auto dominates = [&](uint32_t other) {
        const int64_t *others = children.costs.data() + other * dims;
        return children.losses[other] <= loss &&
               std::equal(others, others + dims, costs, std::less_equal<>());
      };
      if (any_of(ArrayRef(kept).drop_front(from), dominates))
        continue;
    }
    kept.push_back(state);
  }
}

/// Turns children into the states after the unit.
void Program::keepUndominated(States &children) {
  std::vector<uint32_t> order(children.size()), kept;
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (children.keys[a] != children.keys[b])
      return children.keys[a] < children.keys[b];
    const int64_t *left = children.costs.data() + a * dims;
    const int64_t *right = children.costs.data() + b * dims;
    for (size_t k = 0; k < dims; ++k)
      if (left[k] != right[k])
        return left[k] < right[k];
    return std::pair(children.losses[a], a) < std::pair(children.losses[b], b);
  });
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    uint64_t key = children.keys[order[begin]];
    for (end = begin; end < order.size() && children.keys[order[end]] == key;)
      ++end;
    markGroup(children, ArrayRef(order).slice(begin, end - begin), kept);
  }
  std::sort(kept.begin(), kept.end()); // back to the order of preference
  States next;
  for (uint32_t state : kept) {
    next.keys.push_back(children.keys[state]);
    next.losses.push_back(children.losses[state]);
    next.costs.insert(next.costs.end(), children.costs.begin() + state * dims,
                      children.costs.begin() + (state + 1) * dims);
    next.parents.push_back(children.parents[state]);
    next.options.push_back(children.options[state]);
  }
  states = std::move(next);
}

std::vector<unsigned> Program::walkBack(uint32_t state) const {
  std::vector<unsigned> options(trails.size());
  for (size_t u = trails.size(); u-- > 0;) {
    options[u] = trails[u].options[state];
    state = trails[u].parents[state];
  }
  return options;
}

/// The best state, or the front by ascending costs; none if there are no states.
std::vector<uint32_t> Program::finalStates() const {
  std::vector<uint32_t> order(states.size());
  std::iota(order.begin(), order.end(), 0u);
  auto costsOf = [&](uint32_t s) { return ArrayRef(states.costs).slice(s * dims, dims); };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    ArrayRef<int64_t> left = costsOf(a), right = costsOf(b);
    if (!front && states.losses[a] != states.losses[b])
      return states.losses[a] < states.losses[b];
    if (left != right)
      return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
    return std::pair(states.losses[a], a) < std::pair(states.losses[b], b);
  });
  if (!front && !order.empty())
    order.resize(1);
  return order;
}

Expected<DynamicResult> Program::run(uint64_t maxStates,
                                     function_ref<std::string(unsigned)> unitName) {
  DynamicResult result;
  if (!front)
    findKnownSolution();
  states.keys = {0};
  states.losses = {0};
  states.costs.assign(dims, 0);
  states.parents = {0};
  states.options = {0};
  uint64_t total = 0;
  for (unsigned u = 0; u < reduced.units.size(); ++u) {
    if (Error error = setLive(u))
      return std::move(error);
    States children;
    bool complete = expand(u, 8 * maxStates, children);
    if (complete) {
      keepUndominated(children);
      total += states.size();
    }
    if (!complete || states.size() > maxStates || total > 32 * maxStates)
      return make_error<LimitError>(
          formatv("expected at most {0} states of the dynamic program, but found more at group "
                  "'{1}' ({2} of {3})",
                  maxStates, unitName(u), u + 1, reduced.units.size())
              .str());
    result.peakStates = std::max<uint64_t>(result.peakStates, states.size());
    trails.push_back({states.parents, states.options});
    live = nextLive;
    weights = nextWeights;
  }
  for (uint32_t state : finalStates())
    result.options.push_back(walkBack(state));
  return result;
}

Expected<DynamicResult> alloc::runDynamic(const Reduced &reduced, uint64_t maxStates, bool front,
                                          function_ref<std::string(unsigned)> unitName) {
  // Numbers of states are 32 bits wide.
  return Program(reduced, front).run(std::min<uint64_t>(maxStates, 1u << 28), unitName);
}
