//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Second-order information about a loss from products alone: nobody holds a Hessian H or a Jacobian
// J; the caller supplies v -> Hv, v -> Jv, or one gradient per sample. Formulas, accuracy and
// choice: docs/Curvature.md.
//
// Probes are a function of (seed, index) alone and every sum runs in index order, so that results
// are the same for any number of threads behind the products. All errors name what was expected; a
// product that is not finite is an error.
//
// References: Hutchinson, Comm. Stat. Simul. 19 (1990); Yao et al., PyHessian, arXiv 1912.07145;
// Dong et al., HAWQ and HAWQ-V2, arXiv 1905.03696 and 1911.03852; Martens, arXiv 1412.1193
// (Gauss-Newton and Fisher).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_CURVATURE_H
#define QUANTC_PTQ_CURVATURE_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// A function of a vector: a product v -> Hv, a gradient W -> g(W), outputs W -> f(W).
using VectorFunction = llvm::function_ref<llvm::Expected<Vector>(const Vector &)>;

/// `size` entries of -1 and +1, a function of (seed, index).
Vector rademacherProbe(uint64_t seed, uint64_t index, int64_t size);
/// `size` independent normal numbers (mean 0, variance 1), a function of (seed, index).
Vector normalProbe(uint64_t seed, uint64_t index, int64_t size);

//===----------------------------------------------------------------------===//
// Eigenvalues
//===----------------------------------------------------------------------===//

struct Eigenpair {
  double value = 0;
  Vector vector; ///< of length 1
  /// ||H vector - value vector||: some eigenvalue of H is no farther than that from `value`.
  double residual = 0;
  int iterations = 0;
  bool converged = false;
};

struct EigenOptions {
  int count = 1;
  int maxIterations = 100; ///< of each pair
  /// Stops when |value - previous| <= tolerance * |previous|.
  double tolerance = 1e-3;
  uint64_t seed = 0;
};

/// Power iteration for the eigenvalues of greatest magnitude of a symmetric `size` x `size` matrix,
/// in the order found; each is kept orthogonal to the earlier ones. Values may be negative. The
/// stop looks at values alone, which settle long before vectors do, and between two eigenvalues of
/// equal magnitude and different sign they settle on neither: `residual` tells.
llvm::Expected<std::vector<Eigenpair>> topEigenpairs(int64_t size, VectorFunction product,
                                                     const EigenOptions &options = {});

//===----------------------------------------------------------------------===//
// Traces
//===----------------------------------------------------------------------===//

struct TraceOptions {
  int minProbes = 2;
  int maxProbes = 100;
  /// Stops at the first probe k >= minProbes with |mean_k - mean_(k-1)| <= tolerance *
  /// |mean_(k-1)|, in every block; 0 asks for exactly equal means, negative for all probes.
  double tolerance = 1e-3;
  uint64_t seed = 0;
};

struct TraceEstimate {
  double mean = 0; ///< the trace; may be negative off a minimum
  /// sqrt(sample variance / probes); 0 for one probe.
  double standardError = 0;
  int probes = 0;
  bool converged = false;
};

/// Entries [offset, offset + size) of a vector: the parameters of one layer, say.
struct Block {
  int64_t offset = 0;
  int64_t size = 0;
};

/// Hutchinson's estimate of the traces of the diagonal blocks of H: the mean of v_b^T (Hv)_b over
/// probes of -1 and +1, all blocks' from one product per probe; the other blocks' shares have mean
/// 0. The variance of one block that is all of H is 2 (||H||_F^2 - sum H_jj^2) / probes: exact for
/// a diagonal H. Blocks lie inside [0, size) and do not overlap.
llvm::Expected<std::vector<TraceEstimate>> estimateBlockTraces(int64_t size,
                                                               llvm::ArrayRef<Block> blocks,
                                                               VectorFunction product,
                                                               const TraceOptions &options = {});

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

/// Unit roundoff of a function that computes in fp32, and of one in fp64.
constexpr double kFloatRoundoff = 1.1920928955078125e-07;
constexpr double kDoubleRoundoff = 2.220446049250313e-16;

/// sqrt(roundoff) * (1 + ||point||) / ||direction||; 0 for a zero direction.
double differenceStep(double pointNorm, double directionNorm, double roundoff = kFloatRoundoff);

/// (f(point + eps v) - f(point - eps v)) / (2 eps) with that step, which is Hv when f is the
/// gradient and Jv when f is the outputs. Two evaluations; a zero v takes one and gives zeros.
/// Relative accuracy is about sqrt(roundoff) * (1 + ||point||): enough for traces, not for small
/// eigenvalues.
llvm::Expected<Vector> differenceProduct(const Vector &point, const Vector &v, VectorFunction f,
                                         double roundoff = kFloatRoundoff);

//===----------------------------------------------------------------------===//
// Fisher
//===----------------------------------------------------------------------===//

/// The diagonal of the empirical Fisher matrix, mean over samples of the squared gradient of that
/// one sample. (The square of the mean gradient is another, much smaller quantity.)
class FisherDiagonal {
public:
  explicit FisherDiagonal(int64_t size) : sums(Vector::Zero(size)) {}

  /// The gradient of one sample's loss.
  llvm::Error add(const Vector &gradient);
  /// Adds the samples of `other`. Results depend on the order of additions and merges: keep both
  /// fixed.
  llvm::Error merge(const FisherDiagonal &other);

  int64_t samples() const { return count; }
  /// Zeros before the first sample.
  Vector diagonal() const;
  /// Its sum over a block, which lies inside: the trace of the block's Fisher matrix.
  double trace(Block block) const;

private:
  Vector sums;
  int64_t count = 0;
};

//===----------------------------------------------------------------------===//
// What a change of weights costs
//===----------------------------------------------------------------------===//

/// tr(dW G dW^T) for dW [out, in] and the inputs' mean second moment G = X^T X / samples
/// [in, in]: the squared error of the layer's output, summed over outputs, per sample. Exactly the
/// change of (1/N) sum ||W x - y||^2 at a perfect fit.
double outputCost(const Matrix &change, const Matrix &secondMoment);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_CURVATURE_H
