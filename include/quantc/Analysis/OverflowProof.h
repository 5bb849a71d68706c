//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The proof that no accumulator overflows: for each op that accumulates, per output channel, the
// exact range of the sum, a bound on every partial sum in any order, and the width that this needs.
// Follows from the actual weights and the ranges of the inputs. Rules [NUM-ACC-1], [NUM-ACC-2].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_OVERFLOWPROOF_H
#define QUANTC_ANALYSIS_OVERFLOWPROOF_H

#include "quantc/Analysis/RangeAnalysis.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace quantc {

/// One op that accumulates.
struct AccumulatorProof {
  mlir::Operation *op = nullptr;
  std::string node; ///< ONNX node
  /// Sums as they come out, over all channels, and every partial sum.
  numerics::IntRange range, partial;
  /// Bits of the narrowest signed accumulator that holds every partial sum, and every final one.
  unsigned width = 0, finalWidth = 0;
  /// Number of channels told apart, and the one that needs most.
  int64_t channels = 0, widestChannel = 0;
  bool proven = false;
};

struct OverflowReport {
  unsigned bits = 32; ///< of the accumulators
  std::vector<AccumulatorProof> proofs;

  bool allProven() const;
  /// The widest accumulator needed; 0 if nothing accumulates.
  unsigned width() const;
  /// Sets `dyad.accumulator_width` on what is proved; removes it from what is not.
  void annotate() const;
  /// {"accumulator_bits", "proven", "width", "ops": [{"node", "op", "proven", "width",
  /// "final_width", "min", "max", "partial_min", "partial_max", "channels", "widest_channel"}]}.
  llvm::json::Value toJSON() const;
  void print(llvm::raw_ostream &os) const;
};

/// Examines every op inside `root` that accumulates into `bits` bits (2..64).
OverflowReport proveAccumulators(mlir::Operation *root, const RangeAnalysis &ranges,
                                 unsigned bits = 32);

} // namespace quantc

#endif // QUANTC_ANALYSIS_OVERFLOWPROOF_H
