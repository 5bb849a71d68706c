//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Follows the nodes of a file through passes that fold, fuse and lower them.
//
// A node's number is the line of a file location below the node's name, so every op that is made of
// the node carries it, and whoever reads the name sees no difference.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LEDGERTRACE_H
#define QUANTC_LIB_PIPELINES_LEDGERTRACE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/Hashing.h"
#include <optional>
#include <vector>

namespace quantc::ledger {

/// The location of node `number`, named `label`.
mlir::Location numberedLoc(mlir::MLIRContext *context, llvm::StringRef label, unsigned number);
/// The numbers in a location.
llvm::SmallVector<unsigned> numbersIn(mlir::Location loc);

struct Fold {
  enum Kind { Constant, Identity, Unused, Inlined, Fused } kind;
  /// The node that it became a part of (`Fused`); none: of the quantization around it.
  std::optional<unsigned> into;
};

class Trace {
public:
  struct Place {
    unsigned number;
    llvm::StringRef dialect;
    llvm::hash_code signature;
    std::optional<unsigned> parent; ///< the node in whose body it lies
    mlir::Region *region = nullptr;
    bool hasBodies = false;
    llvm::SmallVector<unsigned> producers, users; ///< places
  };
  /// The nodes that a module computes, and who reads whom.
  struct Snapshot {
    std::vector<Place> places;
    llvm::DenseMap<unsigned, llvm::SmallVector<unsigned, 1>> at;
    llvm::DenseSet<unsigned> constants; ///< nodes that constants stand for
    llvm::DenseMap<mlir::Value, unsigned> makers;

    unsigned add(unsigned number, mlir::Operation *op);
    void connect(unsigned place, mlir::Value operand);
    bool isThere(unsigned number) const { return at.contains(number); }
  };

  /// To be called after each pass: a node that no op computes any more was folded by it.
  void look(mlir::ModuleOp module);
  /// How the node went away, if it did.
  std::optional<Fold> fold(unsigned number) const;
  /// Types of the node's results when it was last seen as a node of the imported graph; of several
  /// calls of a function, the first counts.
  llvm::ArrayRef<mlir::Type> types(unsigned number) const;
  /// Whether the node was there at the first look.
  bool hasSeen(unsigned number) const { return first.contains(number); }

private:
  static Snapshot take(mlir::ModuleOp module);
  void recordTypes(mlir::ModuleOp module);
  void findUnused();
  Fold explain(unsigned number, const Snapshot &now) const;
  Fold explainNode(unsigned number, const Snapshot &now) const;
  std::vector<unsigned> reachable(unsigned number, bool forward, const Snapshot &now) const;
  bool isPassedOn(unsigned number, const Snapshot &now) const;

  Snapshot last;
  llvm::DenseSet<unsigned> first, unused;
  llvm::DenseMap<unsigned, Fold> folds;
  llvm::DenseMap<unsigned, llvm::SmallVector<mlir::Type, 1>> resultTypes;
};

} // namespace quantc::ledger

#endif // QUANTC_LIB_PIPELINES_LEDGERTRACE_H
