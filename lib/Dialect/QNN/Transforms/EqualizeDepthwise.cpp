//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equalization in front of depthwise convolutions: they have one weight row per channel, so any
// factor moves through them into that row, and the tensor in front of them can have the same range
// in every channel.
//
//===----------------------------------------------------------------------===//

#include "FloatWeights.h"
#include "Nodes.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include <algorithm>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {
/// A convolution, its clamp, and the depthwise convolutions behind.
struct Site {
  LinearMapOpInterface producer;
  Operation *clamp;
  double bound;
  SmallVector<LinearMapOpInterface> readers;
};
} // namespace

/// A convolution that the quantizer will take, with one input channel per output channel.
static bool isDepthwise(Operation *op, Value input) {
  std::optional<ptq::PatchGeometry> patches = convolutionPatches(op);
  auto map = dyn_cast<LinearMapOpInterface>(op);
  return patches && map.getInputOperand().get() == input && patches->groups == patches->channels &&
         cast<RankedTensorType>(map.getWeightOperand().get().getType()).getDimSize(0) ==
             patches->channels;
}

static std::optional<Site> matchSite(ObserveOp observe) {
  auto clamp = asQuantizable(observe.getInput().getDefiningOp());
  auto bounds = clamp ? clamp.getClampBounds() : std::nullopt;
  if (!bounds || bounds->first != 0.0 || !(bounds->second > 0.0) ||
      !observe.getInput().hasOneUse() || observe.getStatisticsAttr())
    return std::nullopt;
  Value sum = clamp->getOperand(0);
  Operation *producer = sum.getDefiningOp();
  if (!convolutionPatches(producer) || !sum.hasOneUse() || observe.use_empty())
    return std::nullopt;
  Site site{cast<LinearMapOpInterface>(producer), clamp, bounds->second, {}};
  for (Operation *user : observe.getResult().getUsers()) {
    if (!isDepthwise(user, observe.getResult()))
      return std::nullopt;
    site.readers.push_back(cast<LinearMapOpInterface>(user));
  }
  return site;
}

static bool equalizeSite(const Site &site, const ChannelSummary &summary) {
  std::optional<FloatWeights> producer = FloatWeights::load(site.producer);
  if (!producer || summary.max.size() != static_cast<size_t>(producer->outputs()))
    return false;
  std::vector<double> sigma;
  for (double greatest : summary.max)
    sigma.push_back(std::min(site.bound, greatest));
  double floor = 1e-3 * *std::max_element(sigma.begin(), sigma.end());
  if (!(floor > 0))
    return false;
  SmallVector<FloatWeights> readers;
  for (LinearMapOpInterface reader : site.readers) {
    std::optional<FloatWeights> weights = FloatWeights::load(reader);
    if (!weights || weights->outputs() != producer->outputs())
      return false;
    readers.push_back(std::move(*weights));
  }
  for (auto [c, factor] : llvm::enumerate(sigma)) {
    factor = std::max(factor, floor);
    producer->bias[c] /= factor;
    for (float &w : producer->row(static_cast<int64_t>(c)))
      w = static_cast<float>(w / factor);
    for (FloatWeights &reader : readers)
      for (float &w : reader.row(static_cast<int64_t>(c)))
        w = static_cast<float>(w * factor);
  }
  producer->store();
  for (double &factor : sigma)
    factor = 1 / factor;
  rescaleChannelMoments(site.producer, sigma, std::vector<double>(sigma.size(), 0.0));
  for (FloatWeights &reader : readers)
    reader.store();
  OpBuilder builder(site.clamp);
  Value unit =
      nn::ClipOp::create(builder, site.clamp->getLoc(), site.clamp->getResult(0).getType(),
                         site.clamp->getOperand(0), llvm::APFloat(0.0f), llvm::APFloat(1.0f));
  site.clamp->getResult(0).replaceAllUsesWith(unit);
  site.clamp->erase();
  return true;
}

int64_t qnn::equalizeDepthwise(ModuleOp module, const ChannelSummaries &channels) {
  int64_t count = 0;
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp observe) { observers.push_back(observe); });
  for (ObserveOp observe : observers) {
    auto summary = channels.find(observe.getName());
    std::optional<Site> site = matchSite(observe);
    if (summary != channels.end() && site && equalizeSite(*site, summary->second))
      ++count;
  }
  return count;
}
