//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Power iteration, Hutchinson's traces, differences and Fisher diagonals.
//
// Two things differ from PyHessian's code: vectors are divided by their norm and changes by the
// previous value, without 1e-6 added to either, so that scaling the loss scales every result and
// changes no stop.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Curvature.h"
#include "Checks.h"
#include <algorithm>
#include <numeric>
#include <random>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Probes
//===----------------------------------------------------------------------===//

/// A well mixed 64-bit number (the finalizer of SplitMix64; Steele et al., OOPSLA 2014).
static uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

static std::mt19937_64 engineFor(uint64_t seed, uint64_t index) {
  return std::mt19937_64(mix(mix(seed) ^ index));
}

/// In (0, 1): the middle of one of 2^53 equal intervals.
static double uniform(std::mt19937_64 &engine) { return ((engine() >> 11) + 0.5) * 0x1p-53; }

Vector ptq::rademacherProbe(uint64_t seed, uint64_t index, int64_t size) {
  std::mt19937_64 engine = engineFor(seed, index);
  Vector probe(size);
  uint64_t bits = 0;
  for (int64_t i = 0; i < size; ++i) {
    bits = i % 64 == 0 ? engine() : bits >> 1;
    probe[i] = bits & 1 ? 1.0 : -1.0;
  }
  return probe;
}

Vector ptq::normalProbe(uint64_t seed, uint64_t index, int64_t size) {
  std::mt19937_64 engine = engineFor(seed, index);
  Vector probe(size);
  for (int64_t i = 0; i < size; i += 2) { // Box and Muller
    double radius = std::sqrt(-2 * std::log(uniform(engine)));
    double angle = 2 * M_PI * uniform(engine);
    probe[i] = radius * std::cos(angle);
    if (i + 1 < size)
      probe[i + 1] = radius * std::sin(angle);
  }
  return probe;
}

//===----------------------------------------------------------------------===//
// Eigenvalues and traces
//===----------------------------------------------------------------------===//

/// |now - before| <= tolerance * |before|.
static bool settled(double now, double before, double tolerance) {
  return std::abs(now - before) <= tolerance * std::abs(before);
}

static Expected<Vector> multiply(VectorFunction product, const Vector &v) {
  Expected<Vector> result = product(v);
  if (!result)
    return result.takeError();
  if (Error error = checkVector("the product", *result, v.size()))
    return std::move(error);
  return result;
}

/// v less its shares of the vectors found, divided by its norm; false when next to nothing remains.
static bool orthonormalize(Vector &v, ArrayRef<Eigenpair> found) {
  double before = v.norm();
  for (int pass = 0; pass < 2; ++pass) // once loses digits where v is almost in their span
    for (const Eigenpair &pair : found)
      v -= pair.vector.dot(v) * pair.vector;
  double norm = v.norm();
  if (!(norm > before * kDoubleRoundoff * v.size()))
    return false;
  v /= norm;
  return true;
}

static Expected<Eigenpair> nextEigenpair(int64_t size, VectorFunction product,
                                         ArrayRef<Eigenpair> found, const EigenOptions &options) {
  Eigenpair pair;
  pair.vector = normalProbe(options.seed, found.size(), size);
  orthonormalize(pair.vector, found);
  while (pair.iterations < options.maxIterations) {
    Expected<Vector> image = multiply(product, pair.vector);
    if (!image)
      return image.takeError();
    double before = pair.value;
    pair.value = pair.vector.dot(*image);
    pair.residual = (*image - pair.value * pair.vector).norm();
    pair.converged = pair.iterations++ > 0 && settled(pair.value, before, options.tolerance);
    if (pair.converged)
      break;
    if (!orthonormalize(*image, found)) { // H is 0 on what is left: this vector is as good as any
      pair.converged = true;
      break;
    }
    pair.vector = std::move(*image);
  }
  return pair;
}

Expected<std::vector<Eigenpair>> ptq::topEigenpairs(int64_t size, VectorFunction product,
                                                    const EigenOptions &options) {
  if (options.count < 1 || options.count > size)
    return makeError("expected between 1 and " + Twine(size) + " eigenvalues, but found " +
                     Twine(options.count));
  if (options.maxIterations < 1 || !(options.tolerance >= 0))
    return makeError("expected at least one iteration and a tolerance that is not negative");
  std::vector<Eigenpair> found;
  while (int(found.size()) < options.count) {
    Expected<Eigenpair> pair = nextEigenpair(size, product, found, options);
    if (!pair)
      return pair.takeError();
    found.push_back(std::move(*pair));
  }
  return found;
}

namespace {
/// Running mean and variance of one trace (Welford).
struct RunningTrace {
  TraceEstimate estimate;
  double squares = 0; ///< sum of squared distances from the mean

  void add(double value, const TraceOptions &options) {
    double before = estimate.mean, distance = value - before;
    int n = ++estimate.probes;
    estimate.mean += distance / n;
    squares += distance * (value - estimate.mean);
    estimate.standardError = n > 1 ? std::sqrt(squares / (double(n) * (n - 1))) : 0;
    estimate.converged = n > 1 && settled(estimate.mean, before, options.tolerance);
  }
};
} // namespace

static Error checkOptions(int64_t size, const TraceOptions &options) {
  if (size < 1)
    return makeError("expected at least one parameter, but found " + Twine(size));
  if (options.minProbes < 1 || options.maxProbes < options.minProbes)
    return makeError("expected 1 <= least <= greatest number of probes, but found " +
                     Twine(options.minProbes) + " and " + Twine(options.maxProbes));
  return Error::success();
}

static Error checkBlocks(int64_t size, ArrayRef<Block> blocks) {
  std::vector<Block> sorted(blocks.begin(), blocks.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Block &a, const Block &b) { return a.offset < b.offset; });
  int64_t end = 0;
  for (const Block &block : sorted) {
    if (block.offset < end || block.size < 1 || block.size > size - block.offset)
      return makeError("expected blocks that lie apart inside " + Twine(size) +
                       " values, but found " + Twine(block.size) + " values at " +
                       Twine(block.offset));
    end = block.offset + block.size;
  }
  return Error::success();
}

Expected<std::vector<TraceEstimate>> ptq::estimateBlockTraces(int64_t size, ArrayRef<Block> blocks,
                                                              VectorFunction product,
                                                              const TraceOptions &options) {
  if (Error error = checkOptions(size, options))
    return std::move(error);
  if (Error error = checkBlocks(size, blocks))
    return std::move(error);
  std::vector<RunningTrace> traces(blocks.size());
  for (int probe = 0; probe < options.maxProbes; ++probe) {
    Vector v = rademacherProbe(options.seed, probe, size);
    Expected<Vector> image = multiply(product, v);
    if (!image)
      return image.takeError();
    for (auto [block, trace] : zip_equal(blocks, traces))
      trace.add(v.segment(block.offset, block.size).dot(image->segment(block.offset, block.size)),
                options);
    if (probe + 1 >= options.minProbes &&
        all_of(traces, [](const RunningTrace &trace) { return trace.estimate.converged; }))
      break;
  }
  std::vector<TraceEstimate> estimates;
  for (const RunningTrace &trace : traces)
    estimates.push_back(trace.estimate);
  return estimates;
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

double ptq::differenceStep(double pointNorm, double directionNorm, double roundoff) {
  if (directionNorm == 0)
    return 0;
  return std::sqrt(roundoff) * (1 + pointNorm) / directionNorm;
}

Expected<Vector> ptq::differenceProduct(const Vector &point, const Vector &v, VectorFunction f,
                                        double roundoff) {
  if (Error error = checkVector("the direction", v, point.size()))
    return std::move(error);
  double step = differenceStep(point.norm(), v.norm(), roundoff);
  Expected<Vector> above = f(point + step * v);
  if (!above)
    return above.takeError();
  if (step == 0)
    return Vector(Vector::Zero(above->size()));
  Expected<Vector> below = f(point - step * v);
  if (!below)
    return below.takeError();
  if (Error error = checkVector("the function", *below, above->size()))
    return std::move(error);
  Vector quotient = (*above - *below) / (2 * step);
  if (Error error = checkFinite("the difference", quotient))
    return std::move(error);
  return quotient;
}

//===----------------------------------------------------------------------===//
// Fisher
//===----------------------------------------------------------------------===//

Error FisherDiagonal::add(const Vector &gradient) {
  if (Error error = checkVector("the gradient", gradient, sums.size()))
    return error;
  sums += gradient.cwiseAbs2();
  ++count;
  return Error::success();
}

Error FisherDiagonal::merge(const FisherDiagonal &other) {
  if (Error error = checkVector("the other diagonal", other.sums, sums.size()))
    return error;
  sums += other.sums;
  count += other.count;
  return Error::success();
}

Vector FisherDiagonal::diagonal() const { return count == 0 ? sums : Vector(sums / double(count)); }

double FisherDiagonal::trace(Block block) const {
  return count == 0 ? 0 : sums.segment(block.offset, block.size).sum() / double(count);
}

//===----------------------------------------------------------------------===//
// What a change of weights costs
//===----------------------------------------------------------------------===//

double ptq::outputCost(const Matrix &change, const Matrix &secondMoment) {
  return (change * secondMoment).cwiseProduct(change).sum();
}
