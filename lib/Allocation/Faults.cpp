//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers as text, and groups that are tied.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include <charconv>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

std::string alloc::number(double value) {
  char digits[32];
  return std::string(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
}

std::vector<unsigned> alloc::tieRoots(const Problem &problem) {
  std::vector<unsigned> roots(problem.groups.size());
  std::iota(roots.begin(), roots.end(), 0u);
  auto rootOf = [&](unsigned g) {
    while (roots[g] != g)
      g = roots[g] = roots[roots[g]];
    return g;
  };
  for (const Tie &tie : problem.ties)
    for (unsigned member : tie) {
      unsigned a = rootOf(tie.front()), b = rootOf(member);
      roots[std::max(a, b)] = std::min(a, b);
    }
  for (unsigned g = 0; g < roots.size(); ++g)
    roots[g] = rootOf(g);
  return roots;
}
