//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What outlier migration has to know of a tensor that linear maps read: range and mean magnitude of
// every input channel over the calibration data, and a bounded number of rows, as the maps meet
// them, to try factors on. Rows of every fourth run are kept apart: searches see the others.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_CHANNELSAMPLES_H
#define QUANTC_CALIBRATION_CHANNELSAMPLES_H

#include "quantc/Calibration/DataSet.h"
#include "quantc/Calibration/Executor.h"
#include "quantc/PTQ/PatchGeometry.h"
#include "quantc/Support/Progress.h"
#include "llvm/ADT/StringMap.h"
#include <limits>

namespace quantc {

struct ChannelSample {
  /// Values of a channel.
  int64_t count = 0;
  /// Of each input channel.
  std::vector<double> min, max, meanAbs;
  /// [rows, channels * taps], taps fastest (`PatchGeometry` of the reader, all groups side by
  /// side): rows to search on, and rows to check what was found.
  int64_t width = 0;
  std::vector<float> search, check;

  int64_t inputs() const { return static_cast<int64_t>(min.size()); }
};

/// By the observed tensor's name.
using ChannelSampleTable = llvm::StringMap<ChannelSample>;

struct ChannelSampleOptions {
  /// Rows of a tensor to search on; of the check there are half as many.
  int64_t rows = 128;
  /// In bytes; ranges and rows are held whole, so that a lower cap is refused before the first run.
  uint64_t memoryCap = std::numeric_limits<uint64_t>::max();
  /// In units of runs.
  ProgressFn progress;
};

/// Whether searches must not see a run: every fourth, or none where there are fewer. Then every
/// third row is for the check.
inline bool isHeldOut(int64_t run, int64_t runs) { return runs >= 4 && run % 4 == 3; }

/// One pass over all runs. `geometry` of each observed tensor's name says what its rows are.
/// Channels along the last axis, or along axis 1 of a convolution's input. The rows taken are
/// evenly spaced over runs and positions: the same on every machine. Errors name run and tensor.
llvm::Expected<ChannelSampleTable>
collectChannelSamples(DataSet &data, Executor &executor,
                      const llvm::StringMap<ptq::PatchGeometry> &geometry,
                      const ChannelSampleOptions &options = {});

/// An .npz of, for each tensor, `NAME:count` (int64), `NAME:min`, `NAME:max`, `NAME:abs` (f64,
/// [channels]), `NAME:search` and `NAME:check` (f32, [rows, channels * taps]), in order of names.
llvm::Error writeChannelSamples(llvm::StringRef path, const ChannelSampleTable &table);

/// Fails where an array is missing, of another type or shape, or not finite.
llvm::Expected<ChannelSampleTable> readChannelSamples(llvm::StringRef path);

} // namespace quantc

#endif // QUANTC_CALIBRATION_CHANNELSAMPLES_H
