//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collecting diagnostics; see Reporter.h.
//
//===----------------------------------------------------------------------===//

#include "Reporter.h"

using namespace mlir;
using namespace quantc::onnx;

void Reporter::error(Location loc, const Twine &message) {
  if (++errors <= limit)
    emitError(loc) << message;
}

void Reporter::error(Location loc, const Twine &context, llvm::Error failure) {
  error(loc, context + ": " + llvm::toString(std::move(failure)));
}

void Reporter::warning(Location loc, const Twine &message) {
  if (strict)
    return error(loc, message);
  if (++warnings <= limit)
    emitWarning(loc) << message;
}

LogicalResult Reporter::finish() {
  if (errors > limit)
    emitError(modelLoc) << "and " << errors - limit << " more errors";
  return success(errors == 0);
}
