//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Identity and calls of model-local functions; see Functions.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/IR/Functions.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace quantc::onnx;

static std::string identity(StringRef domain, StringRef name, StringRef overload) {
  std::string key = (domain == "ai.onnx" ? "" : domain).str();
  key.push_back('\0');
  key += name;
  key.push_back('\0');
  key += overload;
  return key;
}

static std::string identity(FunctionOp function) {
  return identity(function.getDomain().value_or(""), function.getName().value_or(""),
                  function.getOverload().value_or(""));
}

FunctionTable::FunctionTable(ModuleOp module) {
  for (FunctionOp function : module.getOps<FunctionOp>())
    functions.try_emplace(identity(function), function);
}

FunctionOp FunctionTable::lookup(NodeOp node) const {
  if (functions.empty())
    return {};
  return functions.lookup(
      identity(node.getNormalizedDomain(), node.getOpType(), node.getOverload().value_or("")));
}

static LogicalResult verifyCall(NodeOp node, FunctionOp function) {
  auto check = [&](StringRef what, size_t found, size_t most) {
    if (found <= most)
      return success();
    return LogicalResult(node.emitError()
                         << describeNode(node) << ": expected at most " << most << " " << what
                         << " of the function, but found " << found);
  };
  LogicalResult inputs = check("inputs", node.getInputs().size(), function.getInputNames().size());
  LogicalResult outputs =
      check("outputs", node.getOutputs().size(), function.getOutputNames().size());
  return success(succeeded(inputs) && succeeded(outputs));
}

/// Removes, in turn, functions that no remaining one calls; what stays are cycles, and what they
/// call. No recursion: the depth of the calls is the file's choice.
static LogicalResult verifyNoCycle(ModuleOp module, const FunctionTable &table) {
  llvm::MapVector<Operation *, SmallVector<FunctionOp>> calls;
  llvm::DenseMap<Operation *, unsigned> callers;
  for (FunctionOp function : module.getOps<FunctionOp>()) {
    SmallVector<FunctionOp> &callees = calls[function];
    function.walk([&](NodeOp node) {
      if (FunctionOp callee = table.lookup(node)) {
        callees.push_back(callee);
        ++callers[callee];
      }
    });
  }
  SmallVector<Operation *> ready;
  for (auto &entry : calls)
    if (callers.lookup(entry.first) == 0)
      ready.push_back(entry.first);
  size_t removed = 0;
  while (!ready.empty()) {
    Operation *function = ready.pop_back_val();
    ++removed;
    for (FunctionOp callee : calls[function])
      if (--callers[callee] == 0)
        ready.push_back(callee);
  }
  if (removed == calls.size())
    return success();
  for (auto &entry : calls)
    if (callers.lookup(entry.first) != 0)
      entry.first->emitError() << "function '"
                               << cast<FunctionOp>(entry.first).getName().value_or("")
                               << "' calls itself, or is called from a cycle of calls";
  return failure();
}

LogicalResult quantc::onnx::verifyFunctions(ModuleOp module) {
  FunctionTable table(module);
  bool ok = true;
  llvm::StringMap<FunctionOp> seen;
  for (FunctionOp function : module.getOps<FunctionOp>())
    if (!seen.try_emplace(identity(function), function).second) {
      function.emitError() << "function '" << function.getName().value_or("")
                           << "' is defined twice";
      ok = false;
    }
  module.walk([&](NodeOp node) {
    if (FunctionOp function = table.lookup(node))
      ok &= succeeded(verifyCall(node, function));
  });
  return success(succeeded(verifyNoCycle(module, table)) && ok);
}
