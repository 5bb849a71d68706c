//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writing .npz archives with libzip, which builds a temporary file and renames
// it. Time stamps are fixed at 1980-01-01, the zero of the format.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringSet.h"
#include <zip.h>

using namespace llvm;
using namespace quantc;

static Error addArray(zip_t *zip, const NamedTensor &array, const std::string &header,
                      bool compress) {
  auto failure = [&] { return makeError("array '" + array.name + "': " + zip_strerror(zip)); };
  ArrayRef<uint8_t> bytes = array.tensor.bytes();
  zip_buffer_fragment_t fragments[2];
  fragments[0].data = reinterpret_cast<zip_uint8_t *>(const_cast<char *>(header.data()));
  fragments[0].length = header.size();
  fragments[1].data = const_cast<zip_uint8_t *>(bytes.data());
  fragments[1].length = bytes.size();
  zip_source_t *source =
      zip_source_buffer_fragment(zip, fragments, bytes.empty() ? 1 : 2, /*freep=*/0);
  if (!source)
    return failure();
  zip_int64_t index = zip_file_add(zip, (array.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return failure();
  }
  constexpr zip_uint16_t kDosEpoch = 0x21; // 1980-01-01
  if (zip_set_file_compression(zip, index, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(zip, index, 0, kDosEpoch, 0) != 0)
    return failure();
  return Error::success();
}

/// The .npy header of each array, which must live until the archive is written.
static Expected<std::vector<std::string>> makeHeaders(ArrayRef<NamedTensor> arrays) {
  StringSet<> names;
  std::vector<std::string> headers;
  for (const NamedTensor &array : arrays) {
    if (!names.insert(array.name).second)
      return makeError("array '" + array.name + "' twice");
    Expected<std::string> header = makeNpyHeader(array.tensor.dtype(), array.tensor.shape());
    if (!header)
      return addContext("array '" + array.name + "'", header.takeError());
    headers.push_back(std::move(*header));
  }
  return headers;
}

Error quantc::writeNpz(StringRef path, ArrayRef<NamedTensor> arrays, bool compress) {
  Expected<std::vector<std::string>> headers = makeHeaders(arrays);
  if (!headers)
    return addContext("cannot write '" + path + "'", headers.takeError());
  if (arrays.empty()) // libzip writes no file at all for an empty archive
    return makeError("cannot write '" + path + "': expected at least one array");
  int code = 0;
  zip_t *zip = zip_open(path.str().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!zip) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return makeError("cannot write '" + path + "': " + text);
  }
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (Error error = addArray(zip, arrays[i], (*headers)[i], compress)) {
      zip_discard(zip);
      return addContext("cannot write '" + path + "'", std::move(error));
    }
  }
  if (zip_close(zip) != 0) {
    std::string text = zip_strerror(zip);
    zip_discard(zip);
    return makeError("cannot write '" + path + "': " + text);
  }
  return Error::success();
}
