//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Readers: what is written is read back, slices agree with the whole, and bytes
// nobody wrote end in an error or in a tensor of the declared size.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "quantc/Calibration/TensorProto.h"
#include "llvm/ADT/StringExtras.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace llvm;
using namespace quantc;

namespace {
/// Every number of the range with equal chance, however small the test case.
template <typename T> rc::Gen<T> uniform(T begin, T end) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(begin, end));
}

rc::Gen<HostTensor> anyTensor() {
  return rc::gen::exec([] {
    DType type = *rc::gen::elementOf(std::vector<DType>{
        DType::F32, DType::U8, DType::I8, DType::U16, DType::I16, DType::I32, DType::I64,
        DType::Bool, DType::F16, DType::F64, DType::U32, DType::U64, DType::Complex64});
    auto shape = *rc::gen::container<std::vector<int64_t>>(*uniform(0, 5), uniform<int64_t>(0, 6));
    // Few shapes with a zero, which say little.
    for (int64_t &dim : shape)
      dim = dim == 0 && *uniform(0, 8) != 0 ? 1 : dim;
    int64_t size = *storageBytes(type, shape);
    auto bytes = *rc::gen::container<std::vector<uint8_t>>(size, rc::gen::arbitrary<uint8_t>());
    return cantFail(HostTensor::copyOf(type, shape, bytes));
  });
}

RC_GTEST_PROP(ReaderProperty, NpyRoundTrips, ()) {
  HostTensor tensor = *anyTensor();
  std::string image =
      cantFail(makeNpyHeader(tensor.dtype(), tensor.shape())) + toStringRef(tensor.bytes()).str();
  HostTensor back = cantFail(parseNpy(arrayRefFromStringRef(image), nullptr));
  RC_ASSERT(bitEqual(tensor, back));
}

RC_GTEST_PROP(ReaderProperty, FortranOrderIsTheTransposeOfTheReversedShape, ()) {
  HostTensor tensor = *anyTensor();
  HostTensor converted = fromFortranOrder(tensor);
  // Element (i, j, ...) lies at i + dim0 * (j + dim1 * ...) of the source.
  unsigned width = elementBytes(tensor.dtype());
  for (int64_t flat = 0; flat < tensor.numElements(); ++flat) {
    int64_t rest = flat, offset = 0;
    std::vector<int64_t> index(tensor.rank());
    for (unsigned axis = tensor.rank(); axis-- > 0; rest /= tensor.dim(axis))
      index[axis] = rest % tensor.dim(axis);
    for (unsigned axis = tensor.rank(); axis-- > 0;)
      offset = offset * tensor.dim(axis) + index[axis];
    RC_ASSERT(converted.bytes().slice(flat * width, width) ==
              tensor.bytes().slice(offset * width, width));
  }
}

RC_GTEST_PROP(ReaderProperty, TensorProtoRoundTrips, ()) {
  HostTensor tensor = *anyTensor();
  std::string name = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  std::string image = serializeTensorProto(name, tensor);
  NamedTensor back = cantFail(parseTensorProto(arrayRefFromStringRef(image), nullptr));
  RC_ASSERT(bitEqual(tensor, back.tensor));
  RC_ASSERT(back.name == name);
}

/// A written image with some bytes replaced, some cut off or appended.
std::string damage(std::string image) {
  auto edits = *rc::gen::container<std::vector<std::pair<size_t, char>>>(
      rc::gen::pair(rc::gen::arbitrary<size_t>(), rc::gen::arbitrary<char>()));
  for (auto [at, value] : edits)
    if (!image.empty())
      image[at % image.size()] = value;
  if (*rc::gen::arbitrary<bool>())
    image.resize(*uniform<size_t>(0, image.size() + 8));
  return image;
}

RC_GTEST_PROP(ReaderProperty, DamagedNpyIsHandled, ()) {
  HostTensor tensor = *anyTensor();
  std::string image = damage(cantFail(makeNpyHeader(tensor.dtype(), tensor.shape())) +
                             toStringRef(tensor.bytes()).str());
  Expected<HostTensor> read = parseNpy(arrayRefFromStringRef(image), nullptr);
  if (!read) {
    consumeError(read.takeError());
    return;
  }
  RC_ASSERT(int64_t(read->byteSize()) == storageBytes(read->dtype(), read->shape()));
}

RC_GTEST_PROP(ReaderProperty, DamagedTensorProtoIsHandled, ()) {
  std::string image = damage(serializeTensorProto("x", *anyTensor()));
  Expected<NamedTensor> read = parseTensorProto(arrayRefFromStringRef(image), nullptr);
  if (!read) {
    consumeError(read.takeError());
    return;
  }
  const HostTensor &tensor = read->tensor;
  RC_ASSERT(int64_t(tensor.byteSize()) == storageBytes(tensor.dtype(), tensor.shape()));
}
} // namespace
