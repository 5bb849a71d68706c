//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Problems as text: JSON to keep and read back (a search can be repeated without data), CPLEX-LP to
// hand to any solver (`cbc f.lp solve`, `glpsol --lp f.lp`).
//
//   {"format": "quantc-allocation", "version": 1,
//    "resources": [{"name": "size", "unit": "B", "budget": 7000}],       // unit, budget optional
//    "groups": [{"name": "conv1", "pin": "w8",                           // pin optional
//                "candidates": [{"label": "w8", "bits": 8, "loss": 0.1, "costs": [4096]}]}],
//    "ties": [["conv2", "conv3"]],                                       // optional
//    "couplings": [{"first": "conv1", "second": "conv2",                 // optional
//                   "losses": [[0, 1], [1, 0]],
//                   "costs": [[[0, 8], [8, 0]]]}]}                       // optional; per resource
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_PROBLEMFILE_H
#define QUANTC_ALLOCATION_PROBLEMFILE_H

#include "quantc/Allocation/Problem.h"
#include "llvm/Support/raw_ostream.h"

namespace quantc::alloc {

/// All faults at once, one a line, each with its place in the text ("groups[3].candidates[1].loss:
/// expected a number, but found a string"); unknown keys are faults. The result passes `check`.
llvm::Expected<Problem> parseProblem(llvm::StringRef text);

/// Doubles have 17 digits: reading gives the same problem.
void writeProblem(const Problem &problem, llvm::raw_ostream &out);

/// The integer program in CPLEX-LP text, with the names of groups and candidates as comments.
/// Losses and costs have the problem's units.
llvm::Error writeLp(const Problem &problem, llvm::raw_ostream &out);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_PROBLEMFILE_H
