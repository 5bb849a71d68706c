//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outlier migration: diagonal scales, and shifts, between what linear maps read and the weights on
// both sides, placed by the algebra of channels (docs/Migration.md). The float function stays.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_MIGRATE_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_MIGRATE_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Calibration/ChannelSamples.h"
#include "quantc/Dialect/QNN/Transforms/Options.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/PTQ/MigrationLoss.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <optional>
#include <string>
#include <vector>

namespace quantc::qnn {

//===----------------------------------------------------------------------===//
// Where
//===----------------------------------------------------------------------===//

/// Linear maps that read one value in rows of one shape.
struct MigrationRead {
  std::string name; ///< of the observer: "NODE.input" of the first of them
  mlir::Value value;
  ptq::PatchGeometry geometry;
  /// Of each input channel, its channel of the transform.
  std::vector<int64_t> channels;
  std::vector<LinearMapOpInterface> maps;
};

/// What a ReLU reads where biases are absorbed: as much of a channel as values are never below.
struct MigrationBound {
  std::string name; ///< of the observer: "NODE.input" of the ReLU
  mlir::Value value;
  ptq::PatchGeometry geometry;
  /// Of each channel of the value, its channel of the transform.
  std::vector<int64_t> channels;
};

/// One transform: a region of values that linear maps read, all of whose ops take it up.
struct MigrationSite {
  std::string name; ///< that of its first read
  mlir::Value seed;
  ChannelSlot slot;
  /// What makes the seed is to be copied for the linear maps that read it: others, which read it
  /// too, take no transform. The op is no linear map and absorbs by its parameters.
  bool copies = false;
  /// Why no shift is possible; empty where it is.
  std::string noShift;
  /// Where a high bias can be absorbed (`SiteOptions::absorb`): the ReLUs that it has to get
  /// through; or why not.
  std::vector<MigrationBound> bounds;
  std::string noAbsorption;
  std::vector<MigrationRead> reads;
  /// Linear maps whose results carry the transform, each with the channels of its outputs.
  std::vector<std::pair<LinearMapOpInterface, std::vector<int64_t>>> writers;

  int64_t channels() const { return slot.size(); }
};

struct MigrationRefusal {
  std::string name; ///< "NODE.input" of the first map that reads the value
  mlir::Operation *reader;
  std::string reason;
};

struct MigrationSites {
  std::vector<MigrationSite> sites;
  std::vector<MigrationRefusal> refusals;
};

struct SiteOptions {
  bool copies = true;
  /// Looks for ways of a shift that values are never below.
  bool absorb = false;
  /// Clamps to [0, hi] may lose their upper bound.
  bool openClamps = false;
};

/// All values that linear maps with constant weights read, each in one site or refused with the
/// reason. A region is looked for from the values that maps read, then from results of maps in
/// front (for channels that heads share), then, with `copies`, behind a copy of the producer.
MigrationSites findMigrationSites(mlir::ModuleOp module, const SiteOptions &options);

/// A message that begins with `option` for each of the names that is no site and no refused value.
std::vector<std::string> unknownSites(const MigrationSites &sites, const llvm::StringSet<> &names,
                                      llvm::StringRef option);

/// Puts an observer in front of the maps of every read, and of the ReLUs of every bound whose
/// channels' moments no batch normalisation told. By name, what its rows are.
llvm::StringMap<ptq::PatchGeometry> observeSites(const MigrationSites &sites);

//===----------------------------------------------------------------------===//
// What
//===----------------------------------------------------------------------===//

enum class MigrationMethod { SmoothQuant, OutlierSuppression, Awq, Equalize };

/// "smoothquant", "os+", "awq", "equalize".
llvm::StringRef migrationName(MigrationMethod method);
std::optional<MigrationMethod> parseMigration(llvm::StringRef name);

/// `sites.absorb` is for `Equalize`.
struct MigrateOptions {
  MigrationMethod method = MigrationMethod::SmoothQuant;
  /// Of SmoothQuant; none: the best of 0, 0.1 .. 1.
  std::optional<double> alpha;
  SiteOptions sites;
  /// Transforms are kept where they lower the loss on rows that the search did not see; without:
  /// always.
  bool check = true;
  /// Sites to leave alone, by name.
  llvm::StringSet<> exclude;
  /// How the model will be stored: codes of activations and weights.
  ptq::MigrationLossOptions loss;
  int threads = 1;
  ProgressFn progress;
};

/// What became of one site.
struct MigratedSite {
  std::string name;
  std::string choice; ///< "alpha 0.5", "threshold 2.25, shifted", "exponent 0.3"
  double leastFactor = 1, greatestFactor = 1;
  double leastShift = 0, greatestShift = 0;
  std::string noAbsorption; ///< why no bias is absorbed, where that was asked for
  /// Noise to signal of the maps that read it (`MigrationLoss`), on rows for the check, without and
  /// with the transform; NaN where there are no rows.
  double before = 0, after = 0;
  bool kept = false;
  std::string reason; ///< why not; or what is missing (a shift)
  int64_t values = 0, maps = 0;
};

/// Weights of linear maps to the codes that options of the recipe ask for, and back: `format`
/// (docs/Formats.md) with its search of scales, or symmetric integers where it is empty.
llvm::Expected<std::function<llvm::Expected<ptq::Matrix>(const ptq::Matrix &)>>
weightRounding(const QuantizeOptions &quantize, llvm::StringRef format, llvm::StringRef search);

/// Decides on a transform for each site and applies those that are kept. A site without samples is
/// left alone; `samples` are not read by `Equalize` without `check`. The result is the same for any
/// number of threads. Remarks say what was done and refused; fails with a diagnostic.
mlir::FailureOr<std::vector<MigratedSite>>
migrate(mlir::ModuleOp module, const ChannelSampleTable &samples, const MigrateOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_MIGRATE_H
