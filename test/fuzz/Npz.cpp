//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// .npz archives: opened, read in slices and whole, and taken as a data set for a
// model with inputs such as the archive's arrays. The mutator corrects checksums
// of stored entries, or hardly an input would get past them.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npz.h"
#include "FuzzFile.h"
#include "quantc/Calibration/DataSet.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include <random>

using namespace llvm;
using namespace quantc;
using namespace llvm::support::endian;
using quantc::fuzz::check;

/// Zeros expand a thousandfold; nothing is learnt from many of them.
constexpr int64_t mostElements = 1 << 16;

static void readSource(ArraySource &source) {
  Expected<HostTensor> whole = source.readAll();
  if (!whole)
    return consumeError(whole.takeError());
  if (whole->rank() == 0)
    return;
  int64_t rows = std::min<int64_t>(whole->dim(0), 4);
  for (int64_t row = rows; row-- > 0;) { // backwards: deflated entries start anew
    Expected<HostTensor> part = source.read(row, 1);
    check(bool(part), "a row of a whole array cannot be read");
    check(bitEqual(*part, whole->slice(row, 1)), "a row differs from that of the whole array");
  }
}

/// The arrays as samples of a model that has inputs of their types.
static void readDataSet(std::vector<NamedTensor> arrays, bool batched) {
  std::vector<InputSpec> inputs;
  for (const NamedTensor &array : arrays) {
    InputSpec input{array.name, array.tensor.dtype(), array.tensor.shape().vec(), {}};
    if (batched && !input.dims.empty())
      input.dims[0] = -1;
    else if (!input.dims.empty())
      input.dims.erase(input.dims.begin());
    input.dimNames.assign(input.dims.size(), "N");
    inputs.push_back(std::move(input));
  }
  DataSetOptions options;
  options.batch = batched ? 3 : 1;
  Expected<std::unique_ptr<DataSet>> data = DataSet::fromArrays(std::move(arrays), inputs, options);
  if (!data)
    return consumeError(data.takeError());
  for (int64_t run = 0; run < std::min<int64_t>((*data)->numRuns(), 4); ++run)
    consumeError((*data)->feed(run).takeError());
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FuzzFile file;
  std::string path = file.write(data, size);
  Expected<std::vector<std::unique_ptr<ArraySource>>> sources = openNpz(path);
  if (!sources) {
    consumeError(sources.takeError());
    return 0;
  }
  for (std::unique_ptr<ArraySource> &source : *sources) {
    std::optional<int64_t> count = numElements(source->shape());
    check(count.has_value(), "an array whose elements cannot be counted was opened");
    if (*count > mostElements)
      return 0;
    readSource(*source);
  }
  Expected<std::vector<NamedTensor>> arrays = readNpz(path);
  if (!arrays) {
    consumeError(arrays.takeError());
    return 0;
  }
  readDataSet(*arrays, false);
  readDataSet(*arrays, true);
  return 0;
}

/// Writes the right checksum of a stored entry into the directory's record at `record` and into the
/// entry, if all of it lies inside `zip`.
static void fixChecksum(MutableArrayRef<uint8_t> zip, size_t record) {
  uint8_t *central = zip.data() + record;
  uint64_t size = read32le(central + 20), local = read32le(central + 42);
  if (read16le(central + 10) != 0 || local + 30 > zip.size())
    return;
  uint64_t start = local + 30 + read16le(&zip[local + 26]) + read16le(&zip[local + 28]);
  if (start > zip.size() || size > zip.size() - start)
    return;
  uint32_t sum = llvm::crc32(zip.slice(start, size));
  write32le(central + 16, sum);
  write32le(&zip[local + 14], sum);
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  size = LLVMFuzzerMutate(data, size, maxSize);
  if (std::minstd_rand(seed)() % 8 == 0)
    return size; // wrong checksums are inputs, too
  MutableArrayRef<uint8_t> zip(data, size);
  for (size_t i = 0; i + 46 <= size; ++i)
    if (zip[i] == 'P' && zip[i + 1] == 'K' && zip[i + 2] == 1 && zip[i + 3] == 2)
      fixChecksum(zip, i);
  return size;
}
