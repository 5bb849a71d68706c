//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The report as one page: the JSON of the report inside a page that draws it (Report.html).
//
//===----------------------------------------------------------------------===//

#include "ReportPage.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantc;

/// Loss against each resource, of all allocations, as in the files of `--allocation-report`: at
/// most 200 points.
static llvm::json::Array frontsOf(const AllocationResult &allocation) {
  alloc::Evaluation chosen = alloc::evaluate(allocation.problem, allocation.chosen);
  llvm::json::Array fronts;
  for (auto [i, resource] : llvm::enumerate(allocation.problem.resources)) {
    auto front = wholeFront(allocation.problem, unsigned(i));
    if (!front) { // too many states
      llvm::consumeError(front.takeError());
      continue;
    }
    llvm::json::Array points;
    for (const alloc::FrontPoint &point : thinnedFront(*front, 200))
      points.push_back(llvm::json::Array{point.cost, point.loss});
    fronts.push_back(
        llvm::json::Object{{"resource", resource.name},
                           {"points", std::move(points)},
                           {"chosen", llvm::json::Array{chosen.costs[i], chosen.loss}}});
  }
  return fronts;
}

void quantc::writePage(const CompileReport &report, const Recipe &recipe, llvm::raw_ostream &os) {
  llvm::json::Value value = report.toJSON();
  llvm::json::Object &object = *value.getAsObject();
  std::string recipeText;
  llvm::raw_string_ostream recipeStream(recipeText);
  writeRecipe(recipe, recipeStream);
  object["recipe_text"] = recipeText;
  object["quantc"] = quantcVersion();
  if (report.allocation)
    object["fronts"] = frontsOf(*report.allocation);
  // A script element ends at "</script", and "<!--" changes how it is read: no "<" is left as it
  // is.
  std::string text = llvm::formatv("{0}", value), escaped;
  for (char c : text)
    if (c == '<')
      escaped += "\\u003c";
    else
      escaped += c;
  auto [before, after] = llvm::StringRef(reportPage).split("@DATA@");
  os << before << escaped << after;
}
