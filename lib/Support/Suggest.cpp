//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Closest names by edit distance. Distances are counted in halves so that a
// difference in case only costs less than a different letter.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Suggest.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

/// Twice the edit distance of the lower-cased names, plus one if they differ in
/// case only at some place.
static unsigned distance(StringRef a, StringRef b) {
  std::string lowerA = a.lower(), lowerB = b.lower();
  unsigned folded = StringRef(lowerA).edit_distance(lowerB);
  return 2 * folded + (a.edit_distance(b) != folded ? 1 : 0);
}

StringRef quantc::suggest(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef best;
  unsigned bestDistance = 0;
  for (StringRef candidate : candidates) {
    unsigned found = distance(name, candidate);
    unsigned longer = std::max(name.size(), candidate.size());
    if (found > 2 * std::max(1u, longer / 3))
      continue;
    // One-letter names are all one edit apart; only case can suggest them.
    if (longer <= 1 && found > 1)
      continue;
    if (best.empty() || found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

std::string quantc::suggest(StringRef name, ArrayRef<std::string> candidates) {
  SmallVector<StringRef> names(candidates.begin(), candidates.end());
  return suggest(name, names).str();
}

std::string quantc::didYouMean(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef best = suggest(name, candidates);
  return best.empty() ? std::string() : ("; did you mean '" + Twine(best) + "'?").str();
}

std::string quantc::didYouMean(StringRef name, ArrayRef<std::string> candidates) {
  SmallVector<StringRef> names(candidates.begin(), candidates.end());
  return didYouMean(name, names);
}
