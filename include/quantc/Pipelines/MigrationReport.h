//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What outlier migration did to a model, and what the model gained.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_MIGRATIONREPORT_H
#define QUANTC_PIPELINES_MIGRATIONREPORT_H

#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantc {

struct MigrationReport {
  std::string method;
  /// Every place where the algebra of channels lets scales through.
  std::vector<qnn::MigratedSite> sites;
  /// What maps read where it does not, and why.
  std::vector<std::pair<std::string, std::string>> refused;
  /// Mean over outputs and runs of the SQNR in dB of the quantized model on runs that no search
  /// saw, without any and with the transforms kept; absent where it was not asked for.
  std::optional<double> scoreBefore, scoreAfter;
  double seconds = 0;

  llvm::json::Value toJSON() const;
  /// One line.
  void print(llvm::raw_ostream &os) const;
};

} // namespace quantc

#endif // QUANTC_PIPELINES_MIGRATIONREPORT_H
