//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Op interfaces of the float graph: QuantizableOpInterface and LinearMapOpInterface.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_H
#define QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "quantc/PTQ/PatchGeometry.h"
#include <optional>
#include <utility>

namespace quantc {

/// What an operand carries; see QuantizableOpInterface::getOperandRole.
enum class OperandRole { Activation, Weight, Bias, Other };

/// How a result's scale relates to the scales of the operands.
enum class ScaleRelation { Free, SameAsInput, Shared };

} // namespace quantc

#include "quantc/Interfaces/QuantizableOpInterface.h.inc"

#endif // QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_H
