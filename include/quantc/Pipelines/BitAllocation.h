//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From tables of sensitivities, latencies and curvatures to a problem of bit allocation
// (lib/Allocation) and back to widths of nodes.
//
// Groups are layers (nodes with constant weights), candidates widths of weights: "w4", "w8".
// Resources: "bits" (weights times width), "size" in bytes (codes packed at their width, a 4-byte
// scale a channel), "bops" (width * activation bits * multiply-accumulates), "latency" in ns where
// a table of latencies is given, and "lut", "ff", "dsp", "bram18" where one of areas is. A constant
// that several nodes read is one: its nodes are tied and its bits and bytes count once.
//
// Latencies as JSON: {"format": "quantc-latency", "version": 1, "cpu": "x86-64-v3", "threads": 1,
// "runs": 30, "rest": 123, "layers": {"conv1": {"w4": 456, "w8": 456}}}, nanoseconds, medians.
// "cpu" is the level of the code that was timed, or a target's name ("cuda:sm_90"). Curvatures:
// {"format": "quantc-curvature", "version": 1, "curvature": {"conv1": {"weights": 864,
// "trace": 1.5, "eigenvalue": 0.5, "eigenvalues": [...], "fisher": 0.1}}}; `fisher` is the mean
// over weights of the squared gradient.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_BITALLOCATION_H
#define QUANTC_PIPELINES_BITALLOCATION_H

#include "quantc/Allocation/RankCorrelation.h"
#include "quantc/Allocation/Search.h"
#include "quantc/Allocation/Solvers.h"
#include "quantc/Pipelines/Recipe.h"
#include "quantc/Pipelines/Sensitivity.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <map>

namespace quantc {

/// Names of losses, with what each is.
struct AllocationLoss {
  llvm::StringRef name, help;
  bool needsCurvature;
};
llvm::ArrayRef<AllocationLoss> allocationLosses();

struct LatencyTable {
  std::string cpu; ///< ISA level, or name of a target
  int64_t threads = 1, runs = 0;
  int64_t rest = 0; ///< ns of a run outside of the layers
  /// ns by node and label.
  std::map<std::string, std::map<std::string, int64_t>> layers;
};

/// Counts of `areaResources`.
using AreaCosts = std::array<int64_t, 4>;
llvm::ArrayRef<llvm::StringRef> areaResources();
/// What may be used of the part; nullopt for an unknown one.
std::optional<AreaCosts> areaBudgets(const HLSOptions &options);

/// Area on an FPGA, by the cost model of docs/Dialects/HLS.md.
struct AreaTable {
  AreaCosts rest{}; ///< of what is no layer's, the most over all widths
  /// By node and label.
  std::map<std::string, std::map<std::string, AreaCosts>> layers;
};

struct Curvature {
  int64_t weights = 0; ///< number of entries
  std::optional<double> trace, eigenvalue, fisher;
  std::vector<double> eigenvalues; ///< over subsets of the data (Q-BERT)
};
using CurvatureTable = std::map<std::string, Curvature>;

llvm::Error writeLatencies(llvm::StringRef path, const LatencyTable &table);
llvm::Expected<LatencyTable> readLatencies(llvm::StringRef path);
llvm::Expected<CurvatureTable> readCurvatures(llvm::StringRef path);

/// What of a model its tables must agree with.
struct ModelLayers {
  std::vector<LayerSensitivity> layers; ///< `findLayers`
  /// Names of all nodes: a table may hold layers that stay in float in this run.
  llvm::StringSet<> nodes;
};
ModelLayers findModelLayers(mlir::ModuleOp module);

/// The file's effects on the model's layers, in the model's order: what layers are is the model's
/// word alone. All that the file says otherwise is one error.
llvm::Expected<SensitivityTable> matchModel(const SensitivityTable &file, const ModelLayers &model);
llvm::Error matchModel(const CurvatureTable &file, const ModelLayers &model);
llvm::Error matchModel(const LatencyTable &file, const ModelLayers &model);

/// What a problem is made of.
struct AllocationInputs {
  const SensitivityTable &sensitivities;
  const LatencyTable *latencies = nullptr;    ///< null: no resource "latency"
  const CurvatureTable *curvatures = nullptr; ///< null where no loss needs them
  unsigned activationBits = 8;
  /// Widths that the user decided, by node; 0: not.
  std::map<std::string, unsigned> pins = {};
  const AreaTable *areas = nullptr; ///< null: no resources of an FPGA
  /// What the FPGA has; a layer's budget is what the rest leaves. No budget where absent.
  std::optional<AreaCosts> areaBudgets = std::nullopt;
};

/// Budgets are those of the options, rounded down. Errors: an unknown loss, a width or a node that
/// a table lacks, a pin that is no candidate.
llvm::Expected<alloc::Problem> makeProblem(const AllocationInputs &inputs,
                                           const AllocationOptions &options);

/// Layers whose curvature is below 0 and counts as 0, for the losses "hawq" and "hawq-v1".
std::vector<std::string> clampedLayers(llvm::StringRef loss, const SensitivityTable &sensitivities,
                                       const CurvatureTable &curvatures);

/// Layers that may choose, whose loss is 0 in every width though their weights change, but for
/// those that `clamped` names: most often those that the loss's output does not read.
std::vector<std::string> freeLayers(const alloc::Problem &problem,
                                    const SensitivityTable &sensitivities,
                                    llvm::ArrayRef<std::string> clamped = {});

/// The loss of `allocation-loss`, or of "auto" where that is not one of the model's outputs.
llvm::StringRef outputLossName(llvm::StringRef loss);
/// That loss; an error where it was not measured.
llvm::Expected<double> outputLoss(llvm::StringRef name, const WidthEffect &effect);

/// An InfeasibleError in the words of the user: options instead of resources, in their units. Other
/// errors stay as they are.
llvm::Error nameBudgets(llvm::Error error, const alloc::Problem &problem,
                        const AllocationInputs &inputs, const AllocationOptions &options);

/// Index of a resource of `makeProblem`; nullopt for none of that name.
std::optional<unsigned> findResource(const alloc::Problem &problem, llvm::StringRef name);

/// "NAME=w4" for every group, as `node-bits` takes it. A candidate's label is its width's text.
std::vector<std::string> nodeBitsOf(const alloc::Problem &problem,
                                    const alloc::Assignment &assignment);

/// What the search by measured losses of whole assignments found. It starts at `AllocationResult`'s
/// solved assignment.
struct AllocationSearch {
  std::string loss;              ///< what was measured
  int64_t runs = 0, heldOut = 0; ///< that proposed, and others that confirmed
  alloc::Assignment assignment;
  int64_t trials = 0, moves = 0; ///< measured and taken ones
  double before = 0, after = 0;  ///< on the runs that proposed
  std::optional<double> heldOutBefore, heldOutAfter;
  bool localOptimum = false; ///< no change of one or two layers was left

  /// One line.
  void print(llvm::raw_ostream &os) const;
  llvm::json::Value toJSON() const;
};

/// How predicted losses order the measured ones of a group of tried allocations.
struct TrialOrder {
  std::string group, loss; ///< the loss that was measured
  int64_t count = 0;
  /// With its 95 % interval (bootstrap); absent where there is nothing to order.
  std::optional<alloc::Correlation> correlation;
};

/// What was decided, for reports.
struct AllocationResult {
  alloc::Problem problem;
  alloc::Report solved;
  alloc::Assignment chosen; ///< `solved.best`'s unless a search went on from it
  int64_t parameters = 0;   ///< weights of all groups, shared ones once
  std::string loss;         ///< what losses are
  std::optional<AllocationSearch> search;
  /// Of the search for a goal: cost, and loss of agreement of each allocation that was compiled.
  std::vector<std::pair<int64_t, double>> measured;
  /// ns of a run outside of the layers, where latencies are known.
  std::optional<int64_t> restLatency;
  /// What became of each allocation that was to be tried: predicted loss, costs and latency (ns),
  /// those of its integer code, and "latency_in_turns", the prediction from steps that were timed
  /// in turns with that code.
  std::vector<llvm::json::Object> trials;
  std::vector<TrialOrder> orders; ///< by group of trials

  /// At most five lines, and one a group of trials.
  void print(llvm::raw_ostream &os) const;
  llvm::json::Value toJSON() const;
};

/// At most `count` (2 or more) points, the ends among them, evenly by number.
std::vector<alloc::FrontPoint> thinnedFront(const std::vector<alloc::FrontPoint> &front,
                                            size_t count);

/// The front of one resource of all allocations, within the budgets or not; in buckets of costs
/// where the exact one has too many states.
llvm::Expected<std::vector<alloc::FrontPoint>> wholeFront(alloc::Problem problem,
                                                          unsigned resource);

/// Writes problem.json, problem.lp, and for each resource that decisions change its front as
/// front-NAME.csv and front-NAME.svg (500 points at most) into a folder, which is made where it is
/// missing.
llvm::Error writeAllocation(llvm::StringRef folder, const AllocationResult &result);

} // namespace quantc

#endif // QUANTC_PIPELINES_BITALLOCATION_H
