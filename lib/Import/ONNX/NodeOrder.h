//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which node of a graph makes which value, and which nodes lie on a cycle.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_NODEORDER_H
#define QUANTC_LIB_IMPORT_ONNX_NODEORDER_H

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringMap.h"
#include <onnx/onnx_pb.h>
#include <optional>

namespace quantc::onnx {

using NodeList = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

class NodeOrder {
public:
  explicit NodeOrder(const NodeList &nodes);

  /// The first node with output `name`.
  std::optional<int> producer(llvm::StringRef name) const;

  /// Whether the node lies on a cycle, or between two of them. Subgraphs are not looked into.
  bool isInCycle(int node);

private:
  void findCycles();

  const NodeList &nodes;
  llvm::StringMap<int> producers;
  std::optional<llvm::BitVector> inCycle;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_NODEORDER_H
