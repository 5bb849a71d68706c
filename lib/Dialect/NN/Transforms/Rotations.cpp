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

std::vector<ResidualStream> nn::findResidualStreams(func::FuncOp function, unsigned maxExplicit) {
  std::vector<ResidualStream> streams;
  llvm::DenseSet<Value> done;
  function.walk([&](RMSNormOp norm) {
    if (norm.getGain() || done.contains(norm.getInput()))
      return;
    ChannelSlot slot = lastAxis(norm.getInput());
    TransformRegion region = findTransformRegion(norm.getInput(), slot, TransformKind::Rotation);
    for (const TransformRegion::Member &member : region.members)
      done.insert(member.value);
    llvm::SetVector<Value> inputs;
    for (Operation *reader : region.readers())
      inputs.insert(cast<LinearMapOpInterface>(reader).getInputOperand().get());
    const bool isRotated =
        region.refusals.size() <= maxExplicit &&
        llvm::all_of(region.refusals, [](const auto &refusal) { return refusal.canBeExplicit; });
    streams.push_back({int64_t(streams.size()), slot.size(), isRotated,
                       std::vector<Value>(inputs.begin(), inputs.end())});
  });
  return streams;
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

static constexpr llvm::StringLiteral streamPrefix = "stream";

llvm::Error nn::writeRotations(llvm::StringRef path, const RotationTable &rotations) {
  std::vector<NamedTensor> arrays;
  for (const auto &[number, matrix] : rotations) {
    const auto size = int64_t(std::llround(std::sqrt(double(matrix.size()))));
    arrays.push_back({(streamPrefix + llvm::Twine(number)).str(),
                      HostTensor::from<double>({size, size}, matrix)});
  }
  return writeNpz(path, arrays);
}

llvm::Expected<RotationTable> nn::readRotations(llvm::StringRef path) {
  auto arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  RotationTable table;
  for (const NamedTensor &array : *arrays) {
    const HostTensor &tensor = array.tensor;
    llvm::StringRef name = array.name;
    int64_t number = 0;
    if (!name.consume_front(streamPrefix) || name.getAsInteger(10, number) || number < 0)
      return makeError(path + ": expected arrays stream0, stream1, ..., but found '" + array.name +
                       "'");
    if (tensor.dtype() != DType::F64 || tensor.rank() != 2 || tensor.dim(0) != tensor.dim(1))
      return makeError(path + ": expected a square f64 matrix as '" + array.name + "'");
    std::vector<double> matrix(tensor.values<double>().begin(), tensor.values<double>().end());
    const double error = numerics::orthogonalityError(matrix, size_t(tensor.dim(0)));
    if (!(error <= 1e-6))
      return makeError(path + ": expected '" + array.name +
                       "' to be orthogonal, but its product with its transpose differs from 1 by " +
                       llvm::formatv("{0:e}", error).str());
    table[number] = std::move(matrix);
  }
  return table;
}
