//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the equation of an Einsum.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/Equation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include <map>
#include <optional>
#include <string>

using namespace quantc;
using namespace quantc::onnx;
using llvm::StringRef;

/// Labels of one term; the ellipsis stands for what the letters leave of `rank`.
static std::optional<std::vector<int>> readTerm(StringRef term, int64_t rank) {
  std::vector<int> labels;
  size_t dots = term.find("...");
  int64_t letters = int64_t(term.size()) - (dots == StringRef::npos ? 0 : 3);
  int64_t hidden = dots == StringRef::npos ? 0 : rank - letters;
  if (hidden < 0)
    return std::nullopt;
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int64_t axis = hidden; axis-- > 0;)
        labels.push_back(ellipsisLabel + int(axis));
      i += 2;
      continue;
    }
    if (!llvm::isAlpha(term[i]))
      return std::nullopt;
    labels.push_back(term[i]);
  }
  return labels;
}

llvm::Expected<Equation> quantc::onnx::readEquation(StringRef given,
                                                    llvm::ArrayRef<int64_t> ranks) {
  std::string text = given.str();
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  llvm::SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != ranks.size())
    return llvm::createStringError("expected a term for each input");
  Equation equation;
  std::map<int, int> counts;
  int most = 0; // axes of the longest ellipsis
  for (auto [term, rank] : llvm::zip_equal(terms, ranks)) {
    auto labels = readTerm(term, rank);
    if (!labels || int64_t(labels->size()) != rank)
      return llvm::createStringError("term '" + term + "' does not fit its input");
    for (int label : *labels) {
      ++counts[label];
      if (label >= ellipsisLabel)
        most = std::max(most, label - ellipsisLabel + 1);
    }
    equation.operands.push_back(*labels);
  }
  if (StringRef(text).contains("->")) {
    size_t letters = right.size() - (right.contains("...") ? 3 : 0);
    auto labels = readTerm(right, int64_t(letters) + most);
    if (!labels)
      return llvm::createStringError("the result's term is malformed");
    equation.result = *labels;
  } else { // the ellipsis, then labels that stand once, in alphabetical order
    for (int axis = most; axis-- > 0;)
      equation.result.push_back(ellipsisLabel + axis);
    for (auto [label, count] : counts)
      if (label < ellipsisLabel && count == 1)
        equation.result.push_back(label);
  }
  for (int label : equation.result) {
    if (!counts.count(label))
      return llvm::createStringError("the result has a label that no input has");
    if (llvm::count(equation.result, label) > 1)
      return llvm::createStringError("the result has a label twice");
  }
  return equation;
}
