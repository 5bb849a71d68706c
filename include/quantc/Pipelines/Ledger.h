//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The coverage ledger: what becomes of each node of an ONNX file under a recipe, and why; without
// data, and also where compilation would stop. docs/Ledger.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_LEDGER_H
#define QUANTC_PIPELINES_LEDGER_H

#include "mlir/IR/Diagnostics.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace quantc {

enum class LedgerClass { Integer, Float, Folded, Unsupported };
/// "integer", "float", "folded", "unsupported".
llvm::StringRef ledgerClassName(LedgerClass kind);

/// Why a node has its class; the list is closed (docs/Ledger.md). What refuses a node has its own
/// list, which stands here for itself.
class LedgerReason {
public:
  enum Own {
    IntegerForm, ///< integer
    // Folded.
    Constant, ///< known before a run: a constant, shape arithmetic
    Identity, ///< passes its input on
    Unused,   ///< no output depends on it
    Inlined,  ///< a call of a function, or an If whose condition is known
    Fused,    ///< a part of another node
    // Float, beside those of a refusal.
    OnlyInLoops,   ///< an op that `nn` lacks
    InBody,        ///< in the body of a node that runs as loops
    Excluded,      ///< by the recipe
    NoIntegerForm, ///< its op has none
    FloatTail,     ///< behind the last dequantize
    NotQuantized,  ///< an operand or its result is not quantized
    Stops,         ///< a stage of compilation fails at it
    Border,        ///< the file's own quantize or dequantize at the border
  };

  LedgerReason(Own own) : own(own) {}
  /// The node has no form in `nn`, or not this one.
  LedgerReason(onnx::Refusal kind) : kind(kind) {}

  std::optional<onnx::Refusal> refusal() const { return kind; }
  bool operator==(const LedgerReason &o) const { return kind == o.kind && (kind || own == o.own); }
  bool operator!=(const LedgerReason &o) const { return !(*this == o); }
  /// "integer-form", "constant", "unknown-op", ...
  llvm::StringRef code() const;

private:
  Own own = Unused; ///< without a refusal
  std::optional<onnx::Refusal> kind;
};

struct LedgerOutput {
  std::string name;
  std::string type;                          ///< "float32"; empty when unknown
  std::optional<std::vector<int64_t>> shape; ///< -1: unknown size
};

struct LedgerNode {
  std::string name; ///< a path for nodes in bodies and functions
  std::string op, domain;
  int64_t opset = 0;
  LedgerClass kind = LedgerClass::Folded;
  LedgerReason reason = LedgerReason::Unused;
  std::string text;
  /// The node that it became a part of.
  std::optional<size_t> into;
  /// Of float nodes: "before", "inside", "behind" or "beside" the integers.
  std::string position;
  /// Multiply-adds of one run; nullopt when a size is unknown.
  std::optional<int64_t> macs;
  int64_t weightBytes = 0;
  std::vector<LedgerOutput> outputs;
};

struct LedgerTotals {
  int64_t integer = 0, floating = 0, folded = 0, unsupported = 0;
  int64_t border = 0; ///< of `floating`: the file's own quantize and dequantize at the border
  int64_t macs = 0, integerMacs = 0;
  int64_t unknownMacs = 0; ///< nodes
  int64_t weightBytes = 0, integerWeightBytes = 0;
};

struct Ledger {
  std::string model, recipe;
  std::vector<std::pair<std::string, int64_t>> dims;
  /// In the order of the file; bodies behind their node, functions last.
  std::vector<LedgerNode> nodes;
  /// Nodes at which `quantc` without --check stops; 0 when it compiles the model.
  int64_t stops = 0;

  /// What a node counts as: its class, or that of the node that it became a part of.
  LedgerClass countsAs(const LedgerNode &node) const;
  LedgerTotals totals() const;
  /// Float and unsupported nodes, the most multiply-adds first, then the most weights.
  std::vector<const LedgerNode *> largestFloat() const;
  /// What would make float nodes integer, where that is known: one line a reason.
  std::vector<std::string> advice() const;

  llvm::json::Value toJSON() const;
  /// A table of all nodes, if `table`, and the totals.
  void print(llvm::raw_ostream &os, bool table = true) const;
};

/// The ledger of the ONNX file `path` under `options.recipe` and `options.dims`. Fails after
/// diagnostics, which go to `handler`, when the file cannot be read, or when the recipe does not
/// fit it.
mlir::FailureOr<Ledger> makeLedger(llvm::StringRef path, const CompileOptions &options,
                                   llvm::function_ref<void(mlir::Diagnostic &)> handler);

} // namespace quantc

#endif // QUANTC_PIPELINES_LEDGER_H
