//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line of quantc.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TOOLS_QUANTC_OPTIONS_H
#define QUANTC_TOOLS_QUANTC_OPTIONS_H

#include "quantc/Pipelines/Compiler.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

namespace quantc {

struct DriverOptions {
  CompileOptions compile;
  std::string input, output, emit = "so", report, saveConfig;
  std::optional<Stage> to;
  /// The stage that the target's modules reach.
  Stage lastStage = Stage::Lowered;
  bool printPipeline = false, verify = false, quiet = false;
  /// List what becomes of each node instead of compiling.
  bool check = false;
  /// With `check`: float nodes are an error.
  bool failOnFloat = false;
  /// Fail when float ops are left inside; what the recipe `w8a8-integer` promises.
  bool requireInteger = true;
  double maxDrop = -1;
  /// Where to write curvatures of the float model's layers, and how they are measured.
  std::string saveCurvature;
  int64_t curvatureRuns = 8, curvatureProbes = 32, curvatureParts = 0;

  /// Whether the model is to be looked at: --print-pipeline and --save-config need none.
  bool hasResult() const { return !output.empty() || !report.empty() || verify || check; }
};

/// Parses the command line; prints and exits for --help and --version.
llvm::Expected<DriverOptions> parseCommandLine(int argc, char **argv);

} // namespace quantc

#endif // QUANTC_TOOLS_QUANTC_OPTIONS_H
