//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Node names from locations; see NodeName.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/NodeName.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace quantc {

/// A name somewhere in the location, depth first; a fused location lists the ops it replaced in
/// order.
static std::string findName(Location loc) {
  return llvm::TypeSwitch<LocationAttr, std::string>(loc)
      .Case([](NameLoc name) { return name.getName().str(); })
      .Case([](CallSiteLoc call) { return findName(call.getCallee()); })
      .Case([](FusedLoc fused) {
        for (Location part : fused.getLocations())
          if (std::string name = findName(part); !name.empty())
            return name;
        return std::string();
      })
      .Default([](LocationAttr) { return std::string(); });
}

std::string getNodeName(Location loc) {
  if (std::string name = findName(loc); !name.empty())
    return name;
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
        .str();
  return {};
}

std::string getNodeName(Operation *op) {
  std::string name = getNodeName(op->getLoc());
  return name.empty() ? op->getName().getStringRef().str() : name;
}

} // namespace quantc
