//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How sensitive the loss is to each layer's weights and inputs, from compiled gradient code:
// Hutchinson traces and top eigenvalues of the Hessian, Fisher diagonals, traces with respect to
// activations (docs/Curvature.md).
//
// The loss has no labels: it is the distance of the first float output to what the model itself
// gives, KL(softmax || softmax) where that output has rank 1 or 2 and several columns, else the
// mean squared difference. At the model's own weights its gradient is 0 and its Hessian that of
// Gauss-Newton.
//
// The table as JSON:
//
//   {"format": "quantc-curvature", "version": 1,
//    "options": {"loss": "kl", "runs": 8, "probes": 16, ...},
//    "curvature": {"conv1": {"weights": 864, "trace": 1.5, "traceStderr": 0.1, "probes": 16,
//                            "gaussNewtonTrace": 1.4, "gaussNewtonStderr": 0.1, "eigenvalue": 0.5,
//                            "eigenvalues": [0.4, 0.6], "fisher": 0.1, "fisherTrue": 0.1,
//                            "fisherEmpirical": 0.2, "activationTrace": 3.0}}}
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_CURVATURESTATISTICS_H
#define QUANTC_PIPELINES_CURVATURESTATISTICS_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/PTQ/Curvature.h"
#include "quantc/Support/Progress.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace quantc {

/// Of one node; of all its weights where it has several.
struct NodeCurvature {
  std::string node;
  int64_t weights = 0; ///< number of entries
  /// tr(H) of the diagonal block of the node's weights, for the mean loss of the runs.
  double trace = 0, traceStderr = 0;
  int probes = 0;
  /// Of greatest magnitude, the mean over `eigenvalues`: one for each part of the runs. Absent
  /// where none were asked for.
  std::optional<double> eigenvalue;
  std::vector<double> eigenvalues;
  /// Means over weights of the Fisher diagonal: over labels of the model's own distribution (for
  /// the squared error, normal with the variance whose Hessian is the loss's), estimated by signs
  /// in place of labels (quantc/PTQ/OutputFisher.h); labels the model's greatest outputs (KL
  /// alone). Samples are rows of the output.
  double fisherTrue = 0;
  /// The trace of the same block, without the other layers' shares in `trace`, and the standard
  /// error that draws of signs leave to it; absent with one draw.
  double gaussNewtonTrace() const { return fisherTrue * static_cast<double>(weights); }
  std::optional<double> gaussNewtonStderr;
  std::optional<double> fisherEmpirical;
  /// Trace of Gauss-Newton with respect to what the node reads, mean over runs.
  std::optional<double> activationTrace;
};

struct CurvatureOptions {
  /// First runs of the data; -1 means all. A run is one sample.
  int64_t runs = 8;
  /// Of traces. `trace.seed` also draws signs.
  ptq::TraceOptions trace;
  /// Draws of signs for each run, for Gauss-Newton and Fisher.
  int draws = 8;
  /// Parts of the runs that eigenvalues are taken of; 0: no eigenvalues. Each node and part takes
  /// up to `iterations` products.
  int eigenParts = 0;
  int iterations = 20;
  bool activations = true;
  int threads = 1; ///< changes no result
  ProgressFn progress;
};

struct CurvatureStatistics {
  std::string loss; ///< "kl" or "mse"
  int64_t runs = 0;
  uint64_t seed = 0;
  int draws = 1, eigenParts = 0;
  std::vector<NodeCurvature> nodes; ///< program order
};

/// `module` is of stage float with static shapes; it is not changed. What is held does not grow
/// with the runs but for the model's outputs. Fails with the names of nodes without derivatives,
/// and warns of nodes that the loss's output does not depend on: their curvatures are 0.
llvm::Expected<CurvatureStatistics> measureCurvature(mlir::ModuleOp module, DataSet &data,
                                                     const CurvatureOptions &options = {});

llvm::json::Value curvatureToJSON(const CurvatureStatistics &statistics);
/// Written whole or not at all. `readCurvatures` (BitAllocation.h) reads what allocation needs.
llvm::Error writeCurvature(llvm::StringRef path, const CurvatureStatistics &statistics);

} // namespace quantc

#endif // QUANTC_PIPELINES_CURVATURESTATISTICS_H
