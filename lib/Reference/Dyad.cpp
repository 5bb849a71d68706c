//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Evaluation of every op with IntegerSemantics: the op's own definition, with its diagnostics
// turned into an error.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "mlir/IR/Diagnostics.h"
#include "quantc/Interfaces/IntegerSemantics.h"
#include "quantc/Reference/ElementTypes.h"

using namespace mlir;

namespace quantc {

llvm::Error evaluateIntegerOp(OpCall &call) {
  std::string message;
  ScopedDiagnosticHandler collect(call.op->getContext(), [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  llvm::SmallVector<const IntTensor *> operands;
  for (const RuntimeValue *operand : call.operands)
    operands.push_back(&operand->integers());
  FailureOr<llvm::SmallVector<IntTensor>> results =
      cast<IntegerSemantics>(call.op).evaluate(operands);
  if (failed(results))
    return makeError(message);
  for (auto [index, result] : llvm::enumerate(*results)) {
    auto type = cast<RankedTensorType>(call.op->getResult(index).getType());
    std::optional<DType> element = hostType(type.getElementType());
    if (!element)
      return makeError("expected a result with a host type, but found " + describeType(type));
    call.results.emplace_back(std::move(result), *element);
  }
  return llvm::Error::success();
}

} // namespace quantc
