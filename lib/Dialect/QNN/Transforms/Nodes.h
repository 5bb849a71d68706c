//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of nodes and values, exclusions, and the interface queries that the passes of this folder
// share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_NODES_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_NODES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Operation.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Regex.h"
#include <optional>

namespace quantc::qnn {

/// Names for values: the ONNX name of an argument, the node's name of a result, else one made of
/// the op's name. Never gives a name twice.
class ValueNames {
public:
  /// Also reserves the names of the observers that `module` holds.
  explicit ValueNames(mlir::ModuleOp module);
  std::string next(mlir::Value value);

private:
  llvm::StringSet<> used;
};

/// The nodes that a user wants to stay float.
class Exclusions {
public:
  /// Fails on a regular expression that does not parse.
  static llvm::Expected<Exclusions> create(llvm::ArrayRef<std::string> patterns);

  /// Whether a pattern matches the node's name or type; remembers which patterns ever did.
  bool matches(mlir::Operation *op);

  /// A message with the closest names for each pattern that matched no node so far.
  std::vector<std::string> unmatched() const;

private:
  struct Pattern {
    std::string text;
    std::optional<llvm::Regex> regex;
    bool used = false;
  };
  bool matchesOne(Pattern &pattern, llvm::ArrayRef<llvm::StringRef> names);

  std::vector<Pattern> patterns;
  std::vector<std::string> known;
};

/// Marks an op that the user wants to stay float, so that later passes leave it alone. The lowering
/// to `dyad` knows the attribute by this name.
inline constexpr llvm::StringLiteral stayFloatAttr = "qnn.stay_float";

/// Set by qnn-insert-observers on moving ops that store codes although no integer op reads them.
inline constexpr llvm::StringLiteral storedAttr = "qnn.stored";

/// A single-result op with an integer form and not marked to stay float, whose tensors are f32 and
/// whose weight and bias are constants; null otherwise.
QuantizableOpInterface asQuantizable(mlir::Operation *op);

/// Whether the op, which may be null, adds two tensors of one type.
bool isPlainSum(mlir::Operation *op);

/// What a quantizable convolution reads: a linear map over channels of axis 1, of known sizes. Else
/// nullopt.
std::optional<ptq::PatchGeometry> convolutionPatches(mlir::Operation *op);

/// Whether the op is a unary elementwise function.
bool isUnary(QuantizableOpInterface op);

/// Whether the result is represented like the operands.
bool movesValues(QuantizableOpInterface op);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_NODES_H
