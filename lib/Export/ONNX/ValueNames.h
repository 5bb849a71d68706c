//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of values: ONNX knows values by name, the IR does not.
//
// A value keeps the name it was imported with wherever that is possible. Names
// are made up for values without one, and where a pass has brought two values
// of one name together.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_EXPORT_ONNX_VALUENAMES_H
#define QUANTC_LIB_EXPORT_ONNX_VALUENAMES_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace quantc::onnx {

class ValueNames {
public:
  /// Names in sight of a graph; inner graphs see those around them.
  struct Scope {
    const Scope *parent = nullptr;
    mlir::Block *block = nullptr;
    llvm::StringMap<mlir::Value> values;
  };

  /// Made-up names will differ from every name in `module`.
  explicit ValueNames(mlir::ModuleOp module);

  /// Names all values of `block`: arguments as `inputs` say, then results that `outputs` name, then
  /// the rest. `results` are the values that the outputs return. An input name that is taken twice
  /// gives an error.
  mlir::LogicalResult assign(Scope &scope, llvm::ArrayRef<llvm::StringRef> inputs,
                             mlir::ValueRange results, llvm::ArrayRef<llvm::StringRef> outputs);

  /// The name of a value; "" for an absent one.
  llvm::StringRef get(mlir::Value value) const;

  /// A name that no value has, like `base`.
  std::string makeName(llvm::StringRef base);

private:
  bool isFree(const Scope &scope, llvm::StringRef name) const;
  void give(Scope &scope, mlir::Value value, llvm::StringRef name);

  llvm::DenseMap<mlir::Value, std::string> names;
  llvm::StringSet<> taken;
  uint64_t counter = 0;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_EXPORT_ONNX_VALUENAMES_H
