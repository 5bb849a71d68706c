//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface of ops that have a derivative (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_DIFFERENTIABLE_H
#define QUANTC_INTERFACES_DIFFERENTIABLE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/BitVector.h"

namespace quantc {

/// The type of a value's cotangent: its own where it is a tensor of floats, f32 of its shape where
/// it is one of integers; null for what is no ranked tensor.
mlir::RankedTensorType cotangentType(mlir::Type type);

} // namespace quantc

#include "quantc/Interfaces/Differentiable.h.inc"

#endif // QUANTC_INTERFACES_DIFFERENTIABLE_H
