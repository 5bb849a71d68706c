//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// "Did you mean": the closest known name to an unknown one, for the errors
// about options, inputs, ops and files.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_SUGGEST_H
#define QUANTC_SUPPORT_SUGGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace quantc {

/// The candidate with the smallest edit distance to `name` (case is cheap), or
/// an empty string when none is close: the distance must be at most a third of
/// the longer name, and at least one. The first of several equals wins.
llvm::StringRef suggest(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);
std::string suggest(llvm::StringRef name, llvm::ArrayRef<std::string> candidates);

/// "; did you mean 'x'?" or an empty string, to append to a diagnostic.
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<std::string> candidates);

} // namespace quantc

#endif // QUANTC_SUPPORT_SUGGEST_H
