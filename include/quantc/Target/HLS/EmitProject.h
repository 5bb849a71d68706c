//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a folded dataflow design as a project for high-level synthesis (docs/HLS.md, "Projects").
// Prints what the IR says; decides nothing.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TARGET_HLS_EMITPROJECT_H
#define QUANTC_TARGET_HLS_EMITPROJECT_H

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quantc::hls {

/// One frame for the testbench: codes of every input and output, each tensor row-major.
struct GoldenFrame {
  std::vector<std::vector<int64_t>> inputs, outputs;
};

struct ProjectInfo {
  std::string model, recipe, version; ///< for comments and the report
  /// Assumed clock in MHz: decides nothing, appears in scripts and in the report's frames/s.
  double clockMHz = 100;
};

/// Writes the project into the folder `path`, which is made when it is absent. Files of an older
/// project there are replaced; others stay.
llvm::Error emitProject(DesignOp design, const DataflowEstimate &estimate,
                        const std::vector<GoldenFrame> &golden, const ProjectInfo &info,
                        llvm::StringRef path);

} // namespace quantc::hls

#endif // QUANTC_TARGET_HLS_EMITPROJECT_H
