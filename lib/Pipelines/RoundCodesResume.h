//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of one block of the network in a file, for a run that goes on (docs/Pipelines.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_ROUNDCODESRESUME_H
#define QUANTC_LIB_PIPELINES_ROUNDCODESRESUME_H

#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"

namespace quantc {

/// What became of a map of a block.
struct FinishedMap {
  size_t index = 0; ///< in the block's maps
  qnn::ChosenCodes chosen;
  qnn::RoundedWeight report;
};

/// A line of JSON, then the bytes of codes, steps and biases, map after map.
llvm::Error writeFinished(llvm::StringRef path, llvm::ArrayRef<FinishedMap> finished);
/// Fails where the file does not hold each of `maps` once, in its sizes.
llvm::Expected<std::vector<FinishedMap>>
readFinished(llvm::StringRef path, llvm::ArrayRef<const qnn::RoundableMap *> maps);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_ROUNDCODESRESUME_H
