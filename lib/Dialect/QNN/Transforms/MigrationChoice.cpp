//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which factors and shifts a site gets; see Migrate.h and MigrationChoice.h.
//
//===----------------------------------------------------------------------===//

#include "MigrationChoice.h"
#include "FloatWeights.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/PTQ/Awq.h"
#include "quantc/PTQ/Equalize.h"
#include "quantc/PTQ/OutlierSuppression.h"
#include "quantc/PTQ/SmoothQuant.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;
using ptq::Matrix;
using ptq::Vector;

//===----------------------------------------------------------------------===//
// Weights of maps
//===----------------------------------------------------------------------===//

std::optional<ptq::LinearLayer> qnn::loadLayer(LinearMapOpInterface op) {
  std::optional<FloatWeights> weights = FloatWeights::load(op);
  std::optional<ptq::PatchGeometry> geometry = op.getPatches();
  if (!weights || !geometry)
    return std::nullopt;
  int64_t width = weights->inputs() * weights->kernelSize();
  ptq::LinearLayer layer;
  layer.weight.resize(weights->outputs(), width);
  for (int64_t o = 0; o < weights->outputs(); ++o)
    for (int64_t i = 0; i < width; ++i)
      layer.weight(o, i) = weights->row(o)[i];
  layer.taps = weights->kernelSize();
  layer.groups = geometry->groups;
  return layer;
}

/// The greatest of `values` in each channel.
static void raise(Vector &range, const Vector &values, ArrayRef<int64_t> channels) {
  for (auto [i, channel] : llvm::enumerate(channels))
    range[channel] = std::max(range[channel], values[static_cast<Eigen::Index>(i)]);
}

/// Factors of a map's inputs or outputs.
static Vector spread(const Vector &scale, ArrayRef<int64_t> channels) {
  Vector result(channels.size());
  for (auto [i, channel] : llvm::enumerate(channels))
    result[static_cast<Eigen::Index>(i)] = scale[channel];
  return result;
}

//===----------------------------------------------------------------------===//
// Statistics of a site
//===----------------------------------------------------------------------===//

SiteStatistics::SiteStatistics(const MigrationSite &site, const ChannelSampleTable &samples) {
  int64_t channels = site.channels();
  range.min = Vector::Constant(channels, std::numeric_limits<double>::infinity());
  range.max = -range.min;
  meanAbs = Vector::Zero(channels);
  weightAbsMax = Vector::Zero(channels);
  Vector times = Vector::Zero(channels);
  for (const MigrationRead &read : site.reads) {
    auto found = samples.find(read.name);
    if (found == samples.end() ||
        found->second.inputs() != static_cast<int64_t>(read.channels.size()) ||
        found->second.width != found->second.inputs() * read.geometry.taps()) {
      missing = read.name;
      return;
    }
    const ChannelSample &sample = found->second;
    for (auto [input, channel] : llvm::enumerate(read.channels)) {
      range.min[channel] = std::min(range.min[channel], sample.min[input]);
      range.max[channel] = std::max(range.max[channel], sample.max[input]);
      meanAbs[channel] += sample.meanAbs[input];
      times[channel] += 1;
    }
    for (LinearMapOpInterface map : read.maps)
      if (std::optional<ptq::LinearLayer> layer = loadLayer(map))
        raise(weightAbsMax, ptq::inputRange(*layer), read.channels);
  }
  weightAbsMax = weightAbsMax.cwiseMax(1e-5);
  for (int64_t c = 0; c < channels; ++c) {
    if (times[c] == 0) // a channel that no map reads
      range.min[c] = range.max[c] = 0;
    else
      meanAbs[c] /= times[c];
  }
  absMax = range.max.cwiseAbs().cwiseMax(range.min.cwiseAbs());
}

static Matrix rowsOf(ArrayRef<float> values, int64_t width) {
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             values.data(), width ? static_cast<int64_t>(values.size()) / width : 0, width)
      .cast<double>();
}

llvm::Expected<ptq::MigrationLoss> qnn::makeLoss(const MigrationSite &site,
                                                 const ChannelSampleTable &samples, bool check,
                                                 const ptq::MigrationLossOptions &options) {
  std::vector<ptq::ReadRows> reads;
  for (const MigrationRead &read : site.reads) {
    const ChannelSample &sample = samples.find(read.name)->second;
    ptq::ReadRows rows;
    rows.rows = rowsOf(check ? sample.check : sample.search, sample.width);
    rows.taps = read.geometry.taps();
    rows.channels = read.channels;
    rows.min = Eigen::Map<const Vector>(sample.min.data(), sample.inputs());
    rows.max = Eigen::Map<const Vector>(sample.max.data(), sample.inputs());
    for (LinearMapOpInterface map : read.maps) {
      std::optional<ptq::LinearLayer> layer = loadLayer(map);
      if (!layer)
        return makeError("expected constant weights of '" + read.name + "'");
      rows.maps.push_back({std::move(layer->weight), layer->groups});
    }
    reads.push_back(std::move(rows));
  }
  return ptq::MigrationLoss::create(std::move(reads), site.channels(), options);
}

//===----------------------------------------------------------------------===//
// Methods
//===----------------------------------------------------------------------===//

/// A channel that was always 0 says nothing. It gets the geometric mean of the others, whatever the
/// formula makes of it, and so keeps its size among them, in activations and in weights.
static void keepDeadChannels(Vector &scale, const Vector &absMax) {
  double sum = 0;
  int64_t live = 0;
  for (Eigen::Index c = 0; c < scale.size(); ++c)
    if (absMax[c] != 0) {
      sum += std::log(scale[c]);
      ++live;
    }
  const double middle = live ? std::exp(sum / static_cast<double>(live)) : 1;
  for (Eigen::Index c = 0; c < scale.size(); ++c)
    if (absMax[c] == 0)
      scale[c] = middle;
}

static llvm::Expected<SiteChoice> smooth(const SiteStatistics &statistics,
                                         const ptq::MigrationLoss *loss,
                                         std::optional<double> alpha) {
  const Vector zero = Vector::Zero(statistics.absMax.size());
  SiteChoice choice{zero, {}, false, false, {}};
  auto factors = [&](double alpha) -> llvm::Expected<Vector> {
    auto scale = ptq::smoothScale(statistics.absMax, statistics.weightAbsMax, alpha);
    if (scale)
      keepDeadChannels(*scale, statistics.absMax);
    return scale;
  };
  if (!alpha) {
    std::vector<double> alphas;
    for (int i = 0; i <= 10; ++i)
      alphas.push_back(i / 10.0);
    llvm::Expected<ptq::ShiftedMigrationLoss> unshifted = loss->at(zero);
    if (!unshifted)
      return unshifted.takeError();
    llvm::Expected<ptq::SmoothSearch> search =
        ptq::searchSmoothScale(statistics.absMax, statistics.weightAbsMax, alphas,
                               [&](const Vector &scale) -> llvm::Expected<double> {
                                 Vector kept = scale;
                                 keepDeadChannels(kept, statistics.absMax);
                                 return (*unshifted)(kept);
                               });
    if (!search)
      return search.takeError();
    alpha = search->alpha;
  }
  llvm::Expected<Vector> scale = factors(*alpha);
  if (!scale)
    return scale.takeError();
  choice.scale = std::move(*scale);
  choice.text = llvm::formatv("alpha {0:F2}", *alpha).str();
  return choice;
}

static llvm::Expected<SiteChoice> suppress(const SiteStatistics &statistics,
                                           const ptq::MigrationLoss &loss, bool shift) {
  ptq::OutlierOptions options;
  options.shift = shift;
  Vector middle =
      shift ? ptq::outlierShift(statistics.range) : Vector(Vector::Zero(statistics.absMax.size()));
  double most =
      (statistics.range.max - middle).cwiseMax(middle - statistics.range.min).cwiseAbs().maxCoeff();
  // The reference code's grid is in units of activations of language models; here it follows A.
  options.stepSize = std::max(most, 1e-30) / options.leastSteps;
  options.lowerBound = std::max(most, 1e-30) / options.leastSteps;
  llvm::Expected<ptq::ShiftedMigrationLoss> shifted = loss.at(middle);
  if (!shifted)
    return shifted.takeError();
  llvm::Expected<ptq::OutlierSearch> search = ptq::suppressOutliers(
      statistics.range, [&](double, const Vector &scale) { return (*shifted)(scale); }, options);
  if (!search)
    return search.takeError();
  std::string text = llvm::formatv("threshold {0}", llvm::format("%.4g", search->threshold)).str();
  return SiteChoice{search->shift, search->scale, false, false, text + (shift ? ", shifted" : "")};
}

static llvm::Expected<SiteChoice> activationAware(const SiteStatistics &statistics,
                                                  const ptq::MigrationLoss &loss) {
  const Vector zero = Vector::Zero(statistics.absMax.size());
  llvm::Expected<ptq::ShiftedMigrationLoss> unshifted = loss.at(zero);
  if (!unshifted)
    return unshifted.takeError();
  llvm::Expected<ptq::AwqSearch> search = ptq::searchAwqScale(
      statistics.meanAbs, [&](const Vector &scale) { return (*unshifted)(scale); });
  if (!search)
    return search.takeError();
  return SiteChoice{zero, search->scale, false, false,
                    search->exponent ? llvm::formatv("exponent {0:F2}", *search->exponent).str()
                                     : "no scale"};
}

llvm::Expected<SiteChoice> qnn::chooseTransform(const MigrationSite &site,
                                                const SiteStatistics &statistics,
                                                const ptq::MigrationLoss *search,
                                                const MigrateOptions &options) {
  switch (options.method) {
  case MigrationMethod::SmoothQuant:
    return smooth(statistics, search, options.alpha);
  case MigrationMethod::OutlierSuppression:
    return suppress(statistics, *search, site.noShift.empty());
  case MigrationMethod::Awq:
    return activationAware(statistics, *search);
  case MigrationMethod::Equalize:
    break;
  }
  return makeError("equalization chooses factors of all sites together");
}

//===----------------------------------------------------------------------===//
// Equalization
//===----------------------------------------------------------------------===//

std::vector<SiteChoice> qnn::equalizeSites(ArrayRef<MigrationSite> sites,
                                           const ptq::EqualizeOptions &options) {
  llvm::DenseMap<Operation *, std::optional<ptq::LinearLayer>> layers;
  auto layer = [&](LinearMapOpInterface map) -> std::optional<ptq::LinearLayer> & {
    auto [entry, isNew] = layers.try_emplace(map);
    if (isNew)
      entry->second = loadLayer(map);
    return entry->second;
  };
  std::vector<SiteChoice> choices;
  for (const MigrationSite &site : sites) {
    bool ready = !site.writers.empty();
    for (auto &[map, channels] : site.writers)
      ready &= layer(map).has_value();
    for (const MigrationRead &read : site.reads)
      for (LinearMapOpInterface map : read.maps)
        ready &= layer(map).has_value();
    choices.push_back({Vector::Zero(site.channels()), Vector::Ones(site.channels()), false, false,
                       ready ? "equal ranges" : ""});
  }
  for (int round = 0; round < options.maxRounds; ++round) {
    double change = 0;
    for (auto [site, choice] : llvm::zip_equal(sites, choices)) {
      if (choice.text.empty())
        continue;
      Vector first = Vector::Zero(site.channels()), second = first;
      for (auto &[map, channels] : site.writers)
        raise(first, ptq::outputRange(*layer(map)), channels);
      for (const MigrationRead &read : site.reads)
        for (LinearMapOpInterface map : read.maps)
          raise(second, ptq::inputRange(*layer(map)), read.channels);
      llvm::Expected<Vector> scale = ptq::equalizingScale(first, second);
      if (!scale) {
        llvm::consumeError(scale.takeError()); // weights that are not finite
        choice.text.clear();
        continue;
      }
      for (double &factor : *scale) {
        factor = std::clamp(factor, options.leastScale, options.greatestScale);
        change = std::max(change, std::fabs(std::log(factor)));
      }
      choice.scale = choice.scale.cwiseProduct(*scale);
      for (auto &[map, channels] : site.writers)
        ptq::divideOutputs(*layer(map), spread(*scale, channels));
      for (const MigrationRead &read : site.reads)
        for (LinearMapOpInterface map : read.maps)
          ptq::multiplyInputs(*layer(map), spread(*scale, read.channels));
    }
    if (change < options.tolerance)
      break;
  }
  // What roundings of the weights move is no factor.
  for (SiteChoice &choice : choices)
    for (double &factor : choice.scale)
      if (std::fabs(std::log(factor)) < 1e-6)
        factor = 1;
  return choices;
}

//===----------------------------------------------------------------------===//
// High biases
//===----------------------------------------------------------------------===//

static Vector vectorOf(ArrayRef<double> values) {
  return Eigen::Map<const Vector>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// Of each channel of a value: what may be absorbed, from moments or from samples.
static llvm::Expected<Vector> absorbableOf(const MigrationBound &bound,
                                           const ChannelSampleTable &samples) {
  if (auto maker = bound.value.getDefiningOp<LinearMapOpInterface>())
    if (auto moments = getChannelMoments(maker, bound.geometry.channels))
      return ptq::absorbableBias(vectorOf(moments->mean), vectorOf(moments->deviation));
  auto sample = samples.find(bound.name);
  if (sample == samples.end() || sample->second.inputs() != bound.geometry.channels)
    return makeError("no samples of '" + bound.name + "'");
  Vector least = vectorOf(sample->second.min);
  return ptq::absorbableBias(least, Vector::Zero(least.size()));
}

/// Where no ReLU is on the way: the mean of what one map writes.
static llvm::Expected<Vector> meanOf(const MigrationSite &site) {
  if (site.writers.size() != 1)
    return makeError("more than one linear map writes it");
  auto &[map, channels] = site.writers.front();
  auto moments = getChannelMoments(map, static_cast<int64_t>(channels.size()));
  if (!moments || static_cast<int64_t>(channels.size()) != site.channels())
    return makeError("no batch normalisation told its mean");
  Vector mean(site.channels());
  for (auto [i, channel] : llvm::enumerate(channels))
    mean[channel] = moments->mean[i];
  return mean;
}

bool qnn::absorbBias(const MigrationSite &site, const ChannelSampleTable &samples,
                     SiteChoice &choice, std::string &reason) {
  auto refuse = [&](llvm::Error error) {
    reason = llvm::toString(std::move(error));
    return false;
  };
  reason = site.noAbsorption;
  if (!reason.empty())
    return false;
  choice.floored = !site.bounds.empty();
  if (!choice.floored) {
    llvm::Expected<Vector> mean = meanOf(site);
    if (!mean)
      return refuse(mean.takeError());
    choice.shift = std::move(*mean);
    return true;
  }
  Vector least = Vector::Constant(site.channels(), std::numeric_limits<double>::infinity());
  for (const MigrationBound &bound : site.bounds) {
    llvm::Expected<Vector> found = absorbableOf(bound, samples);
    if (!found)
      return refuse(found.takeError());
    for (auto [i, channel] : llvm::enumerate(bound.channels))
      least[channel] = std::min(least[channel], (*found)[static_cast<Eigen::Index>(i)]);
  }
  if (!least.allFinite() || least.isZero(0)) {
    reason = "no channel is as high";
    return false;
  }
  choice.shift = std::move(least);
  return true;
}
