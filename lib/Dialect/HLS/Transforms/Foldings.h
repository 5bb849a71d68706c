//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choice of foldings: a unit and the window in front of it are folded together, because the
// window's filling delays its reader and some readers need the window's folding.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_HLS_TRANSFORMS_FOLDINGS_H
#define QUANTC_LIB_DIALECT_HLS_TRANSFORMS_FOLDINGS_H

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include <array>

namespace quantc::hls {

/// LUT, FF, DSP, BRAM18 as numbers; bands count with their upper end.
using Needs = std::array<double, 4>;
Needs needsOf(const Resources &area);
Needs supplyOf(const Part &part);

/// One folding of a unit and its window.
struct FoldOption {
  Fold unit, window;
  int64_t interval = 0;
  Needs needs{};
};

/// A unit, the window in front of it if any, and what they can be.
struct FoldNode {
  UnitOpInterface unit, window;
  std::vector<FoldOption> options; ///< none is worse than another in interval and every need
  size_t chosen = 0;

  void apply(const FoldOption &option);
  int64_t leastInterval() const;
};

/// The nodes of a design without width converters.
std::vector<FoldNode> collectNodes(DesignOp design);

/// Chooses for each node the option of least weighted need within `interval`. False when a node has
/// none.
bool chooseFor(std::vector<FoldNode> &nodes, int64_t interval, const Needs &weights);

/// Needs of the chosen options, and of the converters and streams between them, whose depths are a
/// guess.
Needs totalNeeds(std::vector<FoldNode> &nodes, DesignOp design);

/// Removes width converters.
void removeConverters(DesignOp design);
/// Sets the chosen foldings, the types of streams, and converters.
void materialize(std::vector<FoldNode> &nodes, DesignOp design);

/// Sets the depths of all streams; see hls-size-fifos. `slack` is in percent.
void sizeStreams(DesignOp design, unsigned slack);

} // namespace quantc::hls

#endif // QUANTC_LIB_DIALECT_HLS_TRANSFORMS_FOLDINGS_H
