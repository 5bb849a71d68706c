//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One spelling for making llvm::Error from a message. Messages are lower case,
// have no full stop and say "expected X, but found Y".
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_ERRORS_H
#define QUANTC_SUPPORT_ERRORS_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace quantc {

/// An error with this text.
llvm::Error makeError(const llvm::Twine &message);

/// `error` with "context: " in front of its text.
llvm::Error addContext(const llvm::Twine &context, llvm::Error error);

} // namespace quantc

#endif // QUANTC_SUPPORT_ERRORS_H
