//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-check-loops: lowers each node that is left and throws the result away.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/ONNX/Utils/Outline.h"

namespace quantc {
#define GEN_PASS_DEF_ONNXCHECKLOOPS
#include "quantc/Conversion/ONNXToLoops/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;

namespace {
struct CheckPass : quantc::impl::ONNXCheckLoopsBase<CheckPass> {
  void runOnOperation() override {
    bool good = true;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto node : function.getOps<onnx::NodeOp>()) {
        OwningOpRef<ModuleOp> scratch = ModuleOp::create(node.getLoc());
        onnx::outlineNode(node, *scratch, "node");
        LoopsConversion options;
        options.destinations = true;
        good &= succeeded(convertONNXToLoops(*scratch, options));
      }
    if (!good)
      signalPassFailure();
  }
};
} // namespace
