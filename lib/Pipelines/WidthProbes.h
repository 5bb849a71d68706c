//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a run measures what widths of weights lose: on which runs of the calibration data, with which
// biases, and with weights that are rounded as they will be in the end.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_WIDTHPROBES_H
#define QUANTC_LIB_PIPELINES_WIDTHPROBES_H

#include "quantc/Pipelines/Sensitivity.h"

namespace quantc {

struct WidthProbes {
  SensitivityOptions options;
  /// That losses are measured on; neither weights nor biases are fitted to them where the data has
  /// more than one.
  std::vector<int64_t> runs;
  /// What `options.rounded` refers to, once it was asked for.
  RoundedWidths rounded;
};

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_WIDTHPROBES_H
