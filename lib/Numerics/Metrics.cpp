//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Error metrics, fp64 sums in index order.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace quantc::numerics {

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log softmax of a row, in fp64.
void logSoftmax(const float *row, size_t cols, std::vector<double> &out) {
  double max = -kInfinity, sum = 0;
  for (size_t c = 0; c < cols; ++c)
    max = std::max(max, double(row[c]));
  for (size_t c = 0; c < cols; ++c)
    sum += std::exp(row[c] - max);
  out.resize(cols);
  for (size_t c = 0; c < cols; ++c)
    out[c] = row[c] - max - std::log(sum);
}

/// Mean of a measure over the rows where it is not 0 (NaN counts).
double meanOverRows(double (*measure)(const float *, size_t), const float *x, size_t rows,
                    size_t cols) {
  double sum = 0;
  size_t counted = 0;
  for (size_t r = 0; r < rows; ++r) {
    double value = measure(x + r * cols, cols);
    sum += value;
    counted += value != 0;
  }
  return counted ? sum / static_cast<double>(counted) : 0;
}
} // namespace

double sqnrDb(const float *ref, const float *test, size_t n) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < n; ++i) {
    double d = double(ref[i]) - test[i];
    signal += double(ref[i]) * ref[i];
    noise += d * d;
  }
  if (noise == 0)
    return kInfinity;
  return 10 * std::log10(signal / noise);
}

double cosine(const float *a, const float *b, size_t n) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < n; ++i) {
    dot += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
  }
  if (aa == 0 || bb == 0)
    return aa == bb ? 1.0 : 0.0;
  return dot / (std::sqrt(aa) * std::sqrt(bb));
}

double maxAbsDiff(const float *a, const float *b, size_t n) {
  double max = 0;
  for (size_t i = 0; i < n; ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))
      continue;
    double d = std::fabs(double(a[i]) - b[i]);
    max = std::max(max, std::isnan(d) ? kInfinity : d);
  }
  return max;
}

double maxRelDiff(const float *ref, const float *test, size_t n) {
  double diff = maxAbsDiff(ref, test, n), max = 0;
  if (diff == 0)
    return 0;
  for (size_t i = 0; i < n; ++i)
    if (std::isfinite(ref[i]))
      max = std::max(max, std::fabs(double(ref[i])));
  return diff / max;
}

double meanKl(const float *ref, const float *test, size_t rows, size_t cols) {
  if (rows == 0 || cols == 0)
    return 0;
  double total = 0;
  std::vector<double> p, q;
  for (size_t r = 0; r < rows; ++r) {
    logSoftmax(ref + r * cols, cols, p);
    logSoftmax(test + r * cols, cols, q);
    for (size_t c = 0; c < cols; ++c)
      if (double weight = std::exp(p[c]); weight != 0)
        total += weight * (p[c] - q[c]);
  }
  return total / static_cast<double>(rows);
}

double kurtosis(const float *x, size_t n) {
  if (n == 0)
    return 0;
  double mean = 0, second = 0, fourth = 0;
  for (size_t i = 0; i < n; ++i)
    mean += x[i];
  mean /= static_cast<double>(n);
  for (size_t i = 0; i < n; ++i) {
    double square = (x[i] - mean) * (x[i] - mean);
    second += square;
    fourth += square * square;
  }
  return second == 0 ? 0 : fourth / second * (static_cast<double>(n) / second);
}

double maxToRms(const float *x, size_t n) {
  double max = 0, sum = 0;
  for (size_t i = 0; i < n; ++i) {
    max = std::max(max, std::fabs(double(x[i])));
    sum += double(x[i]) * x[i];
  }
  return sum == 0 ? 0 : max / std::sqrt(sum / static_cast<double>(n));
}

double meanRowKurtosis(const float *x, size_t rows, size_t cols) {
  return meanOverRows(kurtosis, x, rows, cols);
}

double meanRowMaxToRms(const float *x, size_t rows, size_t cols) {
  return meanOverRows(maxToRms, x, rows, cols);
}

size_t argMax(const float *row, size_t cols) {
  size_t best = 0;
  for (size_t c = 1; c < cols; ++c)
    if (row[c] > row[best] || (std::isnan(row[best]) && !std::isnan(row[c])))
      best = c;
  return best;
}

double top1Agreement(const float *ref, const float *test, size_t rows, size_t cols) {
  if (rows == 0)
    return 1;
  size_t same = 0;
  for (size_t r = 0; r < rows; ++r)
    same += argMax(ref + r * cols, cols) == argMax(test + r * cols, cols);
  return static_cast<double>(same) / static_cast<double>(rows);
}

} // namespace quantc::numerics
