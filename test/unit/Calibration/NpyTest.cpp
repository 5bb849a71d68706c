//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// .npy headers and files: what is read, what is refused and why.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "TestFiles.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
/// A .npy image with this dictionary, written by hand.
std::string npy(StringRef dict, StringRef data, int version = 1) {
  std::string image = "\x93NUMPY";
  image += static_cast<char>(version);
  image += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    image += static_cast<char>(dict.size() >> (8 * i));
  return image + dict.str() + data.str();
}

ArrayRef<uint8_t> bytesOf(StringRef text) { return arrayRefFromStringRef(text); }

/// What parseNpy says about an image.
std::string verdict(StringRef image) { return errorOf(parseNpy(bytesOf(image), nullptr)); }

std::string f4(std::vector<float> values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * 4);
}

TEST(Npy, ReadsAllVersions) {
  for (int version : {1, 2, 3}) {
    std::string image =
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", f4({1, 2}), version);
    HostTensor tensor = cantFail(parseNpy(bytesOf(image), nullptr));
    EXPECT_EQ(tensor.shape(), ArrayRef<int64_t>({2}));
    EXPECT_EQ(tensor.values<float>().vec(), std::vector<float>({1, 2}));
  }
}

TEST(Npy, HeaderVariants) {
  for (const char *dict : {
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}",
           "{\"shape\":(1,2),\"descr\":\"<f4\",\"fortran_order\":False}   \n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }", // Python 2
           " { 'fortran_order' : False , 'shape' : ( 1 , 2 , ) , 'descr' : '<f4' , } ",
       }) {
    HostTensor tensor = cantFail(parseNpy(bytesOf(npy(dict, f4({1, 2}))), nullptr));
    EXPECT_EQ(tensor.shape(), ArrayRef<int64_t>({1, 2})) << dict;
  }
}

TEST(Npy, Scalar) {
  HostTensor tensor = cantFail(parseNpy(
      bytesOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", f4({3}))), nullptr));
  EXPECT_EQ(tensor.rank(), 0u);
  EXPECT_EQ(tensor.asDouble(0), 3);
}

TEST(Npy, FortranOrder) {
  // [[0, 1, 2], [3, 4, 5]] by columns.
  HostTensor tensor =
      cantFail(parseNpy(bytesOf(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}",
                                    f4({0, 3, 1, 4, 2, 5}))),
                        nullptr));
  EXPECT_TRUE(bitEqual(tensor, iota({2, 3})));
  // Three axes and two-byte elements.
  HostTensor columns = HostTensor::from<int16_t>({2, 2, 2}, {0, 4, 2, 6, 1, 5, 3, 7});
  EXPECT_EQ(fromFortranOrder(columns).values<int16_t>().vec(),
            std::vector<int16_t>({0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(fromFortranOrder(HostTensor::zeros(DType::F32, {2, 0})).numElements(), 0);
}

TEST(Npy, MalformedHeaders) {
  struct Case {
    const char *dict, *message;
  } cases[] = {
      {"", "expected '{', but found the end"},
      {"[1, 2]", "expected '{'"},
      {"{'descr': '<f4', 'fortran_order': False}", "no key 'shape'"},
      {"{'shape': (2,), 'fortran_order': False}", "no key 'descr'"},
      {"{'descr': '<f4', 'shape': (2,)}", "no key 'fortran_order'"},
      {"{'descr': '<f4', 'descr': '<f4'}", "key 'descr' twice"},
      {"{'descr': '<f4', 'extra': 1}", "unknown key 'extra'"},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "expected True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", "expected ','"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': 2}", "expected a tuple"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "expected a dimension"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2.5,)}", "expected ','"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
       "expected a dimension that fits into 64 bits"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "the end of the header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,", "expected a dimension"},
      {"{'descr': '<f4", "expected the end of a string"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
       "found a structured .npy type"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}",
       "expected little-endian numeric elements, but found .npy type '>f4'"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "found .npy type '|O'"},
      {"{'descr': '<U\x01', 'fortran_order': False, 'shape': (2,)}", "'<U\\01'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
       "expected a .npy shape that fits into memory"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4)}",
       "expected a .npy shape that fits into memory"},
  };
  for (const Case &c : cases) {
    EXPECT_TRUE(contains(verdict(npy(c.dict, "")), c.message)) << c.dict;
  }
}

TEST(Npy, MalformedFiles) {
  std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", f4({1, 2}));
  EXPECT_EQ(verdict(good), "(success)");
  // Every truncation, and one byte too many.
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(verdict(StringRef(good).take_front(size)), "(success)") << size;
  EXPECT_TRUE(contains(verdict(good + "x"), "for float32 [2], but found"));
  // A shape that fits into 64 bits, but not into the file.
  std::string large =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", "");
  EXPECT_TRUE(contains(verdict(large), "for float32 [1000000000000], but found"));
  EXPECT_TRUE(contains(verdict("PK\3\4"), "expected the magic string"));
  EXPECT_TRUE(contains(verdict(""), "expected a complete .npy header"));
  EXPECT_TRUE(contains(verdict(npy("{}", "", 4)), "expected .npy version 1, 2 or 3, but found 4"));
  std::string huge = npy("{}", "", 2);
  huge[11] = '\x7f'; // header length 2^30
  EXPECT_TRUE(contains(verdict(huge), "expected a .npy header of at most"));
}

TEST(Npy, WriterRoundTrips) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  std::vector<HostTensor> tensors = {
      iota({2, 3}),
      HostTensor::from<double>({}, {1.5}),
      HostTensor::from<bool>({3}, {true, false, true}),
      HostTensor::from<int64_t>({1}, {-5}),
      HostTensor::from<uint16_t>({2}, {0, 65535}),
      HostTensor::zeros(DType::F16, {2, 0, 3}),
      HostTensor::zeros(DType::Complex64, {2}),
  };
  for (const HostTensor &tensor : tensors) {
    ASSERT_EQ(errorOf(writeNpy(path, tensor)), "(success)");
    EXPECT_TRUE(bitEqual(cantFail(readNpy(path)), tensor)) << tensor.typeString();
  }
  EXPECT_TRUE(contains(errorOf(writeNpy(path, HostTensor::zeros(DType::BF16, {1}))),
                       "expected a type that NumPy has, but found bfloat16"));
  EXPECT_TRUE(contains(errorOf(writeNpy(folder.path("no/such/a.npy"), iota({1}))), "cannot write"));
}

TEST(Npy, WrittenHeaderIsAligned) {
  std::string header = cantFail(makeNpyHeader(DType::F32, {1, 3, 224, 224}));
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_EQ(header.substr(10, 67),
            std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 224, 224), }")
                .substr(0, 67));
}

TEST(Npy, SourceSlices) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  cantFail(writeNpy(path, iota({4, 3})));
  std::unique_ptr<ArraySource> source = cantFail(openNpy(path, "x"));
  EXPECT_EQ(source->name(), "x");
  HostTensor slice = cantFail(source->read(1, 2));
  EXPECT_EQ(slice.values<float>().vec(), std::vector<float>({3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(bitEqual(cantFail(source->readAll()), iota({4, 3})));
  EXPECT_TRUE(contains(errorOf(source->read(3, 2)), "array 'x': expected a range inside [0, 4)"));
  EXPECT_TRUE(contains(errorOf(source->read(-1, 1)), "expected a range"));
  EXPECT_TRUE(contains(errorOf(source->read(1, INT64_MAX)), "expected a range"));
}

TEST(Npy, SourceOfFortranOrder) {
  TemporaryFolder folder;
  std::string path =
      folder.write("a.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}",
                                f4({0, 3, 1, 4, 2, 5})));
  std::unique_ptr<ArraySource> source = cantFail(openNpy(path, "x"));
  EXPECT_EQ(cantFail(source->read(1, 1)).values<float>().vec(), std::vector<float>({3, 4, 5}));
}
} // namespace
