//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bit allocation of ResNet18 that HAWQ-V3 publishes (Yao et al., ICML 2021, arXiv 2011.10680;
// numbers of Zhen-Dong/HAWQ's ILP notebook): 19 convolutions between first and last layer.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_ALLOCATION_HAWQV3_H
#define QUANTC_TEST_UNIT_ALLOCATION_HAWQV3_H

#include "quantc/Allocation/Problem.h"
#include <cmath>

namespace quantc::alloc::test {

enum HawqResource : unsigned { kSize, kBops, kLatency };

/// Resources: bytes, bit operations, latency in units of 1e-8 ms (the digits that were printed).
inline Problem hawqV3ResNet18() {
  constexpr int count = 19;
  constexpr double trace[count] = {.06857826, .03162379, .03298575, .01205663, .02222431,
                                   .00596336, .06931772, .00807129, .00372905, .00530698,
                                   .00209011, .00737569, .00210454, .00151197, .00158041,
                                   .00078146, .00451841, .00098745, .00072944};
  constexpr double error8[count] = {.0235, .0125, .0102, .0082, .0145, .0344, .0023,
                                    .0287, .0148, .0333, .0682, .0027, .0448, .0336,
                                    .0576, .1130, .0102, .0947, .0532};
  constexpr double error4[count] = {6.7430,  3.9691,  3.3281,  2.6796,  4.7277, 10.5966, .6827,
                                    9.0942,  4.8857,  10.7599, 21.7546, .8603,  14.5324, 10.9651,
                                    18.7706, 36.4044, 3.1572,  29.6994, 17.4016};
  constexpr int64_t size[count] = {36864,   36864,   36864,  36864,   73728,  147456, 8192,
                                   147456,  147456,  294912, 589824,  32768,  589824, 589824,
                                   1179648, 2359296, 131072, 2359296, 2359296};
  constexpr int64_t latency4[count] = {21094404, 21092674, 21104113, 21086851, 13642465,
                                       19167506, 2532183,  19148203, 19142914, 11395316,
                                       20556011, 1917474,  20566918, 20566509, 13185102,
                                       22287786, 1790088,  22304611, 22286099};
  constexpr int64_t latency8[count] = {36189111, 36211718, 31141909, 30454471, 19184896,
                                       38948934, 3341690,  38904905, 38928590, 19134735,
                                       34307431, 2802354,  34313329, 34310756, 21117103,
                                       37376585, 2896843,  37398187, 37405185};
  Problem problem;
  problem.resources = {{"size", "B", {}}, {"BOPS", "bit operations", {}}, {"latency", "10 fs", {}}};
  for (int i = 0; i < count; ++i) {
    bool halved = i == 4 || i == 9 || i == 14, small = i == 6 || i == 11 || i == 16;
    int64_t macs = small ? 6422528 : halved ? 57802752 : 115605504;
    Group group;
    group.name = "conv" + std::to_string(i);
    group.candidates.push_back(
        {"w4a4", 4, trace[i] * error4[i], {size[i] / 2, macs * 16, latency4[i]}});
    group.candidates.push_back(
        {"w8a8", 8, trace[i] * error8[i], {size[i], macs * 64, latency8[i]}});
    problem.groups.push_back(std::move(group));
  }
  // A residual unit's first convolution and its down-sampling read the same tensor.
  problem.ties = {{4, 6}, {9, 11}, {14, 16}};
  return problem;
}

/// The total of resource `k` with `choice` everywhere.
inline int64_t totalOf(const Problem &problem, unsigned k, unsigned choice) {
  return evaluate(problem, Assignment(problem.groups.size(), choice)).costs[k];
}

/// The paper's budgets: all-4 + share * (all-8 - all-4).
inline void setBudget(Problem &problem, unsigned k, double share) {
  int64_t low = totalOf(problem, k, 0), high = totalOf(problem, k, 1);
  problem.resources[k].budget = low + int64_t(std::floor(share * double(high - low)));
}

} // namespace quantc::alloc::test

#endif // QUANTC_TEST_UNIT_ALLOCATION_HAWQV3_H
