//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options of recipes as one table.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H
#define QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H

#include "quantc/Pipelines/Recipe.h"
#include <functional>

namespace quantc {

/// An option, and how its text is read into a recipe and written.
struct RecipeEntry {
  RecipeOption option;
  std::function<llvm::Error(Recipe &, llvm::StringRef)> set;
  std::function<std::string(const Recipe &)> get;
};

/// An option that no step of a recipe reads.
struct IdleOption {
  llvm::StringRef name;
  std::string reason; ///< "NAME: expected what would read it, but found another"
};

/// By one table (RecipeUse.cpp), whether the options were given or not. One may be there twice, for
/// two reasons.
std::vector<IdleOption> idleOptions(const Recipe &recipe);

/// Options that were given another value than their default, and that nothing reads: all of them in
/// one message.
llvm::Error checkUse(const Recipe &recipe);

/// In the order of `recipeOptions`.
const std::vector<RecipeEntry> &recipeEntries();

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_RECIPEOPTIONS_H
