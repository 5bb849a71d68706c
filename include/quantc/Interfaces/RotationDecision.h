//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a pass decided about the rotation of one place: a remark says it to people, and carries it
// as metadata for who makes a report of it.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_ROTATIONDECISION_H
#define QUANTC_INTERFACES_ROTATIONDECISION_H

#include "mlir/IR/Operation.h"
#include <cstdint>
#include <optional>
#include <string>

namespace quantc {

/// What is rotated, as docs/Hadamard.md names it.
enum class RotationKind {
  Stream, ///< R1: a residual stream, within the weights
  Heads,  ///< R2: the values of an attention along a head's channels, within the weights
  Scores, ///< R3: queries and keys, at run time
  Input,  ///< R4: what a linear map reads, at run time
  Mixing, ///< heads among each other, at run time
  Norm,   ///< no place: a norm that keeps what stands in the way of R1
};

/// "R1", "R2", "R3", "R4", "heads", "norm".
llvm::StringRef rotationKindName(RotationKind kind);

struct RotationDecision {
  RotationKind kind = RotationKind::Stream;
  std::string node;     ///< where it was decided: norm, product of activations or linear map
  int64_t channels = 0; ///< that the rotation has or would have; 0 of a norm
  bool isRotated = false;
  std::string text; ///< the rotation, or why there is none
};

/// A remark at `op` that carries the decision; who calls streams its text into it.
mlir::InFlightDiagnostic remarkRotation(mlir::Operation *op, RotationKind kind, int64_t channels,
                                        bool isRotated, const llvm::Twine &description);

/// What the remark carries; nullopt for another diagnostic.
std::optional<RotationDecision> decisionOf(mlir::Diagnostic &diagnostic);

} // namespace quantc

#endif // QUANTC_INTERFACES_ROTATIONDECISION_H
