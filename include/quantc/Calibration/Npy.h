//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NumPy's .npy format, versions 1, 2 and 3: a magic string, a header that is a
// Python dictionary literal (descr, fortran_order, shape) and the raw elements.
// Source: numpy.lib.format. Accepted: little-endian or one-byte elements of
// bool, 8 to 64-bit integers, float16/32/64 and complex64/128. Fortran order is
// converted when read. A header is trusted only after its shape was checked
// against the number of bytes that are there.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_NPY_H
#define QUANTC_CALIBRATION_NPY_H

#include "quantc/Calibration/ArraySource.h"
#include "quantc/Support/HostTensor.h"
#include "llvm/Support/raw_ostream.h"

namespace quantc {

struct NpyHeader {
  DType dtype = DType::Undefined;
  std::vector<int64_t> shape;
  bool fortranOrder = false;
  /// Bytes before the first element.
  uint64_t dataOffset = 0;
  /// Bytes of all elements; dataOffset + dataBytes does not overflow.
  uint64_t dataBytes = 0;
};

/// No header of ours or NumPy's is longer; longer ones are refused.
constexpr uint64_t kMaxNpyHeaderBytes = 1 << 20;

/// Parses the header at the start of `prefix`. Returns nullopt if the prefix
/// ends before the header does (call again with more bytes), an error if it is
/// malformed.
llvm::Expected<std::optional<NpyHeader>> parseNpyHeader(llvm::ArrayRef<uint8_t> prefix);

/// Checks that a file (or archive entry) of `totalBytes` holds exactly this
/// header and its elements.
llvm::Error checkNpySize(const NpyHeader &header, uint64_t totalBytes);

/// A complete .npy image; the result shares `bytes` (kept alive by `owner`)
/// unless conversion or alignment needs a copy.
llvm::Expected<HostTensor> parseNpy(llvm::ArrayRef<uint8_t> bytes,
                                    std::shared_ptr<const void> owner);

llvm::Expected<HostTensor> readNpy(llvm::StringRef path);

/// A source over a mapped .npy file. Slices are views of the mapping.
llvm::Expected<std::unique_ptr<ArraySource>> openNpy(llvm::StringRef path, llvm::StringRef name);

/// The header (version 1.0, or 2.0 if it is long), padded so that elements
/// start at a multiple of 64. Fails for types that NumPy lacks.
llvm::Expected<std::string> makeNpyHeader(DType type, llvm::ArrayRef<int64_t> shape);
llvm::Error writeNpy(llvm::StringRef path, const HostTensor &tensor);

/// `columnMajor` holds the elements of `shape` in Fortran order; returns them
/// in C order.
HostTensor fromFortranOrder(const HostTensor &columnMajor);

} // namespace quantc

#endif // QUANTC_CALIBRATION_NPY_H
