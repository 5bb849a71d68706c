//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Comparison of outputs; see OutputComparison.h.
//
//===----------------------------------------------------------------------===//

#include "OutputComparison.h"
#include <algorithm>
#include <cmath>

using namespace quantc;
using llvm::ArrayRef;

double quantc::squaredDistance(ArrayRef<float> a, ArrayRef<float> b) {
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += (double(x) - y) * (double(x) - y);
  return sum;
}

/// log sum exp of a row.
static double logTotal(ArrayRef<float> row) {
  double greatest = *std::max_element(row.begin(), row.end()), sum = 0;
  for (float value : row)
    sum += std::exp(value - greatest);
  return greatest + std::log(sum);
}

/// KL(softmax(p) || softmax(q)) in nats.
static double rowDivergence(ArrayRef<float> p, ArrayRef<float> q) {
  double totalP = logTotal(p), totalQ = logTotal(q), sum = 0;
  for (auto [x, y] : llvm::zip_equal(p, q))
    sum += std::exp(x - totalP) * ((x - totalP) - (y - totalQ));
  return std::max(sum, 0.0);
}

static size_t argmax(ArrayRef<float> row) {
  return size_t(std::max_element(row.begin(), row.end()) - row.begin());
}

/// The first output that holds rows of classes.
static std::optional<size_t> classifierOutput(ArrayRef<HostTensor> outputs, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (outputs[i].dtype() == DType::F32 && (outputs[i].rank() == 1 || outputs[i].rank() == 2) &&
        outputs[i].shape().back() > 1)
      return i;
  return std::nullopt;
}

void OutputComparison::add(ArrayRef<HostTensor> expected, ArrayRef<HostTensor> found,
                           size_t count) {
  signal.resize(count);
  error.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (expected[i].dtype() != DType::F32)
      continue;
    ArrayRef<float> a = expected[i].values<float>();
    for (float value : a)
      signal[i] += double(value) * value;
    error[i] += squaredDistance(a, found[i].values<float>());
  }
  std::optional<size_t> classes = classifierOutput(expected, count);
  if (!classes)
    return;
  ArrayRef<float> a = expected[*classes].values<float>(), b = found[*classes].values<float>();
  size_t columns = size_t(expected[*classes].shape().back());
  for (size_t row = 0; row * columns < a.size(); ++row) {
    ArrayRef<float> p = a.slice(row * columns, columns), q = b.slice(row * columns, columns);
    divergence += rowDivergence(p, q);
    changedRows += argmax(p) != argmax(q);
    ++rows;
  }
}

void OutputComparison::summarize(WidthEffect &effect) const {
  double total = 0;
  int64_t outputs = 0;
  for (auto [power, squared] : llvm::zip_equal(signal, error))
    if (power > 0) {
      total += squared / power;
      ++outputs;
    }
  effect.noise = outputs ? total / double(outputs) : 0;
  if (!rows)
    return;
  effect.divergence = divergence / double(rows);
  effect.disagreement = double(changedRows) / double(rows);
}
