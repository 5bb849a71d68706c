//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small random networks as text: what transforms of channels meet in transformers and convolutional
// networks. Weights have variance 1 / inputs; three channels of each residual stream are 50 times
// larger than the rest, so that a transform that somebody forgot to undo is seen.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_ANALYSIS_NETWORKS_H
#define QUANTC_TEST_UNIT_ANALYSIS_NETWORKS_H

#include "quantc/Support/HostTensor.h"
#include <string>
#include <vector>

namespace quantc::test {

struct Network {
  std::string text; ///< a module with @main; ops that tests begin at have names
  std::vector<HostTensor> inputs;
  /// The sum of the square roots of the lengths of sums on the longest path: what roundings of
  /// float32 add up to when they are independent, in units of 2^-24.
  double roots;
  /// Linear maps on that path.
  double depth;
  /// Not with one token, which attends to itself alone.
  bool everyWeightCounts;
};

constexpr int64_t width = 64, hidden = 96, heads = 8, sharedHeads = 2, headSize = 8,
                  tokenKinds = 32, experts = 3;

/// Two layers with RMS norms (with gains U(0.5, 2), or none), rotary positions, 8 heads that share
/// 2 keys and values, a gated linear unit and a head of its own or tied to the table. Input:
/// tokens.
Network llamaLike(int64_t tokens, bool gains, bool tied);
/// Two layers with layer norms behind the sums, biases everywhere and Gelu. Input: floats.
Network bertLike(int64_t tokens);
/// Two layers with layer norms in front, biases everywhere, positions that are added, and Relu.
/// Input: tokens.
Network optLike(int64_t tokens);
/// Two layers with RMS norms in front of and behind attention and maps (sandwiches), and norms of
/// the queries and keys of each head. `gains`: of all norms but those behind, which have them where
/// `postGains`. Input: tokens.
Network gemmaLike(int64_t tokens, bool gains, bool postGains);
/// Two layers whose one layer norm feeds attention and two maps side by side. Input: tokens.
Network parallelLike(int64_t tokens);
/// Two layers whose RMS norm feeds a router and gated experts, which are weighed by it. Input:
/// tokens.
Network mixtureLike(int64_t tokens, bool gains);
/// A map, an RMS norm of this epsilon, and a map. Input: floats.
Network scaledAsAWhole(double epsilon);
/// A convolution, a depthwise one, one of two groups, one of 1x1 and a linear map.
Network convolutional(int64_t batch);
/// Convolutions of every grouping without padding or activations, and pools between them.
Network pooled(int64_t batch);
/// A dense convolution, one of 1x1 and one of 3x3, both of two groups, without activations.
Network groupedAlone(int64_t batch);

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_ANALYSIS_NETWORKS_H
