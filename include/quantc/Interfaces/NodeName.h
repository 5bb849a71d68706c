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

#ifndef QUANTC_INTERFACES_NODENAME_H
#define QUANTC_INTERFACES_NODENAME_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include <string>

namespace quantc {

/// The first name in a location, depth first: import wraps each op's location in its node's name,
/// and a fused location lists what an op replaced in order. Empty if there is none.
inline llvm::StringRef getLocationName(mlir::Location loc) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(loc))
    return name.getName().getValue();
  if (auto call = llvm::dyn_cast<mlir::CallSiteLoc>(loc))
    return getLocationName(call.getCallee());
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location part : fused.getLocations())
      if (llvm::StringRef name = getLocationName(part); !name.empty())
        return name;
  return {};
}

/// The name of the op's node; else "file:line:column"; else "dialect.op".
inline std::string getNodeName(mlir::Operation *op) {
  if (llvm::StringRef name = getLocationName(op->getLoc()); !name.empty())
    return name.str();
  if (auto file = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) + ":" +
            llvm::Twine(file.getColumn()))
        .str();
  return op->getName().getStringRef().str();
}

/// The names of all ONNX nodes in a location, separated by ", ".
inline std::string getNodeNames(mlir::Location loc) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(loc))
    return name.getName().str();
  std::string all;
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location part : fused.getLocations())
      if (std::string name = getNodeNames(part); !name.empty())
        all += (all.empty() ? "" : ", ") + name;
  return all;
}

} // namespace quantc

#endif // QUANTC_INTERFACES_NODENAME_H
