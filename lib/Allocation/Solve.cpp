//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both exact solvers, and whether they agree.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"
#include "quantc/Allocation/Solvers.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

/// The solution, or nothing where the solver gave up, which `limits` then tells.
static Expected<std::optional<Solution>> unlessLimited(Expected<Solution> solution, StringRef name,
                                                       std::string &limits) {
  if (solution)
    return std::optional(std::move(*solution));
  Error error = handleErrors(solution.takeError(), [&](const LimitError &limit) {
    raw_string_ostream out(limits);
    out << (limits.empty() ? "" : "\n") << name << ": ";
    limit.log(out);
  });
  if (error)
    return std::move(error);
  return std::optional<Solution>();
}

/// The greatest loss that choices can differ by, which resolution is measured in.
static double greatestLoss(const Problem &problem) {
  double total = 0;
  for (const Group &group : problem.groups)
    for (const Candidate &candidate : group.candidates)
      total = std::max(total, candidate.loss);
  for (const Coupling &coupling : problem.couplings)
    for (double loss : coupling.losses)
      total = std::max(total, std::abs(loss));
  return total;
}

/// The linear relaxation's loss, or where the solver fails, which `limits` then tells, the greatest
/// Lagrangian bound, which is no greater.
static double boundOf(const Problem &problem, std::string &limits) {
  Expected<double> relaxation = relaxationBound(problem);
  if (relaxation)
    return *relaxation;
  raw_string_ostream(limits) << (limits.empty() ? "" : "\n")
                             << "linear relaxation: " << toString(relaxation.takeError());
  Reduced reduced = reduce(problem);
  return reduced.toLoss(bestLagrangian(reduced).bound);
}

Expected<Report> alloc::solve(const Problem &problem, const SolveOptions &options) {
  Report report;
  Expected<std::optional<Solution>> dynamic =
      unlessLimited(solveDynamic(problem, options.dynamic), "dynamic program", report.limits);
  if (!dynamic)
    return dynamic.takeError();
  Expected<std::optional<Solution>> integer =
      unlessLimited(solveInteger(problem, options.integer), "integer program", report.limits);
  if (!integer && *dynamic && integer.errorIsA<InfeasibleError>()) {
    consumeError(integer.takeError()); // no proof, but what a tolerance did: the other is verified
    integer = unlessLimited(make_error<LimitError>("expected an allocation within the budgets, as "
                                                   "the dynamic program has, but found none"),
                            "integer program", report.limits);
  }
  if (!integer)
    return integer.takeError();
  if (!*dynamic && !*integer)
    return make_error<LimitError>(report.limits);
  report.dynamic = std::move(*dynamic);
  report.integer = std::move(*integer);
  bool both = report.dynamic && report.integer;
  if (both && report.dynamic->optimal) {
    double difference = report.dynamic->evaluation.loss - report.integer->evaluation.loss;
    if (std::abs(difference) > 1e-9 * greatestLoss(problem))
      return makeError("expected dynamic and integer program to agree, but found losses " +
                       number(report.dynamic->evaluation.loss) + " and " +
                       number(report.integer->evaluation.loss));
  }
  bool byDynamic = report.dynamic && (report.dynamic->optimal || !report.integer);
  report.best = byDynamic ? *report.dynamic : *report.integer;
  if (Expected<Solution> greedy = solveGreedy(problem))
    report.greedy = std::move(*greedy);
  else
    consumeError(greedy.takeError());
  double loss = report.best.evaluation.loss;
  report.relaxation = std::min(boundOf(problem, report.limits), loss);
  double bound = report.relaxation;
  for (const std::optional<Solution> &solution : {report.dynamic, report.integer})
    if (solution)
      bound = std::max(bound, solution->lowerBound);
  double unit = std::abs(loss);
  report.gap = unit > 0 ? std::max(0.0, loss - bound) / unit : 0;
  report.relaxationGap = unit > 0 ? (loss - report.relaxation) / unit : 0;
  return report;
}
