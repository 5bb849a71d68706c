//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a problem to the solvers' form.
//
//===----------------------------------------------------------------------===//

#include "Reduced.h"
#include "Faults.h"
#include "quantc/Numerics/Rounding.h"
#include <cmath>
#include <map>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

/// The power of two that brings the greatest possible sum of |losses| below 2^60.
static int exponentFor(const Problem &problem) {
  double total = 0;
  for (const Group &group : problem.groups) {
    double greatest = 0;
    for (const Candidate &candidate : group.candidates)
      greatest = std::max(greatest, candidate.loss);
    total += greatest;
  }
  for (const Coupling &coupling : problem.couplings) {
    double greatest = 0;
    for (double loss : coupling.losses)
      greatest = std::max(greatest, std::abs(loss));
    total += greatest;
  }
  return total > 0 ? 59 - std::ilogb(total) : 0;
}

static int64_t toInteger(double loss, int exponent) {
  return int64_t(numerics::roundHalfEven(std::ldexp(loss, exponent)));
}

double Reduced::toLoss(double integer) const {
  return std::ldexp(integer + double(lossOffset), -exponent);
}

/// Candidates that a unit may take, preferred first: higher bits, group by group; lower index.
static std::vector<unsigned> optionsOf(const Problem &problem, ArrayRef<unsigned> groups) {
  std::vector<unsigned> options(problem.groups[groups.front()].candidates.size());
  std::iota(options.begin(), options.end(), 0u);
  for (unsigned g : groups)
    if (problem.groups[g].pin)
      options = {*problem.groups[g].pin};
  auto bitsOf = [&](unsigned candidate) {
    std::vector<double> bits;
    for (unsigned g : groups)
      bits.push_back(problem.groups[g].candidates[candidate].bits);
    return bits;
  };
  stable_sort(options, [&](unsigned a, unsigned b) { return bitsOf(a) > bitsOf(b); });
  return options;
}

static Unit makeUnit(const Problem &problem, const Reduced &reduced, std::vector<unsigned> groups) {
  Unit unit;
  unit.candidates = optionsOf(problem, groups);
  for (unsigned candidate : unit.candidates) {
    int64_t loss = 0;
    for (unsigned g : groups)
      loss += toInteger(problem.groups[g].candidates[candidate].loss, reduced.exponent);
    unit.losses.push_back(loss);
    for (unsigned k : reduced.resources) {
      int64_t cost = 0;
      for (unsigned g : groups)
        cost += problem.groups[g].candidates[candidate].costs[k];
      unit.costs.push_back(cost);
    }
  }
  unit.groups = std::move(groups);
  return unit;
}

/// Adds a coupling to a unit that holds both groups, or to the edge between two units.
static void addCoupling(const Problem &problem, const Coupling &coupling, ArrayRef<unsigned> unitOf,
                        std::map<std::pair<unsigned, unsigned>, Edge> &edges, Reduced &reduced) {
  size_t columns = problem.groups[coupling.second].candidates.size();
  size_t size = coupling.losses.size(), dims = reduced.dims();
  auto add = [&](size_t entry, int64_t &loss, int64_t *costs) {
    loss += toInteger(coupling.losses[entry], reduced.exponent);
    for (size_t k = 0; k < dims && !coupling.costs.empty(); ++k)
      costs[k] += coupling.costs[reduced.resources[k] * size + entry];
  };
  unsigned a = unitOf[coupling.first], b = unitOf[coupling.second];
  if (a == b) {
    Unit &unit = reduced.units[a];
    for (auto [o, candidate] : enumerate(unit.candidates))
      add(candidate * columns + candidate, unit.losses[o], unit.costs.data() + o * dims);
    return;
  }
  Edge &edge = edges[std::minmax(a, b)];
  edge.first = std::min(a, b);
  edge.second = std::max(a, b);
  const Unit &first = reduced.units[edge.first], &second = reduced.units[edge.second];
  edge.losses.resize(first.candidates.size() * second.candidates.size());
  edge.costs.resize(edge.losses.size() * dims);
  size_t at = 0;
  for (unsigned c : first.candidates)
    for (unsigned d : second.candidates) {
      size_t entry = a < b ? c * columns + d : d * columns + c;
      add(entry, edge.losses[at], edge.costs.data() + at * dims);
      ++at;
    }
}

/// Takes the least loss and least costs of every unit and edge out of it.
static void takeLeastOut(Reduced &reduced) {
  size_t dims = reduced.dims();
  auto takeOut = [&](std::vector<int64_t> &losses, std::vector<int64_t> &costs) {
    int64_t least = *std::min_element(losses.begin(), losses.end());
    reduced.lossOffset += least;
    for (int64_t &loss : losses)
      loss -= least;
    for (size_t k = 0; k < dims; ++k) {
      int64_t cheapest = costs[k];
      for (size_t at = k; at < costs.size(); at += dims)
        cheapest = std::min(cheapest, costs[at]);
      reduced.budgets[k] -= cheapest;
      for (size_t at = k; at < costs.size(); at += dims)
        costs[at] -= cheapest;
    }
  };
  for (Unit &unit : reduced.units)
    takeOut(unit.losses, unit.costs);
  for (Edge &edge : reduced.edges)
    takeOut(edge.losses, edge.costs);
}

template <typename Visit> static void visitCosts(Reduced &reduced, size_t k, Visit visit) {
  for (Unit &unit : reduced.units)
    for (size_t at = k; at < unit.costs.size(); at += reduced.dims())
      visit(unit.costs[at]);
  for (Edge &edge : reduced.edges)
    for (size_t at = k; at < edge.costs.size(); at += reduced.dims())
      visit(edge.costs[at]);
}

int64_t alloc::greatestTotal(const Reduced &reduced, size_t k) {
  int64_t total = 0;
  auto add = [&](const std::vector<int64_t> &costs) {
    int64_t greatest = 0;
    for (size_t at = k; at < costs.size(); at += reduced.dims())
      greatest = std::max(greatest, costs[at]);
    total += greatest;
  };
  for (const Unit &unit : reduced.units)
    add(unit.costs);
  for (const Edge &edge : reduced.edges)
    add(edge.costs);
  return total;
}

static int64_t floorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

Reduced alloc::reduce(const Problem &problem, std::optional<unsigned> also) {
  Reduced reduced;
  reduced.exponent = exponentFor(problem);
  for (auto [k, resource] : enumerate(problem.resources))
    if (resource.budget || also == unsigned(k)) {
      reduced.resources.push_back(k);
      reduced.budgets.push_back(also == unsigned(k) ? 0 : *resource.budget);
    }
  std::vector<unsigned> roots = tieRoots(problem), unitOf(problem.groups.size());
  for (unsigned g = 0; g < roots.size(); ++g) {
    if (roots[g] != g)
      continue;
    std::vector<unsigned> members;
    for (unsigned other = g; other < roots.size(); ++other)
      if (roots[other] == g) {
        unitOf[other] = reduced.units.size();
        members.push_back(other);
      }
    reduced.units.push_back(makeUnit(problem, reduced, std::move(members)));
  }
  std::map<std::pair<unsigned, unsigned>, Edge> edges;
  for (const Coupling &coupling : problem.couplings)
    addCoupling(problem, coupling, unitOf, edges, reduced);
  reduced.edgesOf.resize(reduced.units.size());
  for (auto &[pair, edge] : edges) {
    reduced.edgesOf[edge.first].push_back(reduced.edges.size());
    reduced.edgesOf[edge.second].push_back(reduced.edges.size());
    reduced.edges.push_back(std::move(edge));
  }
  takeLeastOut(reduced);
  for (auto [k, resource] : enumerate(reduced.resources)) {
    if (also == resource)
      reduced.budgets[k] = greatestTotal(reduced, k);
    int64_t divisor = 0;
    visitCosts(reduced, k, [&](int64_t cost) { divisor = std::gcd(divisor, cost); });
    if (divisor == 0)
      divisor = 1;
    visitCosts(reduced, k, [&](int64_t &cost) { cost /= divisor; });
    reduced.budgets[k] = floorDivide(reduced.budgets[k], divisor);
  }
  return reduced;
}

Reduced alloc::inBuckets(Reduced reduced, uint32_t buckets) {
  for (size_t k = 0; k < reduced.dims(); ++k) {
    const int64_t greatest = greatestTotal(reduced, k);
    const bool binds = reduced.budgets[k] < greatest;
    int64_t budget = std::min(reduced.budgets[k], greatest);
    int64_t width = (budget + buckets - 1) / buckets;
    if (width <= 1)
      continue;
    visitCosts(reduced, k, [&](int64_t &cost) { cost = (cost + width - 1) / width; });
    // Costs round up; what forbids nothing must not by that.
    reduced.budgets[k] = binds ? floorDivide(budget, width) : greatestTotal(reduced, k);
  }
  return reduced;
}

int64_t Reduced::lossOf(ArrayRef<unsigned> options) const {
  int64_t loss = 0;
  for (auto [unit, option] : zip_equal(units, options))
    loss += unit.losses[option];
  for (const Edge &edge : edges)
    loss +=
        edge.losses[options[edge.first] * units[edge.second].losses.size() + options[edge.second]];
  return loss;
}

std::vector<int64_t> Reduced::costsOf(ArrayRef<unsigned> options) const {
  std::vector<int64_t> costs(dims());
  for (size_t k = 0; k < dims(); ++k) {
    for (auto [unit, option] : zip_equal(units, options))
      costs[k] += unit.costs[option * dims() + k];
    for (const Edge &edge : edges) {
      size_t columns = units[edge.second].losses.size();
      costs[k] += edge.costs[(options[edge.first] * columns + options[edge.second]) * dims() + k];
    }
  }
  return costs;
}

bool Reduced::fits(ArrayRef<int64_t> costs) const {
  return std::equal(costs.begin(), costs.end(), budgets.begin(), std::less_equal<>());
}

Assignment Reduced::assignmentOf(ArrayRef<unsigned> options, size_t groups) const {
  Assignment assignment(groups);
  for (auto [unit, option] : zip_equal(units, options))
    for (unsigned g : unit.groups)
      assignment[g] = unit.candidates[option];
  return assignment;
}

void alloc::changeOf(const Reduced &reduced, ArrayRef<unsigned> options, unsigned u, unsigned to,
                     Delta &delta) {
  const Unit &unit = reduced.units[u];
  size_t dims = reduced.dims();
  unsigned from = options[u];
  delta.loss = unit.losses[to] - unit.losses[from];
  delta.costs.resize(dims);
  for (size_t k = 0; k < dims; ++k)
    delta.costs[k] = unit.costs[to * dims + k] - unit.costs[from * dims + k];
  for (unsigned e : reduced.edgesOf[u]) {
    const Edge &edge = reduced.edges[e];
    size_t columns = reduced.units[edge.second].losses.size();
    bool isFirst = edge.first == u;
    unsigned other = options[isFirst ? edge.second : edge.first];
    auto entry = [&](unsigned own) {
      return isFirst ? own * columns + other : other * columns + own;
    };
    delta.loss += edge.losses[entry(to)] - edge.losses[entry(from)];
    for (size_t k = 0; k < dims; ++k)
      delta.costs[k] += edge.costs[entry(to) * dims + k] - edge.costs[entry(from) * dims + k];
  }
}

Expected<Solution> alloc::finish(const Problem &problem, Assignment assignment) {
  if (Error error = verify(problem, assignment))
    return addContext("a solver's answer", std::move(error));
  Solution solution;
  solution.evaluation = evaluate(problem, assignment);
  solution.assignment = std::move(assignment);
  return solution;
}
