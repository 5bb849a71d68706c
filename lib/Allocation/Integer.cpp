//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The integer program by CBC; nothing else sees its headers.
//
// Columns x[unit][option] are binary, one of each unit is 1. A pair of options that an edge joins
// has a column y in [0, 1] whose sums over the edge's rows and columns are the x: with binary x
// that makes y their product.
//
// Budgets and costs are divided by a power of two that brings a row's greatest total to 1024 or
// less, as the objective's greatest number: rows in bytes or nanoseconds are beyond CBC's
// tolerances. What CBC takes for integral may lie `integrality` beside it, so that a row has slack
// for that: without it a choice that exceeds a budget by one in 1e9 passes for integral, is
// rejected by its rows and leaves nothing to branch on, and CBC calls the program infeasible. An
// answer that exceeds a budget in exact arithmetic is forbidden by a row of its own and the program
// is solved again.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"
#include <CbcHeuristic.hpp>
#include <CbcModel.hpp>
#include <CglKnapsackCover.hpp>
#include <OsiClpSolverInterface.hpp>
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
constexpr double greatestNumber = 1024; ///< of the objective, and of a row's total
constexpr double tolerance = 1e-9;      ///< of rows and bounds in a solve
constexpr double integrality = 1e-9;    ///< of a column
constexpr double budgetSlack = 2 * greatestNumber * (integrality + tolerance);

/// Columns in compressed form, row by row as CBC's bounds.
class Model {
public:
  explicit Model(const Reduced &reduced);

  /// Forbids one option per unit.
  void forbid(ArrayRef<unsigned> options);

  struct Answer {
    bool optimal = false, infeasible = false;
    double bound = 0; ///< as integer losses
    uint64_t nodes = 0;
    std::vector<unsigned> options;
  };
  Answer solve(double maxSeconds) const;
  /// The linear relaxation: `bound` and whether there is one.
  Answer relax() const;

private:
  unsigned addRow(double lower, double upper) {
    lowers.push_back(lower);
    uppers.push_back(upper);
    return lowers.size() - 1;
  }
  unsigned addColumn(int64_t loss) {
    columns.emplace_back();
    losses.push_back(loss);
    return columns.size() - 1;
  }
  void addCosts(unsigned column, ArrayRef<int64_t> costs) {
    for (auto [k, cost] : enumerate(costs))
      if (cost != 0)
        columns[column].push_back({int(k), std::ldexp(double(cost), -costShifts[k])});
  }
  void addEdge(const Edge &edge);
  void load(OsiClpSolverInterface &solver, double scale) const;
  double scaleOfLosses() const {
    int64_t greatest = 1;
    for (int64_t loss : losses)
      greatest = std::max(greatest, loss);
    return greatestNumber / double(greatest);
  }

  struct Entry {
    int row;
    double value;
  };
  const Reduced &reduced;
  std::vector<std::vector<Entry>> columns;
  std::vector<int64_t> losses;
  std::vector<double> lowers, uppers;
  std::vector<int> costShifts;       ///< [budgets]
  std::vector<unsigned> firstColumn; ///< [units]
  unsigned binaries = 0;
};
} // namespace

constexpr double unlimited = 1e300;

/// By dimension, the bits that take its greatest total to `greatestNumber` or less.
static std::vector<int> shiftsOf(const Reduced &reduced) {
  std::vector<int> shifts;
  for (size_t k = 0; k < reduced.dims(); ++k) {
    double total = std::max(1.0, double(greatestTotal(reduced, k)));
    shifts.push_back(std::max(0, std::ilogb(total) + 1 - std::ilogb(greatestNumber)));
  }
  return shifts;
}

Model::Model(const Reduced &reduced) : reduced(reduced), costShifts(shiftsOf(reduced)) {
  for (auto [budget, shift] : zip_equal(reduced.budgets, costShifts))
    addRow(-unlimited, std::ldexp(double(budget), -shift) + budgetSlack);
  for (const Unit &unit : reduced.units) {
    int row = addRow(1, 1);
    firstColumn.push_back(columns.size());
    for (size_t o = 0; o < unit.losses.size(); ++o) {
      unsigned column = addColumn(unit.losses[o]);
      addCosts(column, ArrayRef(unit.costs).slice(o * reduced.dims(), reduced.dims()));
      columns[column].push_back({row, 1});
    }
  }
  binaries = columns.size();
  for (const Edge &edge : reduced.edges)
    addEdge(edge);
}

void Model::addEdge(const Edge &edge) {
  size_t rows = reduced.units[edge.first].losses.size();
  size_t width = reduced.units[edge.second].losses.size(), dims = reduced.dims();
  int firstRow = lowers.size();
  for (size_t i = 0; i < rows; ++i)
    columns[firstColumn[edge.first] + i].push_back({int(addRow(0, 0)), -1});
  for (size_t j = 0; j < width; ++j)
    columns[firstColumn[edge.second] + j].push_back({int(addRow(0, 0)), -1});
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < width; ++j) {
      size_t entry = i * width + j;
      unsigned column = addColumn(edge.losses[entry]);
      addCosts(column, ArrayRef(edge.costs).slice(entry * dims, dims));
      columns[column].push_back({firstRow + int(i), 1});
      columns[column].push_back({firstRow + int(rows + j), 1});
    }
}

void Model::forbid(ArrayRef<unsigned> options) {
  int row = addRow(-unlimited, double(options.size()) - 1);
  for (auto [first, option] : zip_equal(firstColumn, options))
    columns[first + option].push_back({row, 1});
}

/// CBC's classes, quiet, without the presolve and the tricks of its command line: version 2.10.8's
/// integer presolve (CglPreProcess) takes feasible choices away and calls what is left optimal, and
/// its crunched subproblems fail an assertion.
static void configure(CbcModel &model, double maxSeconds) {
  model.setLogLevel(0);
  model.setIntegerTolerance(integrality);
  model.setAllowableGap(0);
  model.setAllowableFractionGap(0);
  model.setCutoffIncrement(0);
  model.setMaximumSeconds(maxSeconds);
  CglKnapsackCover covers;
  model.addCutGenerator(&covers, -1, "covers"); // at the root
  CbcRounding rounding(model);
  model.addHeuristic(&rounding);
}

void Model::load(OsiClpSolverInterface &solver, double scale) const {
  std::vector<CoinBigIndex> starts = {0};
  std::vector<int> rows;
  std::vector<double> values, objective, lower(columns.size(), 0.0), upper(columns.size(), 1.0);
  for (auto [column, loss] : zip_equal(columns, losses)) {
    for (const Entry &entry : column) {
      rows.push_back(entry.row);
      values.push_back(entry.value);
    }
    starts.push_back(rows.size());
    objective.push_back(double(loss) * scale);
  }
  solver.messageHandler()->setLogLevel(0);
  solver.getModelPtr()->setLogLevel(0);
  solver.setDblParam(OsiDualTolerance, tolerance);
  solver.setDblParam(OsiPrimalTolerance, tolerance);
  solver.loadProblem(int(columns.size()), int(lowers.size()), starts.data(), rows.data(),
                     values.data(), lower.data(), upper.data(), objective.data(), lowers.data(),
                     uppers.data());
}

Model::Answer Model::relax() const {
  double scale = scaleOfLosses();
  OsiClpSolverInterface solver;
  load(solver, scale);
  solver.initialSolve();
  Answer answer;
  answer.optimal = solver.isProvenOptimal();
  answer.infeasible = solver.isProvenPrimalInfeasible();
  answer.bound = answer.optimal ? solver.getObjValue() / scale : 0;
  return answer;
}

Model::Answer Model::solve(double maxSeconds) const {
  double scale = scaleOfLosses();
  OsiClpSolverInterface solver;
  load(solver, scale);
  for (unsigned column = 0; column < binaries; ++column)
    solver.setInteger(column);
  CbcModel model(solver);
  configure(model, maxSeconds);
  model.initialSolve();
  model.branchAndBound();
  Answer answer;
  answer.optimal = model.isProvenOptimal() && model.bestSolution();
  answer.infeasible = model.isProvenInfeasible();
  if (!answer.optimal)
    return answer;
  answer.nodes = std::max(0, model.getNodeCount());
  answer.bound = model.getBestPossibleObjValue() / scale;
  const double *solution = model.bestSolution();
  for (auto [unit, first] : zip_equal(reduced.units, firstColumn))
    answer.options.push_back(
        std::max_element(solution + first, solution + first + unit.losses.size()) -
        (solution + first));
  return answer;
}

Expected<Solution> alloc::solveInteger(const Problem &problem, const IntegerOptions &options) {
  if (Error error = check(problem))
    return std::move(error);
  Reduced reduced = reduce(problem);
  Model model(reduced);
  uint64_t nodes = 0;
  for (unsigned round = 0; round < options.maxRounds; ++round) {
    Model::Answer answer = model.solve(options.maxSeconds);
    nodes += answer.nodes;
    if (answer.infeasible)
      return explainInfeasible(problem);
    if (!answer.optimal)
      return make_error<LimitError>(
          formatv("expected an answer of the integer program within {0} s, but found none",
                  options.maxSeconds)
              .str());
    if (!reduced.fits(reduced.costsOf(answer.options))) {
      model.forbid(answer.options);
      continue;
    }
    Expected<Solution> solution =
        finish(problem, reduced.assignmentOf(answer.options, problem.groups.size()));
    if (!solution)
      return solution;
    solution->nodes = nodes;
    solution->lowerBound =
        std::min(reduced.toLoss(std::max(0.0, answer.bound)), solution->evaluation.loss);
    solution->optimal = true;
    return solution;
  }
  return make_error<LimitError>(formatv("expected an answer of the integer program that meets the "
                                        "budgets exactly, but found none in {0} rounds",
                                        options.maxRounds)
                                    .str());
}

Expected<double> alloc::relaxationBound(const Problem &problem) {
  if (Error error = check(problem))
    return std::move(error);
  Reduced reduced = reduce(problem);
  Model::Answer answer = Model(reduced).relax();
  if (answer.infeasible)
    return explainInfeasible(problem);
  if (!answer.optimal)
    return make_error<LimitError>("expected the linear relaxation's optimum, but found none");
  return reduced.toLoss(std::max(0.0, answer.bound));
}
