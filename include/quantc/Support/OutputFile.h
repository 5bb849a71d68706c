//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that are there as a whole or not at all.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_OUTPUTFILE_H
#define QUANTC_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace quantc {

/// llvm::writeToOutput: through a temporary file beside `path`, "-" for the standard output. What
/// the file fails with, such as a full disk, is an error; LLVM keeps the part that was written, and
/// ends the program.
inline llvm::Error writeWhole(llvm::StringRef path,
                              llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &os) -> llvm::Error {
    if (llvm::Error error = write(os))
      return error;
    if (path == "/dev/null") // no file
      return llvm::Error::success();
    auto &file = static_cast<llvm::raw_fd_ostream &>(os);
    file.flush();
    std::error_code code = file.error();
    file.clear_error();
    return code ? llvm::createFileError(path, code) : llvm::Error::success();
  });
}

} // namespace quantc

#endif // QUANTC_SUPPORT_OUTPUTFILE_H
