//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ownership of the weights that a computation makes on the way and nobody needs behind it.
//
// A resource blob lives as long as its context, whichever module it was made for. Who lowers a copy
// of a module makes packed weights that only the result reads; without a scope every compilation
// would leave them behind.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_WEIGHTSCOPE_H
#define QUANTC_INTERFACES_WEIGHTSCOPE_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringSet.h"

namespace quantc {

/// Owns the resource blobs that come into being in `context` while it lives: they are freed at its
/// end. Attributes that name a freed blob read as weights that are missing, so no module may keep
/// what was made inside. Meanwhile no other thread may make weights in the same context.
class WeightScope {
public:
  explicit WeightScope(mlir::MLIRContext *context);
  ~WeightScope();
  WeightScope(const WeightScope &) = delete;
  WeightScope &operator=(const WeightScope &) = delete;

  /// The data behind `attribute`, aligned to `alignment` bytes: moved out where the blob is this
  /// scope's own and lies so, copied otherwise. An empty blob where the data is missing.
  mlir::AsmResourceBlob take(mlir::DenseResourceElementsAttr attribute, size_t alignment);

private:
  mlir::MLIRContext *context;
  llvm::StringSet<> older; ///< keys of the blobs that were there before
};

} // namespace quantc

#endif // QUANTC_INTERFACES_WEIGHTSCOPE_H
