//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What rotations did to a model: which places were rotated, which were refused and why, and what
// became of outliers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_ROTATIONREPORT_H
#define QUANTC_PIPELINES_ROTATIONREPORT_H

#include "quantc/Interfaces/RotationDecision.h"
#include "quantc/Pipelines/Outliers.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace quantc {

struct RotationReport {
  std::string rotate; ///< option of the recipe
  /// Places in the order of the passes, which decided, and norms that keep what stands in the way.
  std::vector<RotationDecision> places, norms;
  /// Of what linear maps read in float, without and with the rotations, on some runs of the data;
  /// empty where nobody asked for an explanation.
  std::vector<InputOutliers> before, after;
  int64_t outlierRuns = 0;

  /// Takes what a remark carries; others are passed by.
  void add(mlir::Diagnostic &diagnostic);
  int64_t rotated() const;
  llvm::json::Value toJSON() const;
  /// One or two lines.
  void print(llvm::raw_ostream &os) const;
};

} // namespace quantc

#endif // QUANTC_PIPELINES_ROTATIONREPORT_H
