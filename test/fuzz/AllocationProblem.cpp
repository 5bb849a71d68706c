//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Problems of bit allocation: read, judged, and written again; what is written must read as the
// same.
//
//===----------------------------------------------------------------------===//

#include "FuzzFile.h"
#include "quantc/Allocation/ProblemFile.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace quantc::alloc;
using quantc::fuzz::check;

static std::string print(const Problem &problem) {
  std::string text;
  raw_string_ostream stream(text);
  writeProblem(problem, stream);
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<Problem> problem = parseProblem(toStringRef(ArrayRef(data, size)));
  if (!problem) {
    check(!toString(problem.takeError()).empty(), "a refusal without a reason");
    return 0;
  }
  check(!errorToBool(quantc::alloc::check(*problem)), "a problem that was read has faults");
  Assignment first;
  for (const Group &group : problem->groups)
    first.push_back(group.pin.value_or(0));
  check(evaluate(*problem, first).costs.size() == problem->resources.size(), "a cost is missing");
  consumeError(verify(*problem, first));
  std::string text = print(*problem), program;
  Expected<Problem> again = parseProblem(text);
  check(bool(again), "what was written cannot be read");
  check(print(*again) == text, "what was written reads as another problem");
  raw_string_ostream stream(program);
  consumeError(writeLp(*problem, stream));
  return 0;
}
