//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The schedule of a folded dataflow design: when each unit iterates, from the units' activity and
// the rules of time in docs/HLS.md ("Simulation and the virtual clock"). No data, only times: what
// `make sim` measures in a project, before there is one.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_DATAFLOWSCHEDULE_H
#define QUANTC_ANALYSIS_DATAFLOWSCHEDULE_H

#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>
#include <vector>

namespace quantc {

struct ScheduleOptions {
  /// Streams of any depth; else those of the `depths` attributes (without one, of any depth).
  bool unbounded = false;
  /// Cycles from one frame to the next at the design's inputs, whose beats are spread evenly over
  /// them. 0: all beats are there at the start.
  int64_t pace = 0;
};

/// When a stream's first and last beats of the first frame are readable.
struct StreamTimes {
  int64_t first = 0, last = 0;
};

/// Runs frame after frame. Times have one solution, whatever order units are looked at in.
class DataflowSchedule {
public:
  explicit DataflowSchedule(hls::DesignOp design, const ScheduleOptions &options = {});
  ~DataflowSchedule();

  /// Goes on until `frames` frames are done in all. False when no unit can go on before.
  bool run(int64_t frames);
  /// Goes on until frames follow each other at one distance, 16 frames at most.
  bool runUntilSteady();
  /// Goes on until no stream holds more than before for two frames, 24 frames at most.
  bool runUntilPeaksStay();

  /// Cycle in which every unit has ended the frame, drain included.
  const std::vector<int64_t> &frameEnds() const { return ends; }
  /// Cycles between the last two frames.
  int64_t interval() const;
  /// Most beats that a stream held at once.
  int64_t peak(mlir::Value stream) const;
  StreamTimes times(mlir::Value stream) const;

private:
  struct Stream;
  struct Process;

  std::vector<int64_t> peaks() const;

  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Process>> processes;
  llvm::DenseMap<mlir::Value, Stream *> byValue;
  std::vector<int64_t> ends;
};

} // namespace quantc

#endif // QUANTC_ANALYSIS_DATAFLOWSCHEDULE_H
