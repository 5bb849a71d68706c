//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// quant-translate: ONNX models in and out of MLIR.
//
// Exit codes: 0 done, 1 wrong usage or a file that cannot be written, 2 a model
// or module that cannot be translated.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Translate.h"

int main(int argc, char **argv) { return quantc::translate(quantc::parseOptions(argc, argv)); }
