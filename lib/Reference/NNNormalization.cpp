//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn.rms_norm, nn.layer_norm and nn.embedding.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include <cmath>

using namespace mlir;

namespace quantc {

/// Rows of `length` elements; sums in order, in float64, each element rounded once.
static llvm::Error normalizeRows(OpCall &call, bool center, double epsilon, ArrayRef<float> gain,
                                 ArrayRef<float> bias) {
  ArrayRef<int64_t> shape = call.shape(0);
  int64_t length = shape.back();
  if ((!gain.empty() && static_cast<int64_t>(gain.size()) != length) ||
      (!bias.empty() && static_cast<int64_t>(bias.size()) != length))
    return makeError("expected parameters of " + Twine(length) + " elements");
  auto out = call.floatResult(shape);
  if (!out)
    return out.takeError();
  ArrayRef<float> in = call.floats(0);
  for (size_t begin = 0; begin < in.size(); begin += length) {
    double mean = 0.0, square = 0.0;
    if (center)
      for (int64_t i = 0; i < length; ++i)
        mean += in[begin + i];
    mean /= static_cast<double>(length);
    for (int64_t i = 0; i < length; ++i)
      square += (in[begin + i] - mean) * (in[begin + i] - mean);
    double deviation = std::sqrt(square / static_cast<double>(length) + epsilon);
    for (int64_t i = 0; i < length; ++i) {
      double normal = (in[begin + i] - mean) / deviation;
      (*out)[begin + i] = static_cast<float>(normal * (gain.empty() ? 1.0 : double(gain[i])) +
                                             (bias.empty() ? 0.0 : double(bias[i])));
    }
  }
  return llvm::Error::success();
}

static llvm::Error evaluateRMSNorm(OpCall &call) {
  auto op = cast<nn::RMSNormOp>(call.op);
  return normalizeRows(call, /*center=*/false, op.getEpsilon().convertToFloat(),
                       op.getGain() ? call.floats(1) : ArrayRef<float>(), {});
}

static llvm::Error evaluateLayerNorm(OpCall &call) {
  auto op = cast<nn::LayerNormOp>(call.op);
  ArrayRef<float> gain = op.getGain() ? call.floats(1) : ArrayRef<float>();
  ArrayRef<float> bias = op.getBias() ? call.floats(op.getGain() ? 2 : 1) : ArrayRef<float>();
  return normalizeRows(call, /*center=*/true, op.getEpsilon().convertToFloat(), gain, bias);
}

static llvm::Error evaluateEmbedding(OpCall &call) {
  ArrayRef<int64_t> table = call.shape(0);
  SmallVector<int64_t> shape(call.shape(1));
  shape.push_back(table[1]);
  auto out = call.floatResult(shape);
  if (!out)
    return out.takeError();
  for (int64_t i = 0; i < call.host(1).numElements(); ++i) {
    int64_t row = call.host(1).asInt(i);
    row += row < 0 ? table[0] : 0;
    if (row < 0 || row >= table[0])
      return makeError("expected an index below " + Twine(table[0]) + ", but found " +
                       Twine(call.host(1).asInt(i)));
    std::copy_n(call.floats(0).data() + row * table[1], table[1], out->data() + i * table[1]);
  }
  return llvm::Error::success();
}

void addNormalizationOps(OpTable &table) {
  table.add<nn::RMSNormOp>(evaluateRMSNorm);
  table.add<nn::LayerNormOp>(evaluateLayerNorm);
  table.add<nn::EmbeddingOp>(evaluateEmbedding, TypeRule::FloatF32);
}

} // namespace quantc
