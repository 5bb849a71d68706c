//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line of quant-translate.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TOOLS_QUANT_TRANSLATE_OPTIONS_H
#define QUANTC_TOOLS_QUANT_TRANSLATE_OPTIONS_H

#include "quantc/Export/ONNX/ExportONNX.h"
#include "quantc/Import/ONNX/ImportONNX.h"
#include <optional>

namespace quantc {

enum class Direction { Import, Export };

struct TranslateOptions {
  Direction direction = Direction::Import;
  std::string input, output;
  bool emitBytecode = false;
  bool locations = false;
  ImportOptions importing;
  ExportOptions exporting;
};

/// Nullopt, after a message on the standard error, when the line is wrong.
std::optional<TranslateOptions> parseOptions(int argc, char **argv);

} // namespace quantc

#endif // QUANTC_TOOLS_QUANT_TRANSLATE_OPTIONS_H
