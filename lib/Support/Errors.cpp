//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// llvm::Error from messages. StringError prints its message alone, so nested
// contexts read "a: b: c".
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Errors.h"

using namespace llvm;

Error quantc::makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Error quantc::addContext(const Twine &context, Error error) {
  return makeError(context + ": " + toString(std::move(error)));
}
