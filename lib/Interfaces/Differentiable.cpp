//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions of the interface of ops that have a derivative.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/Differentiable.h"

using namespace mlir;

RankedTensorType quantc::cotangentType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || isa<FloatType>(tensor.getElementType()))
    return tensor;
  return RankedTensorType::get(tensor.getShape(), Float32Type::get(type.getContext()));
}

#include "quantc/Interfaces/Differentiable.cpp.inc"
