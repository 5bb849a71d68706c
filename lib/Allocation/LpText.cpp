//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Problems in CPLEX-LP text, straight from the problem: ties and pins are rows, products of coupled
// choices are columns y with y <= x, y <= x', y >= x + x' - 1.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "quantc/Allocation/ProblemFile.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
/// A linear expression, a few terms a line: readers limit the length of lines.
class Terms {
public:
  explicit Terms(raw_ostream &out) : out(out) {}
  void add(const std::string &coefficient, bool negative, const Twine &column) {
    if (count++ % 4 == 0)
      out << "\n ";
    out << (negative ? " - " : " + ") << coefficient << ' ' << column;
  }
  void add(double coefficient, const Twine &column) {
    if (coefficient != 0)
      add(number(std::abs(coefficient)), coefficient < 0, column);
  }
  void add(int64_t coefficient, const Twine &column) {
    if (coefficient != 0)
      add(std::to_string(std::abs(coefficient)), coefficient < 0, column);
  }
  bool empty() const { return count == 0; }

private:
  raw_ostream &out;
  size_t count = 0;
};

class Writer {
public:
  Writer(const Problem &problem, raw_ostream &out) : problem(problem), out(out) {}
  void write();

private:
  static std::string x(size_t group, size_t candidate) {
    return formatv("x{0}_{1}", group, candidate);
  }
  static std::string y(size_t coupling, size_t first, size_t second) {
    return formatv("y{0}_{1}_{2}", coupling, first, second);
  }
  /// Calls visit(coupling, first choice, second choice, entry).
  template <typename Visit> void visitProducts(Visit visit) {
    for (auto [e, coupling] : enumerate(problem.couplings)) {
      size_t columns = problem.groups[coupling.second].candidates.size();
      for (size_t entry = 0; entry < coupling.losses.size(); ++entry)
        visit(e, coupling, entry / columns, entry % columns, entry);
    }
  }
  void writeNames();
  void writeObjective();
  void writeBudget(size_t k);
  void writeProducts();

  const Problem &problem;
  raw_ostream &out;
};
} // namespace

/// A name without line ends, which would end the comment.
static std::string oneLine(StringRef name) {
  std::string result = name.str();
  for (char &c : result)
    if (static_cast<unsigned char>(c) < 0x20)
      c = ' ';
  return result;
}

void Writer::writeNames() {
  for (auto [g, group] : enumerate(problem.groups))
    for (auto [c, candidate] : enumerate(group.candidates))
      out << "\\ " << x(g, c) << ": " << oneLine(group.name) << " = " << oneLine(candidate.label)
          << '\n';
}

void Writer::writeObjective() {
  out << "Minimize\n loss:";
  Terms terms(out);
  for (auto [g, group] : enumerate(problem.groups))
    for (auto [c, candidate] : enumerate(group.candidates))
      terms.add(candidate.loss, x(g, c));
  visitProducts([&](size_t e, const Coupling &coupling, size_t i, size_t j, size_t entry) {
    terms.add(coupling.losses[entry], y(e, i, j));
  });
  if (terms.empty())
    out << " 0 " << x(0, 0);
  out << "\nSubject To\n";
}

void Writer::writeBudget(size_t k) {
  const Resource &resource = problem.resources[k];
  out << "\\ budget of " << oneLine(resource.name) << "\n budget" << k << ":";
  Terms terms(out);
  for (auto [g, group] : enumerate(problem.groups))
    for (auto [c, candidate] : enumerate(group.candidates))
      terms.add(candidate.costs[k], x(g, c));
  visitProducts([&](size_t e, const Coupling &coupling, size_t i, size_t j, size_t entry) {
    if (!coupling.costs.empty())
      terms.add(coupling.costs[k * coupling.losses.size() + entry], y(e, i, j));
  });
  if (terms.empty())
    out << " 0 " << x(0, 0);
  out << " <= " << *resource.budget << '\n';
}

void Writer::writeProducts() {
  visitProducts([&](size_t e, const Coupling &coupling, size_t i, size_t j, size_t) {
    std::string product = y(e, i, j), a = x(coupling.first, i), b = x(coupling.second, j);
    out << ' ' << product << "a: " << product << " - " << a << " <= 0\n"
        << ' ' << product << "b: " << product << " - " << b << " <= 0\n"
        << ' ' << product << "c: " << a << " + " << b << " - " << product << " <= 1\n";
  });
}

void Writer::write() {
  writeNames();
  writeObjective();
  for (auto [k, resource] : enumerate(problem.resources))
    if (resource.budget)
      writeBudget(k);
  for (auto [g, group] : enumerate(problem.groups)) {
    out << " one" << g << ":";
    Terms terms(out);
    for (size_t c = 0; c < group.candidates.size(); ++c)
      terms.add(int64_t(1), x(g, c));
    out << " = 1\n";
    if (group.pin)
      out << " pin" << g << ": " << x(g, *group.pin) << " = 1\n";
  }
  for (auto [t, tie] : enumerate(problem.ties))
    for (size_t m = 1; m < tie.size(); ++m)
      for (size_t c = 0; c < problem.groups[tie[0]].candidates.size() && tie[m] != tie[0]; ++c)
        out << " tie" << t << '_' << m << '_' << c << ": " << x(tie[0], c) << " - " << x(tie[m], c)
            << " = 0\n";
  writeProducts();
  out << "Binary\n";
  for (auto [g, group] : enumerate(problem.groups))
    for (size_t c = 0; c < group.candidates.size(); ++c)
      out << ' ' << x(g, c) << '\n';
  out << "End\n";
}

Error alloc::writeLp(const Problem &problem, raw_ostream &out) {
  if (Error error = check(problem))
    return error;
  Writer(problem, out).write();
  return Error::success();
}
