//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A problem small enough to think about.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_ALLOCATION_SAMPLES_H
#define QUANTC_TEST_UNIT_ALLOCATION_SAMPLES_H

#include "quantc/Allocation/Problem.h"

namespace quantc::alloc::test {

/// Three groups of 4 or 8 bits, of which one is large, one sensitive:
///   a: loss 1 or 0,   4 or 8 bytes;  b: loss 4 or 0.5, 4 or 8 bytes;  c: loss 2 or 0, 4 or 8 bytes
inline Problem smallProblem() {
  Problem problem;
  problem.resources = {{"size", "B", int64_t(20)}};
  problem.groups = {{"a", {{"w4", 4, 1, {4}}, {"w8", 8, 0, {8}}}, {}},
                    {"b", {{"w4", 4, 4, {4}}, {"w8", 8, 0.5, {8}}}, {}},
                    {"c", {{"w4", 4, 2, {4}}, {"w8", 8, 0, {8}}}, {}}};
  return problem;
}

} // namespace quantc::alloc::test

#endif // QUANTC_TEST_UNIT_ALLOCATION_SAMPLES_H
