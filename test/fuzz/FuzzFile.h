//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the targets over files share: the input as a file that has a path, and
// a check that stays in whatever the build type.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_FUZZ_FUZZFILE_H
#define QUANTC_TEST_FUZZ_FUZZFILE_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace quantc::fuzz {

/// Ends the process, which libFuzzer reports as a finding, unless `condition` holds.
inline void check(bool condition, const char *what) {
  if (condition)
    return;
  llvm::errs() << "fuzz: " << what << "\n";
  std::abort();
}

/// One anonymous file in memory, written anew for each input.
class FuzzFile {
public:
  FuzzFile() : descriptor(::memfd_create("fuzz", MFD_CLOEXEC)) {
    check(descriptor >= 0, "cannot create a file in memory");
  }

  /// The path of a file with these contents.
  std::string write(const uint8_t *data, size_t size) {
    check(::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, data, size, 0) == ssize_t(size),
          "cannot write the file in memory");
    return "/proc/self/fd/" + std::to_string(descriptor);
  }

private:
  int descriptor;
};

} // namespace quantc::fuzz

#endif // QUANTC_TEST_FUZZ_FUZZFILE_H
