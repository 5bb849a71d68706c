//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Rotations.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "Values.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Hadamard.h"
#include "quantc/Numerics/Orthogonal.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

LogicalResult nn::visitRotated(func::FuncOp function, bool streams, VisitRotated ofStream,
                               VisitRotated ofHeads) {
  llvm::DenseSet<Value> done;
  auto markDone = [&](const TransformRegion &region) {
    for (const TransformRegion::Member &member : region.members)
      done.insert(member.value);
  };
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  int64_t number = 0;
  for (Operation *op : ops) {
    auto norm = dyn_cast<RMSNormOp>(op);
    if (!streams || !norm || norm.getGain() || done.contains(norm.getInput()))
      continue;
    Value value = norm.getInput();
    TransformRegion region = findTransformRegion(value, lastAxis(value), TransformKind::Rotation);
    markDone(region);
    if (failed(ofStream(norm, region, number++)))
      return failure();
  }
  for (Operation *op : ops) {
    auto product = dyn_cast<MatMulOp>(op);
    if (!product || done.contains(product.getResult()))
      continue;
    Value value = product.getResult();
    TransformRegion region = findTransformRegion(value, lastAxis(value), TransformKind::Rotation);
    if (region.isLegal() && !region.readers().empty())
      markDone(region);
    if (failed(ofHeads(product, region, number++)))
      return failure();
  }
  return success();
}

static LogicalResult passBy(Operation *, const TransformRegion &, int64_t) { return success(); }

std::vector<ResidualStream> nn::findResidualStreams(func::FuncOp function, unsigned maxExplicit) {
  std::vector<ResidualStream> streams;
  auto add = [&](Operation *norm, const TransformRegion &region, int64_t number) {
    llvm::SetVector<Value> inputs;
    for (Operation *reader : region.readers())
      inputs.insert(cast<LinearMapOpInterface>(reader).getInputOperand().get());
    const bool isRotated =
        region.refusals.size() <= maxExplicit &&
        llvm::all_of(region.refusals, [](const auto &refusal) { return refusal.canBeExplicit; });
    streams.push_back({number, lastAxis(norm->getOperand(0)).size(), isRotated,
                       std::vector<Value>(inputs.begin(), inputs.end())});
    return success();
  };
  (void)visitRotated(function, /*streams=*/true, add, passBy); // none fails
  return streams;
}

/// What linear maps read of a region, heads one behind the other along the last axis.
static std::vector<Value> inputsOfHeads(const TransformRegion &region, int64_t channels) {
  llvm::SetVector<Value> inputs;
  for (Operation *reader : region.readers()) {
    Value input = cast<LinearMapOpInterface>(reader).getInputOperand().get();
    const int64_t last = cast<RankedTensorType>(input.getType()).getRank() - 1;
    for (const TransformRegion::Member &member : region.members)
      if (member.value == input && !member.inverse &&
          member.slot == ChannelSlot{{ChannelDigit{last, channels, 1}}})
        inputs.insert(input);
  }
  return std::vector<Value>(inputs.begin(), inputs.end());
}

std::vector<HeadValues> nn::findHeadValues(func::FuncOp function) {
  std::vector<HeadValues> heads;
  auto add = [&](Operation *product, const TransformRegion &region, int64_t number) {
    if (region.isLegal() && !region.readers().empty()) {
      const int64_t channels = lastAxis(product->getResult(0)).size();
      heads.push_back({number, channels, inputsOfHeads(region, channels)});
    }
    return success();
  };
  (void)visitRotated(function, /*streams=*/true, passBy, add); // none fails
  return heads;
}

TransformRegion nn::findScaleRegion(Value input, int64_t channels) {
  const int64_t last = cast<RankedTensorType>(input.getType()).getRank() - 1;
  return findTransformRegion(input, ChannelSlot{{ChannelDigit{last, channels, 1}}},
                             TransformKind::Scale);
}

std::vector<double> nn::fixedRotation(int64_t channels, int64_t seed, bool hadamard,
                                      std::string &text) {
  if (hadamard) {
    numerics::HadamardPlanning planning = numerics::planHadamard(channels);
    std::optional<numerics::HadamardPlan> plan = planning.plan;
    if (!plan)
      plan = numerics::planHadamardBlocks(channels);
    if (plan) {
      text = "Hadamard " + plan->describe();
      return numerics::Hadamard(std::move(*plan), numerics::randomSigns(channels, seed)).matrix();
    }
  }
  text = "random orthogonal";
  return numerics::randomOrthogonal(static_cast<size_t>(channels), seed);
}

//===----------------------------------------------------------------------===//
// File
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral streamPrefix = "stream", headsPrefix = "heads",
                                     scalesInfix = ".scales";

llvm::Error nn::writeRotations(llvm::StringRef path, const RotationTable &rotations) {
  std::vector<NamedTensor> arrays;
  auto add = [&](llvm::StringRef prefix, const std::map<int64_t, std::vector<double>> &matrices,
                 const ScaleTable &scales) {
    for (const auto &[number, matrix] : matrices) {
      const auto size = int64_t(std::llround(std::sqrt(double(matrix.size()))));
      arrays.push_back(
          {(prefix + llvm::Twine(number)).str(), HostTensor::from<double>({size, size}, matrix)});
    }
    for (const auto &[place, values] : scales)
      arrays.push_back(
          {(prefix + llvm::Twine(place.first) + scalesInfix + llvm::Twine(place.second)).str(),
           HostTensor::from<double>({int64_t(values.size())}, values)});
  };
  add(streamPrefix, rotations.streams, rotations.streamScales);
  add(headsPrefix, rotations.heads, rotations.headScales);
  return writeNpz(path, arrays);
}

/// Why the array is no rotation; empty when it is one.
static std::string whyNoRotation(llvm::StringRef name, const HostTensor &tensor) {
  if (tensor.dtype() != DType::F64 || tensor.rank() != 2 || tensor.dim(0) != tensor.dim(1))
    return ("expected a square f64 matrix as '" + name + "'").str();
  const double error =
      numerics::orthogonalityError(tensor.values<double>().vec(), size_t(tensor.dim(0)));
  if (!(error <= 1e-6))
    return llvm::formatv("expected '{0}' to be orthogonal, but its product with its transpose "
                         "differs from 1 by {1:e}",
                         name, error);
  return "";
}

/// Why the array holds no scales; empty when it does.
static std::string whyNoScales(llvm::StringRef name, const HostTensor &tensor) {
  if (tensor.dtype() != DType::F64 || tensor.rank() != 1 ||
      llvm::any_of(tensor.values<double>(),
                   [](double scale) { return !(scale > 0) || !std::isfinite(scale); }))
    return ("expected a vector of positive f64 numbers as '" + name + "'").str();
  return "";
}

llvm::Expected<RotationTable> nn::readRotations(llvm::StringRef path) {
  auto arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  RotationTable table;
  for (const NamedTensor &array : *arrays) {
    auto [name, place] = llvm::StringRef(array.name).split(scalesInfix);
    const bool isScale = name.size() != array.name.size();
    const bool isStream = name.consume_front(streamPrefix);
    int64_t number = 0, input = 0;
    if ((!isStream && !name.consume_front(headsPrefix)) || name.getAsInteger(10, number) ||
        number < 0 || (isScale && (place.getAsInteger(10, input) || input < 0)))
      return makeError(path +
                       ": expected arrays stream0, heads1, stream0.scales2, ..., but found '" +
                       array.name + "'");
    std::string why =
        isScale ? whyNoScales(array.name, array.tensor) : whyNoRotation(array.name, array.tensor);
    if (!why.empty())
      return makeError(path + ": " + why);
    std::vector<double> values = array.tensor.values<double>().vec();
    if (isScale)
      (isStream ? table.streamScales : table.headScales)[{number, input}] = std::move(values);
    else
      (isStream ? table.streams : table.heads)[number] = std::move(values);
  }
  return table;
}
