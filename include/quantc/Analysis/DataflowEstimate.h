//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a folded dataflow design costs: cycles and area of each unit and stream, the frame interval,
// the latency of a frame. Docs: "Cost model" in docs/Dialects/HLS.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_DATAFLOWESTIMATE_H
#define QUANTC_ANALYSIS_DATAFLOWESTIMATE_H

#include "quantc/Analysis/DataflowSchedule.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace quantc {

struct UnitEstimate {
  hls::UnitOpInterface op;
  std::string node; ///< ONNX node
  /// Cycles from the start of a frame to that of the next that the unit needs by itself:
  /// iterations, and the pause between two frames: the pipeline's drain, or what the unit waits for
  /// the window in front of it to fill while the stream between them runs empty. Folding goes by
  /// it.
  int64_t interval = 0, iterations = 0;
  hls::Resources area;
};

struct DataflowEstimate {
  std::vector<UnitEstimate> units;
  hls::Resources unitArea, streamArea, area;
  int64_t interval = 0;  ///< cycles per frame once the pipeline is full, stalls included
  int64_t latency = 0;   ///< cycles from the start until every unit has ended the first frame
  bool deadlock = false; ///< the depths stop the design; interval and latency are 0
  size_t slowest = 0;    ///< index of the unit with the largest interval of its own
  llvm::DenseMap<mlir::Value, StreamTimes> times;
};

/// Estimates `design` as it is folded and as its streams are sized, by its schedule
/// (DataflowSchedule.h). Without depths, streams hold any number of beats, and their area is that
/// of two places.
DataflowEstimate estimateDataflow(hls::DesignOp design);
/// The same without times.
DataflowEstimate estimateArea(hls::DesignOp design);

/// The interval that a unit would allow by itself.
int64_t unitInterval(hls::UnitOpInterface op);

/// `utilization` percent of the part's supply, rounded down; as text: "80 % of xc7z020".
hls::Part usableOf(const hls::Part &part, int64_t utilization);
std::string shareOf(const hls::Part &part, int64_t utilization);
/// Whether the area, with the upper ends of its bands, is there.
bool fits(const hls::Resources &area, const hls::Part &usable);
/// The least percentage of the part that holds the area; 0 when none does.
int64_t utilizationFor(const hls::Resources &area, const hls::Part &part);
/// Names of the other parts that hold the area at that utilization; empty when there is none.
std::string partsThatHold(const hls::Resources &area, const hls::Part &part, int64_t utilization);

/// The error that a part is too small for a design, to which its share is to be added; whether a
/// diagnostic is one, by a mark that it carries.
mlir::InFlightDiagnostic emitDoesNotFit(hls::DesignOp design);
bool isDoesNotFit(mlir::Diagnostic &diagnostic);

/// What of `utilization` percent of `part` the design needs more than there is; empty when it fits.
/// Each entry says resource, need, supply, and the largest consumers by node.
std::vector<std::string> missingResources(const DataflowEstimate &estimate, const hls::Part &part,
                                          int64_t utilization);

/// {"interval", "latency", "area": {...}, "units": [{"node", "unit", "cycles", ...}]}.
llvm::json::Value toJSON(const DataflowEstimate &estimate);

} // namespace quantc

#endif // QUANTC_ANALYSIS_DATAFLOWESTIMATE_H
