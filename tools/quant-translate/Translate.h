//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What quant-translate does with its options.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TOOLS_QUANT_TRANSLATE_TRANSLATE_H
#define QUANTC_TOOLS_QUANT_TRANSLATE_TRANSLATE_H

#include "Options.h"

namespace quantc {

/// The exit code.
int translate(const std::optional<TranslateOptions> &options);

} // namespace quantc

#endif // QUANTC_TOOLS_QUANT_TRANSLATE_TRANSLATE_H
