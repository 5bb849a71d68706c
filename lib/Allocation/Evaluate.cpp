//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The verifier: adds up what an assignment loses and costs straight from the problem, and looks at
// each rule. It shares no code with the solvers.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "quantc/Allocation/Problem.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
/// Neumaier's compensated sum.
struct Sum {
  double sum = 0, compensation = 0;
  void add(double value) {
    double next = sum + value;
    compensation += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  double total() const { return sum + compensation; }
};
} // namespace

Evaluation alloc::evaluate(const Problem &problem, ArrayRef<unsigned> assignment) {
  Evaluation result;
  result.costs.resize(problem.resources.size());
  Sum loss;
  for (auto [group, choice] : zip_equal(problem.groups, assignment)) {
    const Candidate &candidate = group.candidates[choice];
    loss.add(candidate.loss);
    for (size_t k = 0; k < result.costs.size(); ++k)
      result.costs[k] += candidate.costs[k];
  }
  for (const Coupling &coupling : problem.couplings) {
    size_t columns = problem.groups[coupling.second].candidates.size();
    size_t entry = assignment[coupling.first] * columns + assignment[coupling.second];
    loss.add(coupling.losses[entry]);
    for (size_t k = 0; k < result.costs.size() && !coupling.costs.empty(); ++k)
      result.costs[k] += coupling.costs[k * coupling.losses.size() + entry];
  }
  result.loss = loss.total();
  return result;
}

Error alloc::verify(const Problem &problem, ArrayRef<unsigned> assignment) {
  if (assignment.size() != problem.groups.size())
    return makeError("expected a choice for each of " + Twine(problem.groups.size()) +
                     " groups, but found " + Twine(assignment.size()));
  Faults faults;
  bool valid = true;
  for (auto [group, choice] : zip_equal(problem.groups, assignment)) {
    if (choice >= group.candidates.size()) {
      valid = false;
      faults.add("group '" + group.name + "': expected a choice below " +
                 Twine(group.candidates.size()) + ", but found " + Twine(choice));
    } else if (group.pin && choice != *group.pin) {
      faults.add("group '" + group.name + "': expected '" + group.candidates[*group.pin].label +
                 "', which it is pinned to, but found '" + group.candidates[choice].label + "'");
    }
  }
  for (const Tie &tie : problem.ties)
    for (unsigned member : tie)
      if (assignment[member] != assignment[tie.front()])
        faults.add("group '" + problem.groups[member].name + "': expected the choice of '" +
                   problem.groups[tie.front()].name + "', which it is tied to, but found another");
  if (!valid)
    return faults.take();
  Evaluation evaluation = evaluate(problem, assignment);
  for (auto [resource, cost] : zip_equal(problem.resources, evaluation.costs))
    if (resource.budget && cost > *resource.budget)
      faults.add("resource '" + resource.name + "': expected at most " + Twine(*resource.budget) +
                 ", but found " + Twine(cost));
  return faults.take();
}
