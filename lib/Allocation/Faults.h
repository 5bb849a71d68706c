//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Faults collected before they become one error, and which groups are tied.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_ALLOCATION_FAULTS_H
#define QUANTC_LIB_ALLOCATION_FAULTS_H

#include "quantc/Allocation/Problem.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace quantc::alloc {

constexpr size_t kMaxCandidates = 255;

/// Messages, one a line. After 100 they are counted only.
class Faults {
public:
  void add(const llvm::Twine &message) {
    if (++count <= 100)
      text += (count > 1 ? "\n" : "") + message.str();
  }
  bool empty() const { return count == 0; }
  llvm::Error take() {
    if (empty())
      return llvm::Error::success();
    if (count > 100)
      text += llvm::formatv("\nand {0} more", count - 100);
    return makeError(text);
  }

private:
  std::string text;
  size_t count = 0;
};

/// As few digits as tell a double from its neighbours.
std::string number(double value);

/// For each group the first of those that it is tied to, directly or through others; itself for
/// none. Ties hold valid indices.
std::vector<unsigned> tieRoots(const Problem &problem);

} // namespace quantc::alloc

#endif // QUANTC_LIB_ALLOCATION_FAULTS_H
