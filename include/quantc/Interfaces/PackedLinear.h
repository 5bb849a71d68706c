//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface of linear layers on packed weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_PACKEDLINEAR_H
#define QUANTC_INTERFACES_PACKEDLINEAR_H

#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallVector.h"

#include "quantc/Interfaces/PackedLinear.h.inc"

#endif // QUANTC_INTERFACES_PACKEDLINEAR_H
