//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The error of a node's result, split into causes; see Explain.h and docs/Explain.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_EXPLAINNODE_H
#define QUANTC_LIB_PIPELINES_EXPLAINNODE_H

#include "ExplainPlan.h"

namespace quantc {

/// Adds up one node's errors over runs.
class NodeMeter {
public:
  explicit NodeMeter(NodePlan &plan) : plan(plan) {}

  /// Reads constants and makes the functions of the node. Needed for a quantized node.
  llvm::Error open();
  void close();

  /// One run: activations in front of the node and its result, in both networks. Operands that are
  /// constants are left out of the lists' meaning; their entries may be undefined.
  llvm::Error add(llvm::ArrayRef<HostTensor> reference, llvm::ArrayRef<HostTensor> quantized,
                  const HostTensor &expected, const HostTensor &found, NodeLoss &loss);

private:
  using Operands = std::vector<HostTensor>;
  class Parts;
  using MeasureFn = llvm::function_ref<llvm::Error(LossCause, const Operands &)>;
  llvm::Error splitWeight();
  llvm::Error splitRows(const Operands &base, Parts &parts) const;
  llvm::Error splitCodes(const Operands &base, MeasureFn measure) const;
  llvm::Error split(const Operands &base, const HostTensor &expected, const HostTensor &found,
                    NodeLoss &loss) const;
  llvm::Expected<HostTensor> quantizedResult(const Operands &inputs) const;
  HostTensor clampRows(const HostTensor &input) const;

  NodePlan &plan;
  std::unique_ptr<OneOp> function; ///< the float op
  std::unique_ptr<OneOp> rows;     ///< the quantized op, where it quantizes rows itself
  Operands rowConstants;           ///< its other operands
  /// The float weight with one part of its error.
  HostTensor roundedWeight, clippedWeight;
};

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_EXPLAINNODE_H
