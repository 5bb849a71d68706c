//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The output of a model that a loss reads where nobody names one.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LOSSOUTPUT_H
#define QUANTC_LIB_PIPELINES_LOSSOUTPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>

namespace quantc {

struct LossOutput {
  unsigned index = 0; ///< among the results of `@main`
  std::string name;
  bool classifies = false;
};

/// The first output of rank 1 or 2 with several columns, which classifies, else the first of
/// floats.
llvm::Expected<LossOutput> findLossOutput(mlir::ModuleOp module);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_LOSSOUTPUT_H
