//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Host tensors: sharing and copying of bytes, element access, slices.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/HostTensor.h"
#include "llvm/Support/Error.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llvm;
using namespace quantc;

namespace {
std::string textOf(Error error) { return toString(std::move(error)); }

TEST(HostTensor, CreateIsZeroAndAligned) {
  HostTensor tensor = cantFail(HostTensor::create(DType::F32, {3, 5}));
  EXPECT_EQ(tensor.numElements(), 15);
  EXPECT_EQ(tensor.byteSize(), 60u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes().data()) % HostTensor::kAlignment, 0u);
  for (float value : tensor.values<float>())
    EXPECT_EQ(value, 0.0f);
}

TEST(HostTensor, CreateRefusesImpossibleSizes) {
  constexpr int64_t big = std::numeric_limits<int64_t>::max();
  for (std::vector<int64_t> shape : {std::vector<int64_t>{-1}, {big, big}, {big}, {big / 4}}) {
    Expected<HostTensor> tensor = HostTensor::create(DType::F32, shape);
    ASSERT_FALSE(bool(tensor)) << shapeToString(shape);
    consumeError(tensor.takeError());
  }
  Expected<HostTensor> strings = HostTensor::create(DType::String, {1});
  ASSERT_FALSE(bool(strings));
  EXPECT_EQ(textOf(strings.takeError()),
            "expected a tensor that fits into memory, but found string [1]");
}

TEST(HostTensor, CopiesShareUntilWritten) {
  HostTensor a = HostTensor::from<float>({2}, {1, 2});
  HostTensor b = a;
  EXPECT_EQ(a.bytes().data(), b.bytes().data());
  b.mutableValues<float>()[0] = 7;
  EXPECT_EQ(a.values<float>()[0], 1);
  EXPECT_EQ(b.values<float>()[0], 7);
  const uint8_t *before = b.bytes().data();
  b.mutableValues<float>()[1] = 8; // sole owner: no further copy
  EXPECT_EQ(b.bytes().data(), before);
}

TEST(HostTensor, ViewsAreNotWrittenThrough) {
  auto owner = std::make_shared<std::vector<uint8_t>>(std::vector<uint8_t>{1, 2, 3});
  HostTensor view = cantFail(HostTensor::view(DType::U8, {3}, *owner, owner));
  EXPECT_EQ(view.bytes().data(), owner->data());
  view.mutableBytes()[0] = 9;
  EXPECT_EQ((*owner)[0], 1);
  EXPECT_EQ(view.values<uint8_t>()[0], 9);
}

TEST(HostTensor, ViewKeepsItsOwnerAlive) {
  std::weak_ptr<std::vector<uint8_t>> watch;
  HostTensor view;
  {
    auto owner = std::make_shared<std::vector<uint8_t>>(4, 5);
    watch = owner;
    view = cantFail(HostTensor::view(DType::U8, {4}, *owner, owner));
  }
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(view.values<uint8_t>()[3], 5);
  view = HostTensor();
  EXPECT_TRUE(watch.expired());
}

TEST(HostTensor, MisalignedViewIsCopied) {
  auto owner = std::make_shared<HostTensor>(HostTensor::zeros(DType::U8, {64}));
  Expected<HostTensor> view = HostTensor::view(DType::F32, {2}, owner->bytes().slice(3, 8), owner);
  ASSERT_TRUE(bool(view));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(view->bytes().data()) % 4, 0u);
  EXPECT_EQ(view->values<float>()[1], 0.0f);
}

TEST(HostTensor, ViewChecksTheSize) {
  std::vector<uint8_t> bytes(7);
  Expected<HostTensor> view = HostTensor::view(DType::F32, {2}, bytes, nullptr);
  ASSERT_FALSE(bool(view));
  EXPECT_EQ(textOf(view.takeError()), "expected 8 bytes for float32 [2], but found 7");
}

TEST(HostTensor, SliceAndReshapeShare) {
  HostTensor tensor = HostTensor::from<int32_t>({3, 2}, {0, 1, 2, 3, 4, 5});
  HostTensor slice = tensor.slice(1, 2);
  EXPECT_EQ(slice.shape(), ArrayRef<int64_t>({2, 2}));
  EXPECT_EQ(slice.values<int32_t>().vec(), std::vector<int32_t>({2, 3, 4, 5}));
  EXPECT_EQ(slice.bytes().data(), tensor.bytes().data() + 8);
  slice.mutableValues<int32_t>()[0] = 9;
  EXPECT_EQ(tensor.values<int32_t>()[2], 2);
  EXPECT_EQ(tensor.slice(3, 0).numElements(), 0);
  EXPECT_EQ(tensor.reshaped({6}).shape(), ArrayRef<int64_t>({6}));
  HostTensor none = HostTensor::zeros(DType::F32, {0, 4});
  EXPECT_EQ(none.slice(0, 0).numElements(), 0);
}

TEST(HostTensor, NarrowElements) {
  // int4, low nibble first: 1, -8, 7.
  HostTensor nibbles = cantFail(HostTensor::copyOf(DType::I4, {3}, {0x81, 0x07}));
  EXPECT_EQ(nibbles.asInt(0), 1);
  EXPECT_EQ(nibbles.asInt(1), -8);
  EXPECT_EQ(nibbles.asInt(2), 7);
  HostTensor pairs = cantFail(HostTensor::copyOf(DType::I2, {5}, {0b11100100, 0b10}));
  int64_t expected[] = {0, 1, -2, -1, -2};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(pairs.asInt(i), expected[i]) << i;
  HostTensor fp4 = cantFail(HostTensor::copyOf(DType::F4E2M1, {2}, {0xf1}));
  EXPECT_EQ(fp4.asDouble(0), 0.5);
  EXPECT_EQ(fp4.asDouble(1), -6.0);
  HostTensor half = cantFail(HostTensor::copyOf(DType::F16, {1}, {0x00, 0xc2}));
  EXPECT_EQ(half.asDouble(0), -3.0);
  HostTensor bf = cantFail(HostTensor::copyOf(DType::BF16, {1}, {0x80, 0x3f}));
  EXPECT_EQ(bf.asDouble(0), 1.0);
  HostTensor scale = cantFail(HostTensor::copyOf(DType::F8E8M0, {2}, {127, 130}));
  EXPECT_EQ(scale.asDouble(0), 1.0);
  EXPECT_EQ(scale.asDouble(1), 8.0);
}

TEST(HostTensor, Conversions) {
  constexpr int64_t big = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(HostTensor::from<int64_t>({}, {big}).asInt(0), big);
  EXPECT_EQ(HostTensor::from<uint8_t>({}, {200}).asInt(0), 200);
  EXPECT_EQ(HostTensor::from<int8_t>({}, {-3}).asDouble(0), -3.0);
  EXPECT_EQ(HostTensor::from<bool>({}, {true}).asInt(0), 1);
  EXPECT_EQ(HostTensor::from<float>({}, {-2.9f}).asInt(0), -2);
  EXPECT_EQ(HostTensor::from<float>({}, {1e30f}).asInt(0), big);
  EXPECT_EQ(HostTensor::from<float>({}, {-1e30f}).asInt(0), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(HostTensor::from<double>({}, {std::nan("")}).asInt(0), 0);
}

TEST(HostTensor, BitEquality) {
  HostTensor a = HostTensor::from<float>({1}, {0.0f});
  EXPECT_TRUE(bitEqual(a, HostTensor::zeros(DType::F32, {1})));
  EXPECT_FALSE(bitEqual(a, HostTensor::from<float>({1}, {-0.0f})));
  EXPECT_FALSE(bitEqual(a, HostTensor::zeros(DType::I32, {1})));
  EXPECT_FALSE(bitEqual(a, HostTensor::zeros(DType::F32, {1, 1})));
}

TEST(HostTensor, FindsNonFinite) {
  std::vector<float> values(10000, 1.0f);
  values[9000] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(findNonFinite(HostTensor::from<float>({10000}, values)), 9000);
  values[9000] = std::numeric_limits<float>::max();
  EXPECT_EQ(findNonFinite(HostTensor::from<float>({10000}, values)), std::nullopt);
  EXPECT_EQ(findNonFinite(HostTensor::from<double>({2}, {0.0, std::nan("")})), 1);
  EXPECT_EQ(findNonFinite(cantFail(HostTensor::copyOf(DType::F16, {1}, {0x00, 0x7c}))), 0);
  EXPECT_EQ(findNonFinite(cantFail(HostTensor::copyOf(DType::F16, {1}, {0xff, 0x7b}))),
            std::nullopt);
  EXPECT_EQ(findNonFinite(cantFail(HostTensor::copyOf(DType::F8E5M2, {2}, {0x7b, 0x7c}))), 1);
  EXPECT_EQ(findNonFinite(HostTensor::from<int32_t>({1}, {0x7f800000})), std::nullopt);
  EXPECT_EQ(findNonFinite(HostTensor()), std::nullopt);
}
} // namespace
