//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of operators: what becomes of each on the path of integers and on that of floats.
//
// Nothing is decided here. Ops and opsets are read from the tables that conversions and folding
// work with; Operators.def adds what a reader wants to know beside, which is no part of them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_OPERATORS_H
#define QUANTC_PIPELINES_OPERATORS_H

#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace quantc {

struct OperatorRow {
  std::string domain, op; ///< "" is ai.onnx
  /// Ranges of opsets, as the page writes them; empty where the path does not take the op.
  std::string integerOpsets, floatOpsets;
  std::string becomes;   ///< in `nn` or `qnn`
  std::string floatForm; ///< "loops", as a rule
  bool folded = false;   ///< evaluated at compile time where its operands are known
  bool expanded = false; ///< written as a float op between DequantizeLinear and QuantizeLinear
  std::string integerLimits, floatLimits;
};

/// Sorted by domain and name.
std::vector<OperatorRow> operatorTable();

/// docs/SupportedOps.md.
void describeOperators(llvm::raw_ostream &os);

} // namespace quantc

#endif // QUANTC_PIPELINES_OPERATORS_H
