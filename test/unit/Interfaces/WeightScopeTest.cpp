//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a scope owns, and what it leaves alone.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/WeightScope.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/Weights.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace quantc;

namespace {

class WeightScopeTest : public ::testing::Test {
protected:
  DenseResourceElementsAttr make(float value) {
    auto type = RankedTensorType::get({4096}, Float32Type::get(&context));
    std::vector<float> values(4096, value);
    return cast<DenseResourceElementsAttr>(makeFloatWeights(type, values, "w"));
  }
  MLIRContext context{MLIRContext::Threading::DISABLED};
};

} // namespace

TEST_F(WeightScopeTest, FreesWhatWasMadeInsideAlone) {
  DenseResourceElementsAttr before = make(1);
  DenseResourceElementsAttr inside;
  {
    WeightScope scope(&context);
    inside = make(2);
    ASSERT_TRUE(readFloats(inside));
  }
  EXPECT_FALSE(readFloats(inside));
  ASSERT_TRUE(readFloats(before));
  EXPECT_EQ(readFloats(before)->front(), 1.0f);
}

TEST_F(WeightScopeTest, MovesItsOwnAndCopiesOlderOnes) {
  DenseResourceElementsAttr before = make(1);
  AsmResourceBlob older, own;
  const char *address = nullptr;
  {
    WeightScope scope(&context);
    DenseResourceElementsAttr inside = make(2);
    address = inside.getRawHandle().getBlob()->getData().data();
    own = scope.take(inside, 64);
    EXPECT_FALSE(readFloats(inside));
    older = scope.take(before, 64);
    EXPECT_EQ(scope.take(inside, 64).getData().size(), 0u); // taken already
  }
  EXPECT_EQ(own.getData().data(), address);
  EXPECT_EQ(own.getDataAs<float>()[4095], 2.0f); // outlives the scope
  EXPECT_EQ(older.getDataAs<float>()[0], 1.0f);
  EXPECT_NE(older.getData().data(), before.getRawHandle().getBlob()->getData().data());
  EXPECT_TRUE(readFloats(before));
}

TEST_F(WeightScopeTest, NamesOfFreedWeightsAreUsedAgain) {
  auto nameOf = [](Attribute weights) {
    return cast<DenseResourceElementsAttr>(weights).getRawHandle().getKey().str();
  };
  auto type = RankedTensorType::get({1000}, Float32Type::get(&context));
  std::vector<float> values(1000, 1);
  auto older = makeFloatWeights(type, values, "w");
  {
    WeightScope scope(&context);
    EXPECT_EQ(nameOf(makeFloatWeights(type, values, "w")), "w_1");
  }
  {
    WeightScope scope(&context); // frees weights whose name was there before, too
    EXPECT_EQ(nameOf(makeFloatWeights(type, values, "w")), "w_1");
    EXPECT_EQ(nameOf(makeFloatWeights(type, values, "w")), "w_2");
  }
  values.front() = 2;
  auto later = makeFloatWeights(type, values, "w");
  EXPECT_EQ(nameOf(later), "w_1");
  EXPECT_EQ(readFloats(later)->front(), 2);
  EXPECT_EQ(readFloats(older)->front(), 1);
}

TEST_F(WeightScopeTest, CopiesToTheAlignmentAskedFor) {
  WeightScope scope(&context);
  AsmResourceBlob blob = scope.take(make(3), 4096);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(blob.getData().data()) % 4096, 0u);
  EXPECT_EQ(blob.getDataAs<float>()[7], 3.0f);
}
