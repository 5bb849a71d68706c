//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// How ops are evaluated: a table from op names to functions, filled by one file per family.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_REFERENCE_OPTABLE_H
#define QUANTC_LIB_REFERENCE_OPTABLE_H

#include "RuntimeValue.h"
#include "mlir/IR/Operation.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace quantc {

/// One evaluation of one op: its operands' values, and its results to be filled in.
struct OpCall {
  mlir::Operation *op;
  llvm::ArrayRef<const RuntimeValue *> operands;
  llvm::SmallVector<RuntimeValue, 1> results;

  const HostTensor &host(unsigned i) const { return operands[i]->host(); }
  llvm::ArrayRef<int64_t> shape(unsigned i) const { return operands[i]->shape(); }
  llvm::ArrayRef<float> floats(unsigned i) const { return operands[i]->host().values<float>(); }
  /// Allocates the only result as f32 and gives access to its elements.
  llvm::Expected<llvm::MutableArrayRef<float>> floatResult(llvm::ArrayRef<int64_t> shape);
};

/// Evaluates an op whose operands fit their static types. Errors need not name the op.
using EvaluateFn = llvm::Error (*)(OpCall &call);

/// Which element types an evaluation function takes.
enum class TypeRule {
  AllF32,   ///< every operand and result is f32
  FloatF32, ///< those that are float are f32
  Any,
};

struct OpEntry {
  EvaluateFn evaluate;
  TypeRule types;
};

class OpTable {
public:
  template <typename Op> void add(EvaluateFn evaluate, TypeRule types = TypeRule::AllF32) {
    entries[Op::getOperationName()] = {evaluate, types};
  }
  /// How to evaluate `op`; null when it cannot be. Ops with IntegerSemantics need no entry.
  const OpEntry *lookup(mlir::Operation *op) const;

private:
  llvm::StringMap<OpEntry> entries;
};

/// The table of everything the interpreter knows.
const OpTable &opTable();

void addLinearOps(OpTable &table);
void addElementwiseOps(OpTable &table);
void addPoolingOps(OpTable &table);
void addNormalizationOps(OpTable &table);
void addMovementOps(OpTable &table);
void addQuantizationOps(OpTable &table);
/// Any op with IntegerSemantics. (Dyad.cpp)
llvm::Error evaluateIntegerOp(OpCall &call);

/// Calls a function of NNShapes.h with a place for its reason, which becomes the error.
inline llvm::Expected<llvm::SmallVector<int64_t, 4>>
resolveShape(llvm::function_ref<std::optional<llvm::SmallVector<int64_t, 4>>(
                 llvm::function_ref<void(const llvm::Twine &)>)>
                 infer) {
  std::string why;
  std::optional<llvm::SmallVector<int64_t, 4>> shape =
      infer([&](const llvm::Twine &reason) { why = reason.str(); });
  if (!shape)
    return makeError(why);
  return *shape;
}

} // namespace quantc

#endif // QUANTC_LIB_REFERENCE_OPTABLE_H
