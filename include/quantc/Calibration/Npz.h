//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NumPy's .npz archives: a zip file with one .npy per array (libzip). Stored
// entries are read in slices at any place, deflated ones are inflated as a
// stream; neither is ever held whole unless asked for. Sizes an archive declares
// are checked against what the file can hold before anything is allocated.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_NPZ_H
#define QUANTC_CALIBRATION_NPZ_H

#include "quantc/Calibration/ArraySource.h"

namespace quantc {

/// One source per array, in archive order, with ".npy" taken off the name.
/// Fails on duplicate names, encryption, compression methods other than store
/// and deflate, impossible sizes and malformed headers, naming the entry.
llvm::Expected<std::vector<std::unique_ptr<ArraySource>>> openNpz(llvm::StringRef path);

llvm::Expected<std::vector<NamedTensor>> readNpz(llvm::StringRef path);

/// Writes (replacing the file as a whole) stored or deflated entries, with a
/// fixed time stamp: equal tensors give equal files.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedTensor> arrays,
                     bool compress = false);

} // namespace quantc

#endif // QUANTC_CALIBRATION_NPZ_H
