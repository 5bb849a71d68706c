//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What makes a problem one that the solvers take.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Problem.h"
#include "Faults.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

/// Of any integer, the least one too.
static uint64_t magnitude(int64_t value) {
  return value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

static void checkResources(ArrayRef<Resource> resources, Faults &faults) {
  StringSet<> names;
  for (auto [k, resource] : enumerate(resources)) {
    std::string place = formatv("resource {0}", k);
    if (resource.name.empty())
      faults.add(place + ": expected a name, but found none");
    else if (!names.insert(resource.name).second)
      faults.add(place + ": expected another name, but found '" + resource.name + "' again");
    if (resource.budget && magnitude(*resource.budget) > uint64_t(kMaxCost))
      faults.add(place + ": expected a budget of magnitude <= 2^53, but found " +
                 Twine(*resource.budget));
  }
}

static void checkCandidate(const Candidate &candidate, size_t resources, const Twine &place,
                           Faults &faults) {
  if (!std::isfinite(candidate.bits) || candidate.bits <= 0)
    faults.add(place + ": expected bits that are positive and finite, but found " +
               number(candidate.bits));
  if (!std::isfinite(candidate.loss) || candidate.loss < 0)
    faults.add(place + ": expected a loss that is finite and not negative, but found " +
               number(candidate.loss));
  if (candidate.costs.size() != resources)
    faults.add(place + ": expected one cost for each of " + Twine(resources) +
               " resources, but found " + Twine(candidate.costs.size()));
  for (int64_t cost : candidate.costs)
    if (cost < 0 || cost > kMaxCost)
      faults.add(place + ": expected costs in [0, 2^53], but found " + Twine(cost));
}

static void checkGroup(const Group &group, size_t resources, const Twine &place, Faults &faults) {
  if (group.candidates.empty() || group.candidates.size() > kMaxCandidates)
    faults.add(place + ": expected 1 to " + Twine(kMaxCandidates) + " candidates, but found " +
               Twine(group.candidates.size()));
  if (group.pin && *group.pin >= group.candidates.size())
    faults.add(place + ": expected a pin below the number of candidates " +
               Twine(group.candidates.size()) + ", but found " + Twine(*group.pin));
  StringSet<> labels;
  for (auto [c, candidate] : enumerate(group.candidates)) {
    std::string at = (place + ", candidate " + Twine(c)).str();
    if (candidate.label.empty() || !labels.insert(candidate.label).second)
      faults.add(at + ": expected a label of its own, but found '" + candidate.label + "'");
    checkCandidate(candidate, resources, at, faults);
  }
}

static void checkTie(const Problem &problem, const Tie &tie, const Twine &place, Faults &faults) {
  if (tie.size() < 2)
    faults.add(place + ": expected two or more groups, but found " + Twine(tie.size()));
  for (unsigned member : tie)
    if (member >= problem.groups.size())
      return faults.add(place + ": expected groups below " + Twine(problem.groups.size()) +
                        ", but found " + Twine(member));
  for (unsigned member : ArrayRef(tie).drop_front(tie.empty() ? 0 : 1)) {
    const Group &first = problem.groups[tie.front()], &other = problem.groups[member];
    auto sameLabel = [](const Candidate &a, const Candidate &b) { return a.label == b.label; };
    if (!std::equal(first.candidates.begin(), first.candidates.end(), other.candidates.begin(),
                    other.candidates.end(), sameLabel))
      faults.add(place + ": expected the same labels in the same order, but found that '" +
                 first.name + "' and '" + other.name + "' differ");
  }
}

/// Pins of tied groups, also of groups tied through others, must be equal.
static void checkPins(const Problem &problem, Faults &faults) {
  std::vector<unsigned> roots = tieRoots(problem);
  std::vector<std::optional<unsigned>> owners(problem.groups.size());
  for (auto [g, group] : enumerate(problem.groups)) {
    if (!group.pin)
      continue;
    std::optional<unsigned> &owner = owners[roots[g]];
    if (owner && problem.groups[*owner].pin != group.pin)
      faults.add("group '" + group.name + "': expected the pin of '" + problem.groups[*owner].name +
                 "', which it is tied to, but found another");
    owner = owner ? owner : std::optional<unsigned>(g);
  }
}

static void checkCoupling(const Problem &problem, const Coupling &coupling, const Twine &place,
                          Faults &faults) {
  size_t count = problem.groups.size();
  if (coupling.first >= count || coupling.second >= count || coupling.first == coupling.second)
    return faults.add(place + ": expected two different groups below " + Twine(count) +
                      ", but found " + Twine(coupling.first) + " and " + Twine(coupling.second));
  size_t size = problem.groups[coupling.first].candidates.size() *
                problem.groups[coupling.second].candidates.size();
  if (coupling.losses.size() != size)
    faults.add(place + ": expected " + Twine(size) + " losses, but found " +
               Twine(coupling.losses.size()));
  if (!coupling.costs.empty() && coupling.costs.size() != size * problem.resources.size())
    faults.add(place + ": expected " + Twine(size * problem.resources.size()) +
               " costs or none, but found " + Twine(coupling.costs.size()));
  for (double loss : coupling.losses)
    if (!std::isfinite(loss))
      faults.add(place + ": expected finite losses, but found " + number(loss));
  for (int64_t cost : coupling.costs)
    if (cost > kMaxCost || cost < -kMaxCost)
      faults.add(place + ": expected costs of magnitude <= 2^53, but found " + Twine(cost));
}

/// The greatest magnitude of any total; runs only where all costs are known to be <= 2^53.
static void checkTotals(const Problem &problem, Faults &faults) {
  double loss = 0;
  for (const Group &group : problem.groups)
    for (const Candidate &candidate : group.candidates)
      loss += candidate.loss;
  for (const Coupling &coupling : problem.couplings)
    for (double value : coupling.losses)
      loss += std::abs(value);
  if (!std::isfinite(loss))
    faults.add("expected losses whose sum is finite, but found an overflow");
  for (auto [k, resource] : enumerate(problem.resources)) {
    uint64_t total = 0;
    for (const Group &group : problem.groups) {
      uint64_t greatest = 0;
      for (const Candidate &candidate : group.candidates)
        greatest = std::max<uint64_t>(greatest, candidate.costs[k]);
      total = SaturatingAdd(total, greatest);
    }
    for (const Coupling &coupling : problem.couplings) {
      size_t size = coupling.losses.size();
      uint64_t greatest = 0;
      for (size_t i = 0; i < size && !coupling.costs.empty(); ++i)
        greatest = std::max(greatest, magnitude(coupling.costs[k * size + i]));
      total = SaturatingAdd(total, greatest);
    }
    if (total > uint64_t(kMaxCost))
      faults.add("resource '" + resource.name +
                 "': expected a greatest total <= 2^53, but found more");
  }
}

Error alloc::check(const Problem &problem) {
  Faults faults;
  checkResources(problem.resources, faults);
  if (problem.groups.empty())
    faults.add("expected one group or more, but found none");
  StringSet<> names;
  for (auto [g, group] : enumerate(problem.groups)) {
    std::string place = formatv("group {0} '{1}'", g, group.name);
    if (group.name.empty() || !names.insert(group.name).second)
      faults.add(place + ": expected a name of its own, but found '" + group.name + "'");
    checkGroup(group, problem.resources.size(), place, faults);
  }
  for (auto [t, tie] : enumerate(problem.ties))
    checkTie(problem, tie, "tie " + Twine(t), faults);
  for (auto [e, coupling] : enumerate(problem.couplings))
    checkCoupling(problem, coupling, "coupling " + Twine(e), faults);
  if (faults.empty()) {
    checkPins(problem, faults);
    checkTotals(problem, faults);
  }
  return faults.take();
}
