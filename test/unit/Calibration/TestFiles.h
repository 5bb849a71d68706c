//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files and folders that tests write, and shorthands for errors.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_CALIBRATION_TESTFILES_H
#define QUANTC_TEST_UNIT_CALIBRATION_TESTFILES_H

#include "quantc/Support/HostTensor.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

namespace quantc::test {

/// A temporary folder, removed with its contents at the end.
class TemporaryFolder {
public:
  TemporaryFolder() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("quantc-test", root)); }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(root); }
  TemporaryFolder(const TemporaryFolder &) = delete;

  std::string path(llvm::StringRef name = "") const {
    llvm::SmallString<128> result = root;
    if (!name.empty())
      llvm::sys::path::append(result, name);
    return result.str().str();
  }
  /// Writes a file, in a new folder if need be, and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef contents) const {
    std::string file = path(name);
    EXPECT_FALSE(llvm::sys::fs::create_directories(llvm::sys::path::parent_path(file)));
    std::error_code code;
    llvm::raw_fd_ostream(file, code) << contents;
    EXPECT_FALSE(code);
    return file;
  }

private:
  llvm::SmallString<128> root;
};

inline std::string readFile(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// The message of a failed result; "(success)" if it did not fail.
template <typename T> std::string errorOf(llvm::Expected<T> result) {
  return result ? "(success)" : llvm::toString(result.takeError());
}
inline std::string errorOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "(success)";
}

/// Asserts that `text` contains `part` and shows both if not.
inline ::testing::AssertionResult contains(const std::string &text, const std::string &part) {
  if (text.find(part) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << text << "' does not contain '" << part << "'";
}

/// The float32 tensor 0, 1, 2, ... of this shape.
inline HostTensor iota(llvm::ArrayRef<int64_t> shape) {
  HostTensor tensor = HostTensor::zeros(DType::F32, shape);
  float next = 0;
  for (float &value : tensor.mutableValues<float>())
    value = next++;
  return tensor;
}

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_CALIBRATION_TESTFILES_H
