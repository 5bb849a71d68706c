//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BRECQ on one block of the network: its losses and gradients are compiled code
// (docs/Rounding.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_RECONSTRUCTBLOCK_H
#define QUANTC_LIB_PIPELINES_RECONSTRUCTBLOCK_H

#include "quantc/Dialect/QNN/Transforms/Blocks.h"
#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"
#include "quantc/PTQ/BlockReconstruction.h"
#include "quantc/Support/HostTensor.h"

namespace quantc {

/// A block of one result and what it meets, run by run.
struct BlockProblem {
  const qnn::NetworkBlock &block;
  llvm::ArrayRef<const qnn::RoundableMap *> maps; ///< of the block, at least one
  /// Parameters of the maps as they are rounded so far.
  const qnn::ExtractOptions &parameters;
  /// For each of the block's inputs what the rounded network in front makes.
  std::vector<llvm::ArrayRef<HostTensor>> inputs;
  llvm::ArrayRef<HostTensor> targets; ///< results of the float block
  /// Factors of the errors of the result (BlockFisher); none: 1.
  llvm::ArrayRef<HostTensor> roots;
};

/// Mean losses before and after, over the runs that decide. Where codes were found that lose less,
/// those of `table` become them. None, with the reason as `message`, where the block has no
/// gradient.
llvm::Expected<std::optional<std::pair<double, double>>>
reconstructBlock(const BlockProblem &problem, const ptq::BlockOptions &options, int threads,
                 qnn::CodeTable &table, std::string &message);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_RECONSTRUCTBLOCK_H
