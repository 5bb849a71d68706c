//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values for the symbolic dimensions of a model, from the user's options.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_DIMENSIONS_H
#define QUANTC_LIB_IMPORT_ONNX_DIMENSIONS_H

#include "Reporter.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Import/ONNX/ImportONNX.h"
#include "llvm/ADT/StringMap.h"

namespace quantc::onnx {

class Dimensions {
public:
  /// Binds the symbols of `inputs`; what does not fit goes to `reporter`.
  Dimensions(const ImportOptions &options, llvm::ArrayRef<ValueInfoAttr> inputs,
             Reporter &reporter);

  /// `info` with bound symbols replaced by their values, and for inputs with the shape that the
  /// options give. Null, after a report, when the shape becomes too large.
  ValueInfoAttr apply(ValueInfoAttr info, bool isInput);

private:
  void bind(llvm::StringRef symbol, int64_t value);
  void bindShape(ValueInfoAttr input, llvm::ArrayRef<int64_t> shape);

  llvm::StringMap<int64_t> values;
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
  Reporter &reporter;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_DIMENSIONS_H
