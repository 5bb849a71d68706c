//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Second moments X^T X of tensors over a data set, for weight rounding and sensitivities: one pass
// over the data while the cap allows, else several over disjoint groups of tensors with the same
// result. A tensor's channels lie along its last axis; every other position is a row (token).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_MOMENTS_H
#define QUANTC_CALIBRATION_MOMENTS_H

#include "quantc/Calibration/DataSet.h"
#include "quantc/Calibration/Executor.h"
#include "quantc/PTQ/SecondMoment.h"
#include "quantc/Support/Progress.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace quantc {

/// By the observed tensor's name.
using MomentTable = llvm::StringMap<ptq::SecondMoment>;

struct MomentOptions {
  /// Bytes of all moments of one pass; none means no limit.
  std::optional<uint64_t> memoryCap;
  /// Runs [0, endRun) of the data set; -1 means all.
  int64_t endRun = -1;
  /// Threads that share the entries of a sum; changes no result.
  int threads = 1;
  /// In units of runs, over all passes.
  ProgressFn progress;
};

/// Runs task(0) .. task(count - 1) in any order on `threads` threads: a ptq::ParallelFor.
void runOnThreads(int threads, int64_t count, llvm::function_ref<void(int64_t)> task);

/// One run of the data is one sample of every tensor. Fails where one tensor alone exceeds the cap,
/// saying how much is needed; errors of the data name run and input.
llvm::Expected<MomentTable> collectMoments(DataSet &data, Executor &executor,
                                           const MomentOptions &options = {});

/// The statistics file: an .npz of, for each tensor, `NAME:tokens` (int64), `NAME:sum` (f64, upper
/// triangle row by row, [d (d + 1) / 2]) and `NAME:columns` (f64, [d]), in the order of names.
llvm::Error writeMoments(llvm::StringRef path, const MomentTable &moments);

/// Fails where an array is missing, of another type or shape, or not finite.
llvm::Expected<MomentTable> readMoments(llvm::StringRef path);
/// The arrays of such a file.
std::vector<NamedTensor> momentArrays(const MomentTable &moments);

} // namespace quantc

#endif // QUANTC_CALIBRATION_MOMENTS_H
