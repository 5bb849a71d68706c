//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// .npz archives: round trips, slices in any order, and archives that lie.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npz.h"
#include "TestFiles.h"
#include "quantc/Calibration/Npy.h"
#include "llvm/ADT/StringExtras.h"
#include <zip.h>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
/// Writes entries with any name and contents.
std::string writeZip(const TemporaryFolder &folder,
                     std::vector<std::pair<std::string, std::string>> entries,
                     int method = ZIP_CM_STORE, const char *password = nullptr) {
  std::string path = folder.path("raw.npz");
  zip_t *zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (auto &[name, contents] : entries) {
    zip_source_t *source = zip_source_buffer(zip, contents.data(), contents.size(), 0);
    zip_int64_t index = zip_file_add(zip, name.c_str(), source, 0);
    EXPECT_GE(index, 0);
    EXPECT_EQ(zip_set_file_compression(zip, index, method, 0), 0);
    if (password)
      EXPECT_EQ(zip_file_set_encryption(zip, index, ZIP_EM_AES_128, password), 0);
  }
  EXPECT_EQ(zip_close(zip), 0);
  return path;
}

/// The .npy image of a float32 array.
std::string npyImage(const HostTensor &tensor) {
  return cantFail(makeNpyHeader(tensor.dtype(), tensor.shape())) +
         toStringRef(tensor.bytes()).str();
}

/// Replaces a 32-bit little-endian number at every place where it occurs.
void patch32(std::string &image, uint32_t from, uint32_t to) {
  auto bytes = [](uint32_t n) {
    return std::string{char(n), char(n >> 8), char(n >> 16), char(n >> 24)};
  };
  size_t found = 0;
  for (size_t at = 0; (at = image.find(bytes(from), at)) != std::string::npos; at += 4, ++found)
    image.replace(at, 4, bytes(to));
  EXPECT_GT(found, 0u);
}

/// Opens and reads everything; the message of what failed.
std::string readAllOf(StringRef path) { return errorOf(readNpz(path)); }

class NpzMethods : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(StoredAndDeflated, NpzMethods, ::testing::Bool());

TEST_P(NpzMethods, RoundTrips) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  std::vector<NamedTensor> arrays = {{"x", iota({3, 4})},
                                     {"sub/y", HostTensor::from<int64_t>({}, {7})},
                                     {"empty", HostTensor::zeros(DType::U8, {0, 2})},
                                     {"flag", HostTensor::from<bool>({2}, {true, false})}};
  ASSERT_EQ(errorOf(writeNpz(path, arrays, GetParam())), "(success)");
  std::vector<NamedTensor> back = cantFail(readNpz(path));
  ASSERT_EQ(back.size(), arrays.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].name, arrays[i].name);
    EXPECT_TRUE(bitEqual(back[i].tensor, arrays[i].tensor)) << back[i].name;
  }
}

TEST_P(NpzMethods, EqualTensorsGiveEqualFiles) {
  TemporaryFolder folder;
  for (const char *name : {"a.npz", "b.npz"})
    cantFail(writeNpz(folder.path(name), {{"x", iota({100})}}, GetParam()));
  EXPECT_EQ(readFile(folder.path("a.npz")), readFile(folder.path("b.npz")));
}

TEST_P(NpzMethods, SlicesInAnyOrderAndInterleaved) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  // Larger than the buffers on the way.
  HostTensor x = iota({50, 3000}), y = HostTensor::from<int16_t>({50}, std::vector<int16_t>(50, 3));
  cantFail(writeNpz(path, {{"x", x}, {"y", y}}, GetParam()));
  std::vector<std::unique_ptr<ArraySource>> sources = cantFail(openNpz(path));
  for (int64_t begin : {0, 1, 5, 40, 3, 49, 0, 20}) {
    EXPECT_TRUE(bitEqual(cantFail(sources[0]->read(begin, 1)), x.slice(begin, 1))) << begin;
    EXPECT_TRUE(bitEqual(cantFail(sources[1]->read(begin, 1)), y.slice(begin, 1))) << begin;
  }
  EXPECT_TRUE(bitEqual(cantFail(sources[0]->readAll()), x));
  EXPECT_TRUE(bitEqual(cantFail(sources[0]->read(10, 40)), x.slice(10, 40)));
  EXPECT_EQ(cantFail(sources[0]->read(50, 0)).numElements(), 0);
  EXPECT_TRUE(contains(errorOf(sources[0]->read(50, 1)), "expected a range inside [0, 50)"));
}

TEST_P(NpzMethods, EveryTruncationIsAnError) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  cantFail(writeNpz(path, {{"x", iota({5})}, {"y", iota({2, 2})}}, GetParam()));
  std::string image = readFile(path);
  for (size_t size = 0; size < image.size(); ++size)
    EXPECT_NE(readAllOf(folder.write("cut.npz", StringRef(image).take_front(size))), "(success)")
        << size;
}

TEST_P(NpzMethods, EveryDamagedByteIsHandled) {
  // Whatever a byte is changed to, reading ends with the right data, with other
  // data of the declared size, or with an error, and never out of bounds.
  TemporaryFolder folder;
  std::string path = folder.path("a.npz");
  cantFail(writeNpz(path, {{"x", iota({5})}}, GetParam()));
  std::string image = readFile(path);
  unsigned errors = 0;
  for (size_t at = 0; at < image.size(); ++at) {
    for (unsigned flip : {0x01u, 0x80u, 0xffu}) {
      std::string damaged = image;
      damaged[at] ^= static_cast<char>(flip);
      Expected<std::vector<NamedTensor>> read = readNpz(folder.write("damaged.npz", damaged));
      if (!read) {
        consumeError(read.takeError());
        ++errors;
        continue;
      }
      for (const NamedTensor &array : *read)
        EXPECT_EQ(int64_t(array.tensor.byteSize()),
                  storageBytes(array.tensor.dtype(), array.tensor.shape()));
    }
  }
  EXPECT_GT(errors, image.size()); // a third at least; the check sum sees data
}

TEST_P(NpzMethods, DeclaredSizesAreNotTrusted) {
  TemporaryFolder folder;
  std::string image = npyImage(iota({1000}));
  std::string path =
      writeZip(folder, {{"x.npy", image}}, GetParam() ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
  std::string archive = readFile(path);
  patch32(archive, image.size(), 0xf0000000);
  folder.write("raw.npz", archive);
  EXPECT_TRUE(contains(readAllOf(path), "array 'x'"));
  EXPECT_TRUE(contains(readAllOf(path), "bytes can hold, but found"));
}

TEST_P(NpzMethods, HeaderMustFillTheEntry) {
  TemporaryFolder folder;
  std::string image = npyImage(iota({1000}));
  int method = GetParam() ? ZIP_CM_DEFLATE : ZIP_CM_STORE;
  std::string shorter = image.substr(0, image.size() - 4);
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"x.npy", shorter}}, method)),
                       "for float32 [1000], but found"));
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"x.npy", image + "x"}}, method)),
                       "for float32 [1000], but found"));
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"x.npy", image.substr(0, 20)}}, method)),
                       "expected a complete .npy header"));
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"x.npy", ""}}, method)),
                       "expected a complete .npy header"));
}

TEST(Npz, LongHeaders) {
  // Needs several rounds of reading the prefix.
  TemporaryFolder folder;
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  dict.append(30000, ' ');
  std::string image = std::string("\x93NUMPY\1\0", 8) + char(dict.size()) + char(dict.size() >> 8) +
                      dict + std::string(4, '\0');
  EXPECT_EQ(readAllOf(writeZip(folder, {{"x.npy", image}}, ZIP_CM_DEFLATE)), "(success)");
}

TEST(Npz, FortranOrderIsConverted) {
  TemporaryFolder folder;
  std::string image = npyImage(HostTensor::from<float>({2, 3}, {0, 3, 1, 4, 2, 5}));
  image.replace(image.find("False"), 5, "True ");
  std::string path = writeZip(folder, {{"x.npy", image}});
  std::unique_ptr<ArraySource> source = std::move(cantFail(openNpz(path))[0]);
  EXPECT_TRUE(bitEqual(cantFail(source->read(1, 1)), iota({2, 3}).slice(1, 1)));
  EXPECT_TRUE(bitEqual(cantFail(source->readAll()), iota({2, 3})));
}

TEST(Npz, RefusedEntries) {
  TemporaryFolder folder;
  std::string image = npyImage(iota({4}));
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"readme.txt", "hi"}})),
                       "expected .npy entries, but found 'readme.txt'"));
  EXPECT_TRUE(contains(readAllOf(writeZip(folder, {{"x.npy", image}}, ZIP_CM_STORE, "secret")),
                       "array 'x': expected a plain entry, but found an encrypted one"));
  // libzip writes no duplicates; rename one in the image.
  std::string path = writeZip(folder, {{"x.npy", image}, {"y.npy", image}});
  std::string archive = readFile(path);
  for (size_t at; (at = archive.find("y.npy")) != std::string::npos;)
    archive[at] = 'x';
  folder.write("raw.npz", archive);
  EXPECT_TRUE(contains(readAllOf(path), "array 'x' twice"));
}

TEST(Npz, RefusedMethods) {
  TemporaryFolder folder;
  std::string image = npyImage(iota({4}));
  std::string path = writeZip(folder, {{"x.npy", image}});
  std::string archive = readFile(path);
  // The method follows version and flags in both headers.
  archive[archive.find("PK\3\4") + 8] = 14; // LZMA
  archive[archive.find("PK\1\2") + 10] = 14;
  folder.write("raw.npz", archive);
  EXPECT_TRUE(contains(readAllOf(path),
                       "expected a stored or deflated entry, but found compression method 14"));
}

TEST(Npz, WhatIsNoArchive) {
  TemporaryFolder folder;
  EXPECT_TRUE(contains(readAllOf(folder.path("missing.npz")), "No such file"));
  EXPECT_TRUE(contains(readAllOf(folder.write("a.npz", "hello")), "as a zip archive"));
  EXPECT_TRUE(contains(readAllOf(folder.write("b.npz", "")), "as a zip archive"));
  EXPECT_TRUE(contains(readAllOf(folder.path()), "expected a regular file"));
}

TEST(Npz, WriterErrors) {
  TemporaryFolder folder;
  EXPECT_TRUE(contains(errorOf(writeNpz(folder.path("a.npz"), {})), "at least one array"));
  EXPECT_TRUE(
      contains(errorOf(writeNpz(folder.path("a.npz"), {{"x", HostTensor::zeros(DType::I4, {2})}})),
               "array 'x': expected a type that NumPy has, but found int4"));
  EXPECT_TRUE(contains(
      errorOf(writeNpz(folder.path("a.npz"), {{"x", iota({1})}, {"x", iota({1})}})), "'x' twice"));
  EXPECT_TRUE(contains(errorOf(writeNpz(folder.path("no/such/a.npz"), {{"x", iota({1})}})),
                       "cannot write"));
  EXPECT_FALSE(sys::fs::exists(folder.path("a.npz")));
}
} // namespace
