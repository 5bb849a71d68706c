//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The name of the ONNX node that an operation came from: what diagnostics and reports show.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_NODENAME_H
#define QUANTC_ANALYSIS_NODENAME_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include <string>

namespace quantc {

/// The first name in the location (importing wraps each op's location in its node's name); else
/// "file:line:column"; else the empty string.
std::string getNodeName(mlir::Location loc);

/// The name of the op's node, or "dialect.op" where nothing is known.
std::string getNodeName(mlir::Operation *op);

} // namespace quantc

#endif // QUANTC_ANALYSIS_NODENAME_H
