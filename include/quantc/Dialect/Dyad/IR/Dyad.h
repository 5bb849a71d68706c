//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `dyad` dialect and its ops.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_DYAD_IR_DYAD_H
#define QUANTC_DIALECT_DYAD_IR_DYAD_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Interfaces/IntegerSemantics.h"
#include "quantc/Numerics/Hadamard.h"

#include "quantc/Dialect/Dyad/IR/DyadDialect.h.inc"
#include "quantc/Dialect/Dyad/IR/DyadEnums.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/Dyad/IR/DyadOps.h.inc"

#endif // QUANTC_DIALECT_DYAD_IR_DYAD_H
