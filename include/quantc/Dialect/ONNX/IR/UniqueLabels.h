//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of nodes need not be unique in a file; what reports, options and statistics call a node
// must be.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_IR_UNIQUELABELS_H
#define QUANTC_DIALECT_ONNX_IR_UNIQUELABELS_H

#include "llvm/ADT/StringMap.h"
#include <string>

namespace quantc::onnx {

class UniqueLabels {
public:
  /// `label` where nothing has it yet; else "label (tag)"; else that with a number from 2 on.
  std::string take(llvm::StringRef label, llvm::StringRef tag) {
    if (counts.try_emplace(label, 1).second)
      return label.str();
    std::string tagged = (label + " (" + tag + ")").str();
    auto [entry, isNew] = counts.try_emplace(tagged, 1);
    if (isNew)
      return tagged;
    unsigned &count = entry->second;
    std::string numbered;
    do
      numbered = tagged + " " + std::to_string(++count);
    while (!counts.try_emplace(numbered, 1).second);
    return numbered;
  }

private:
  llvm::StringMap<unsigned> counts; ///< of each label that is taken, the last number behind it
};

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_IR_UNIQUELABELS_H
