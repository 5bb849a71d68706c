//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BRECQ: the roundings of all weights of a block of a network are learned together, so that the
// output of the block on what the quantized network in front makes comes near that of the float
// block on its own inputs. Each weight goes up or down on its grid by AdaRound's variable, which
// begins near the codes of the start; who calls knows the network and gives losses and gradients.
//   loss = mean over a batch of samples of the caller's, over its mean at the start
//          + 1000 mean over weights of (1 - |2 h(V) - 1|^beta)
// Loss and regularizer are relative, so that blocks of any size and magnitude are treated alike;
// for blocks of some 50 000 weights with losses about 0.5 the factor is the published one.
// Source: Li et al., "BRECQ", arXiv 2102.05426.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_BLOCKRECONSTRUCTION_H
#define QUANTC_PTQ_BLOCKRECONSTRUCTION_H

#include "quantc/PTQ/RoundingVariable.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quantc::ptq {

struct BlockOptions {
  int iterations = 300;
  int64_t batch = 8; ///< samples of a step, drawn with replacement
  /// The last so many samples, less than all, are not learned from but decide; 0: all do both.
  int64_t heldOut = 0;
  double rate = 5e-2;  ///< of Adam
  double warmup = 0.2; ///< share of the iterations without regularizer, in [0, 1)
  double regularizer = 1000;
  Annealing annealing = Annealing::Linear;
  uint64_t seed = 0;
};

/// One weight [rows, columns] of a block.
struct BlockWeight {
  Matrix weight;  ///< what is rounded
  Matrix rounded; ///< where to start: step * code
  Vector steps;   ///< of each row
  int64_t greatest = 7;
};

/// The loss of a sample, and unless `gradients` is empty its gradient by each weight.
using BlockLoss = llvm::function_ref<llvm::Expected<double>(
    int64_t sample, llvm::ArrayRef<Matrix> weights, llvm::MutableArrayRef<Matrix> gradients)>;

struct BlockResult {
  std::vector<Matrix> weights;  ///< step * code
  double before = 0, after = 0; ///< mean loss over the samples that decide
  double decided = 1;           ///< share of weights with |h - 1/2| > 0.49 at the end
};

/// Rounded weights that were learned, or the start unless they are better on the samples that
/// decide: where some were held out, by more than twice the standard error of the mean gain.
llvm::Expected<BlockResult> reconstructBlock(llvm::ArrayRef<BlockWeight> weights, int64_t samples,
                                             BlockLoss loss, const BlockOptions &options = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_BLOCKRECONSTRUCTION_H
