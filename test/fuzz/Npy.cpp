//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// .npy images: whole, as a source that is read in slices, and written again.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "FuzzFile.h"
#include "llvm/ADT/StringExtras.h"
#include <vector>

using namespace llvm;
using namespace quantc;
using quantc::fuzz::check;

/// Reads row by row, and compares with the array that was read at once.
static void readRows(ArraySource &source, const HostTensor &whole) {
  if (whole.rank() == 0)
    return;
  int64_t rows = std::min<int64_t>(whole.dim(0), 8);
  for (int64_t row = 0; row < rows; ++row) {
    Expected<HostTensor> part = source.read(row, 1);
    check(bool(part), "a row of a whole array cannot be read");
    check(bitEqual(*part, whole.slice(row, 1)), "a row differs from that of the whole array");
  }
  check(!errorToBool(source.read(0, rows).takeError()), "rows of a whole array cannot be read");
  check(errorToBool(source.read(whole.dim(0), 1).takeError()), "a row outside was read");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FuzzFile file;
  auto owner = std::make_shared<std::vector<uint8_t>>(data, data + size);
  Expected<HostTensor> tensor = parseNpy(*owner, owner);
  Expected<std::unique_ptr<ArraySource>> source = openNpy(file.write(data, size), "x");
  check(bool(tensor) == bool(source), "parsing and opening disagree about a file");
  if (!tensor) {
    consumeError(tensor.takeError());
    consumeError(source.takeError());
    return 0;
  }
  Expected<HostTensor> again = (*source)->readAll();
  check(again && bitEqual(*again, *tensor), "the source reads another array");
  readRows(**source, *tensor);
  Expected<std::string> header = makeNpyHeader(tensor->dtype(), tensor->shape());
  check(bool(header), "a type that was read cannot be written");
  std::string image = *header + toStringRef(tensor->bytes()).str();
  Expected<HostTensor> copy = parseNpy(arrayRefFromStringRef(image), nullptr);
  check(copy && bitEqual(*copy, *tensor), "what was written reads as another array");
  return 0;
}
