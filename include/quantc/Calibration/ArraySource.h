//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An array in a file, read in slices along axis 0, so that a data set larger
// than memory is streamed one sample at a time. Formats (.npy, .npz, .pb) give
// sources; DataSet reads from them and knows no format.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_ARRAYSOURCE_H
#define QUANTC_CALIBRATION_ARRAYSOURCE_H

#include "quantc/Support/HostTensor.h"

namespace quantc {

class ArraySource {
public:
  virtual ~ArraySource();

  llvm::StringRef name() const { return arrayName; }
  DType dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return dims; }

  /// Elements [begin, begin + count) of axis 0 as a [count, rest...] tensor.
  /// Requires rank >= 1; a range outside the axis is an error. Increasing
  /// ranges are cheap; going back may mean reading again from the start.
  virtual llvm::Expected<HostTensor> read(int64_t begin, int64_t count) = 0;

  /// The whole array, of any rank.
  virtual llvm::Expected<HostTensor> readAll() = 0;

protected:
  ArraySource(std::string name, DType type, llvm::ArrayRef<int64_t> shape)
      : arrayName(std::move(name)), type(type), dims(shape.begin(), shape.end()) {}

  /// Fails, naming the array, unless the range lies inside axis 0.
  llvm::Error checkRange(int64_t begin, int64_t count) const;

private:
  std::string arrayName;
  DType type;
  std::vector<int64_t> dims;
};

/// A source over a tensor in memory.
std::unique_ptr<ArraySource> makeTensorSource(std::string name, HostTensor tensor);

} // namespace quantc

#endif // QUANTC_CALIBRATION_ARRAYSOURCE_H
