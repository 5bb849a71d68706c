//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Element types of the IR and element types of host tensors.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_REFERENCE_ELEMENTTYPES_H
#define QUANTC_REFERENCE_ELEMENTTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Support/DType.h"
#include <optional>

namespace quantc {

/// The host type of an IR element type (f32, f64, f16, bf16, i1, signed, unsigned or signless
/// integers; signless ones are signed); nullopt for others.
std::optional<DType> hostType(mlir::Type elementType);

/// "float32 [?, 3, 224, 224]" for a ranked tensor type with a host type; the type's own text else.
std::string describeType(mlir::Type type);

} // namespace quantc

#endif // QUANTC_REFERENCE_ELEMENTTYPES_H
