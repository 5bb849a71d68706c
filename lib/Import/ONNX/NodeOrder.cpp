//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Producers and cycles of a list of nodes; see NodeOrder.h.
//
// Nodes that can be reached from no cycle are peeled off from the front, then
// those that reach none from the back; what stays is the cycles. Both take
// linear time, which matters for hostile files.
//
//===----------------------------------------------------------------------===//

#include "NodeOrder.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

using namespace llvm;
using namespace quantc::onnx;

NodeOrder::NodeOrder(const NodeList &nodes) : nodes(nodes) {
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output())
      if (!output.empty())
        producers.try_emplace(output, i);
}

std::optional<int> NodeOrder::producer(StringRef name) const {
  auto it = producers.find(name);
  return it == producers.end() ? std::nullopt : std::optional(it->second);
}

using Edges = std::vector<SmallVector<int, 4>>;

/// Removes, in turn, nodes to which no edge from a remaining node leads.
static void peel(const Edges &next, BitVector &remaining) {
  std::vector<unsigned> pending(next.size());
  for (int node : remaining.set_bits())
    for (int successor : next[node])
      ++pending[successor];
  std::vector<int> ready;
  for (int node : remaining.set_bits())
    if (pending[node] == 0)
      ready.push_back(node);
  while (!ready.empty()) {
    int node = ready.back();
    ready.pop_back();
    remaining.reset(node);
    for (int successor : next[node])
      if (remaining.test(successor) && --pending[successor] == 0)
        ready.push_back(successor);
  }
}

void NodeOrder::findCycles() {
  Edges forward(nodes.size()), backward(nodes.size());
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &input : nodes[i].input())
      if (std::optional<int> from = producer(input)) {
        forward[*from].push_back(i);
        backward[i].push_back(*from);
      }
  inCycle.emplace(nodes.size(), true);
  peel(forward, *inCycle);
  peel(backward, *inCycle);
}

bool NodeOrder::isInCycle(int node) {
  if (!inCycle)
    findCycles();
  return inCycle->test(node);
}
