//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The overflow proof; see OverflowProof.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/OverflowProof.h"
#include "mlir/IR/Builders.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace quantc {

using numerics::IntRange;

bool OverflowReport::allProven() const {
  return llvm::all_of(proofs, [](const AccumulatorProof &proof) { return proof.proven; });
}

void OverflowReport::annotate() const {
  constexpr llvm::StringLiteral name = "dyad.accumulator_width";
  for (const AccumulatorProof &proof : proofs)
    if (proof.proven)
      proof.op->setDiscardableAttr(name,
                                   Builder(proof.op->getContext()).getI32IntegerAttr(proof.width));
    else
      proof.op->removeDiscardableAttr(name);
}

unsigned OverflowReport::width() const {
  unsigned widest = 0;
  for (const AccumulatorProof &proof : proofs)
    widest = std::max(widest, proof.width);
  return widest;
}

llvm::json::Value OverflowReport::toJSON() const {
  llvm::json::Array ops;
  for (const AccumulatorProof &proof : proofs)
    ops.push_back(llvm::json::Object{{"node", proof.node},
                                     {"op", proof.op->getName().getStringRef()},
                                     {"proven", proof.proven},
                                     {"width", proof.width},
                                     {"final_width", proof.finalWidth},
                                     {"min", proof.range.lo},
                                     {"max", proof.range.hi},
                                     {"partial_min", proof.partial.lo},
                                     {"partial_max", proof.partial.hi},
                                     {"channels", proof.channels},
                                     {"widest_channel", proof.widestChannel}});
  return llvm::json::Object{{"accumulator_bits", bits},
                            {"proven", allProven()},
                            {"width", width()},
                            {"ops", std::move(ops)}};
}

void OverflowReport::print(raw_ostream &os) const {
  for (const AccumulatorProof &proof : proofs)
    os << proof.node << ": " << (proof.proven ? "proved" : "not proved") << ", sums in ["
       << proof.range.lo << ", " << proof.range.hi << "], partial sums need " << proof.width
       << " bits of " << bits << "\n";
}

static AccumulatorProof proveOp(Operation *op, const ResultRange &range, unsigned bits) {
  AccumulatorProof proof;
  proof.op = op;
  proof.node = getNodeName(op);
  proof.range = range.range;
  proof.partial = range.accumulator.front();
  proof.channels = static_cast<int64_t>(range.accumulator.size());
  for (auto [channel, partial] : llvm::enumerate(range.accumulator)) {
    proof.partial = proof.partial.unionWith(partial);
    if (partial.bitsNeeded() > proof.width) {
      proof.width = partial.bitsNeeded();
      proof.widestChannel = static_cast<int64_t>(channel);
    }
  }
  proof.finalWidth = range.range.bitsNeeded();
  // A bound that reached the end of 64 bits bounds nothing.
  bool bounded = proof.partial.lo != INT64_MIN && proof.partial.hi != INT64_MAX;
  proof.proven = bounded && std::max(proof.width, proof.finalWidth) <= bits;
  return proof;
}

OverflowReport proveAccumulators(Operation *root, const RangeAnalysis &ranges, unsigned bits) {
  OverflowReport report;
  report.bits = bits;
  root->walk<WalkOrder::PreOrder>([&](IntegerSemantics op) {
    for (Value result : op->getResults()) {
      const ResultRange *range = ranges.lookup(result);
      if (range && !range->accumulator.empty())
        report.proofs.push_back(proveOp(op, *range, bits));
    }
  });
  return report;
}

} // namespace quantc
