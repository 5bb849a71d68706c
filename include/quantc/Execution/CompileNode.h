//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled loops for the interpreter's ONNX nodes (docs/Nodes.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_COMPILENODE_H
#define QUANTC_EXECUTION_COMPILENODE_H

#include "quantc/Kernels/Levels.h"
#include "quantc/Reference/Interpreter.h"

namespace quantc {

/// Nodes become code for `level`, as in a library of that level: the same float operations in the
/// same order, hence the same bits.
NodeCompiler nodeCompiler(kernels::Level level = kernels::bestHostLevel());

} // namespace quantc

#endif // QUANTC_EXECUTION_COMPILENODE_H
