//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files with external tensor data, opened safely.
//
// A model names files and byte ranges; it must not be able to name anything
// outside its own folder. Absolute paths, "..", and links of any kind are
// refused, as are ranges that overlap without being equal.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_EXTERNALFILES_H
#define QUANTC_LIB_IMPORT_ONNX_EXTERNALFILES_H

#include "quantc/Support/MappedFile.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <optional>

namespace quantc::onnx {

/// The entries of TensorProto.external_data that are read here, as they stand in the file.
struct ExternalEntry {
  std::optional<std::string> location, offset, length;
};

struct MappedSlice {
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<const MappedFile> owner;
};

class ExternalFiles {
public:
  /// `modelPath` is the file whose folder holds the data.
  explicit ExternalFiles(llvm::StringRef modelPath);

  /// `size` bytes, as the tensor's shape and type need. Fails on bad paths and ranges, on a length
  /// other than `size`, on short files.
  llvm::Expected<MappedSlice> slice(const ExternalEntry &entry, uint64_t size);

private:
  llvm::Expected<std::shared_ptr<const MappedFile>> open(llvm::StringRef location);
  llvm::Error claim(llvm::StringRef location, uint64_t offset, uint64_t size);

  std::string folder;
  llvm::StringMap<std::shared_ptr<const MappedFile>> files;
  /// Ranges in use per file: begin to end.
  llvm::StringMap<std::map<uint64_t, uint64_t>> claims;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_EXTERNALFILES_H
