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

#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace quantc {

/// When a stream's first and last beats of a frame are readable, in cycles after the frame's start;
/// beats in between are taken as evenly spread.
struct StreamTimes {
  double first = 0, last = 0;
};

struct UnitEstimate {
  hls::UnitOpInterface op;
  std::string node; ///< ONNX node
  /// Cycles from the start of a frame to that of the next: iterations, and the pause between two
  /// frames: the pipeline's drain, or what the unit waits for the window in front of it to fill
  /// while the streams between them run empty.
  int64_t interval = 0, iterations = 0;
  hls::Resources area;
};

struct DataflowEstimate {
  std::vector<UnitEstimate> units;
  hls::Resources unitArea, streamArea, area;
  int64_t interval = 0; ///< cycles per frame once the pipeline is full
  int64_t latency = 0;  ///< cycles from the first beat in to the last beat out of one frame
  size_t slowest = 0;   ///< index of the unit that decides the interval
  llvm::DenseMap<mlir::Value, StreamTimes> times;
};

/// Estimates `design` as it is folded. Streams without depths count with the least, 2.
DataflowEstimate estimateDataflow(hls::DesignOp design);

/// Area of one unit in the design's folding, and the interval it would allow by itself.
int64_t unitInterval(hls::UnitOpInterface op);

/// What of `part` the design needs more than there is; empty when it fits. Bands count with their
/// upper end. Each entry says resource, need, budget, and the largest consumers by node.
std::vector<std::string> missingResources(const DataflowEstimate &estimate, const hls::Part &part);

/// {"interval", "latency", "area": {...}, "units": [{"node", "unit", "cycles", ...}]}.
llvm::json::Value toJSON(const DataflowEstimate &estimate);

} // namespace quantc

#endif // QUANTC_ANALYSIS_DATAFLOWESTIMATE_H
