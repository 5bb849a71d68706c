//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See LossOutput.h.
//
//===----------------------------------------------------------------------===//

#include "LossOutput.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace quantc;

llvm::Expected<LossOutput> quantc::findLossOutput(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return llvm::createStringError("expected a function '@main'");
  std::optional<LossOutput> first;
  for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.getElementType().isF32() || !tensor.hasStaticShape())
      continue;
    auto name = main.getResultAttrOfType<StringAttr>(i, "onnx.name");
    LossOutput found{unsigned(i), name ? name.str() : "", false};
    if (tensor.getRank() >= 1 && tensor.getRank() <= 2 && tensor.getShape().back() > 1) {
      found.classifies = true;
      return found;
    }
    if (!first)
      first = found;
  }
  if (!first)
    return llvm::createStringError("expected an output of type f32 with a static shape");
  return *first;
}
