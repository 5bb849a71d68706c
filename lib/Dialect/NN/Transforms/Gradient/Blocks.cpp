//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cutting a forward pass into blocks; see Blocks.h. Source: Chen et al., Training Deep Nets with
// Sublinear Memory Cost, arXiv:1604.06174, section 4.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/Differentiable.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static int64_t bytesOf(Value value) {
  RankedTensorType type = cotangentType(value.getType());
  return type ? type.getNumElements() * static_cast<int64_t>(elementBytes(type.getElementType()))
              : 0;
}

namespace {
/// A place where a cut is possible: in front of op `op`.
struct Cut {
  size_t op;
  int64_t kept;   ///< bytes of the tensor that crosses
  int64_t before; ///< bytes of all results in front
};
} // namespace

static std::vector<Cut> findCuts(ArrayRef<Operation *> ops, int64_t &total) {
  llvm::DenseMap<Operation *, size_t> index;
  for (auto [i, op] : llvm::enumerate(ops))
    index[op] = i;
  // The values that live across the place, by where they are read last.
  llvm::DenseMap<Value, size_t> lastReader;
  std::vector<std::vector<Value>> endsBehind(ops.size());
  for (auto [i, op] : llvm::enumerate(ops))
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); producer && index.contains(producer))
        lastReader[operand] = i;
  for (auto [value, reader] : lastReader)
    endsBehind[reader].push_back(value);
  std::vector<Cut> cuts;
  int64_t alive = 0, aliveBytes = 0;
  total = 0;
  for (auto [i, op] : llvm::enumerate(ops)) {
    if (i > 0 && alive == 1)
      cuts.push_back({i, aliveBytes, total});
    for (Value result : op->getResults()) {
      total += bytesOf(result);
      if (lastReader.contains(result)) {
        ++alive;
        aliveBytes += bytesOf(result);
      }
    }
    for (Value value : endsBehind[i]) {
      --alive;
      aliveBytes -= bytesOf(value);
    }
  }
  return cuts;
}

/// Fills blocks up to `limit`; returns the cost.
static int64_t fill(ArrayRef<Cut> cuts, int64_t total, int64_t limit, std::vector<size_t> &begins) {
  begins = {0};
  int64_t begin = 0, kept = 0, largest = 0;
  for (size_t i = 0; i < cuts.size(); ++i) {
    int64_t next = i + 1 < cuts.size() ? cuts[i + 1].before : total;
    if (next - begin <= limit)
      continue;
    begins.push_back(cuts[i].op);
    kept += cuts[i].kept;
    largest = std::max(largest, cuts[i].before - begin);
    begin = cuts[i].before;
  }
  return kept + std::max(largest, total - begin);
}

std::vector<size_t> quantc::nn::chooseBlocks(ArrayRef<Operation *> ops) {
  int64_t total = 0;
  std::vector<Cut> cuts = findCuts(ops, total);
  std::vector<int64_t> places = {0}, limits = {total};
  for (const Cut &cut : cuts)
    places.push_back(cut.before);
  places.push_back(total);
  for (size_t i = 0; i < places.size(); ++i)
    for (size_t j = i + 1; j < places.size(); ++j)
      limits.push_back(places[j] - places[i]);
  llvm::sort(limits);
  limits.erase(llvm::unique(limits), limits.end());
  std::vector<size_t> best = {0}, candidate;
  int64_t bestCost = std::numeric_limits<int64_t>::max();
  for (int64_t limit : llvm::reverse(limits)) {
    int64_t cost = fill(cuts, total, limit, candidate);
    if (cost < bestCost || (cost == bestCost && candidate.size() < best.size())) {
      bestCost = cost;
      best = candidate;
    }
  }
  return best;
}
