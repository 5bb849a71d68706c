//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Factors and shifts of migration sites by the methods of quantc/PTQ.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_QNN_TRANSFORMS_MIGRATIONCHOICE_H
#define QUANTC_LIB_DIALECT_QNN_TRANSFORMS_MIGRATIONCHOICE_H

#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "quantc/PTQ/Equalize.h"
#include "quantc/PTQ/OutlierSuppression.h"

namespace quantc::qnn {

/// Weight, taps and groups of a map; no bias. Nullopt when the weight's bytes are not there.
std::optional<ptq::LinearLayer> loadLayer(LinearMapOpInterface op);

/// Of the channels of one site, over all its reads.
struct SiteStatistics {
  SiteStatistics(const MigrationSite &site, const ChannelSampleTable &samples);

  std::string missing; ///< a read without samples that fit; empty where there is none
  ptq::ChannelRange range;
  ptq::Vector absMax, meanAbs;
  ptq::Vector weightAbsMax; ///< of the columns of all maps, at least 1e-5
};

struct SiteChoice {
  ptq::Vector shift, scale;
  bool absorbs = false; ///< the shift is an absorbed bias
  bool floored = false; ///< and gets through a ReLU: values are at least it
  std::string text;     ///< what was chosen, for reports; empty for nothing
};

/// The loss of a site on rows for the search or for the check; its reads have samples.
llvm::Expected<ptq::MigrationLoss> makeLoss(const MigrationSite &site,
                                            const ChannelSampleTable &samples, bool check,
                                            const ptq::MigrationLossOptions &options);

/// By the methods that take one site at a time. `search` may be null for a given alpha.
llvm::Expected<SiteChoice> chooseTransform(const MigrationSite &site,
                                           const SiteStatistics &statistics,
                                           const ptq::MigrationLoss *search,
                                           const MigrateOptions &options);

/// Cross-layer equalization of all sites that linear maps write, in rounds until nothing changes: a
/// depthwise layer between two sites ends as the closed form of the triple. Sites that others than
/// linear maps write have an empty text.
std::vector<SiteChoice> equalizeSites(llvm::ArrayRef<MigrationSite> sites,
                                      const ptq::EqualizeOptions &options = {});

/// A shift beside the factors of an equalized site, as high as its ReLUs pass it on almost surely:
/// three standard deviations below the mean that a batch normalisation told, else the least value
/// that was seen. Without a ReLU: the mean. False, with the reason, where there is none.
bool absorbBias(const MigrationSite &site, const ChannelSampleTable &samples, SiteChoice &choice,
                std::string &reason);

} // namespace quantc::qnn

#endif // QUANTC_LIB_DIALECT_QNN_TRANSFORMS_MIGRATIONCHOICE_H
