//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types and value infos, from messages and back.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

namespace {

class TypeProtosTest : public ::testing::Test {
protected:
  TypeProtosTest() { context.loadDialect<ONNXDialect>(); }

  static ::onnx::TypeProto tensor(int32_t code, std::initializer_list<int64_t> dims) {
    ::onnx::TypeProto proto;
    proto.mutable_tensor_type()->set_elem_type(code);
    proto.mutable_tensor_type()->mutable_shape();
    for (int64_t dim : dims)
      proto.mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(dim);
    return proto;
  }

  std::string error(const ::onnx::TypeProto &proto) {
    ArrayAttr dims;
    llvm::Expected<Type> type = decodeType(proto, &context, dims);
    return type ? "" : llvm::toString(type.takeError());
  }

  MLIRContext context{MLIRContext::Threading::DISABLED};
};

} // namespace

TEST_F(TypeProtosTest, EveryElementTypeReturns) {
  for (int32_t code = 1; code <= 26; ++code) {
    Type type = elementTypeOf(code, &context);
    ASSERT_TRUE(type) << code;
    EXPECT_EQ(onnxCode(dtypeOf(type)), code);
    ArrayAttr dims;
    llvm::Expected<Type> decoded = decodeType(tensor(code, {2, 0, 3}), &context, dims);
    ASSERT_TRUE(bool(decoded)) << llvm::toString(decoded.takeError());
    EXPECT_EQ(*decoded, RankedTensorType::get({2, 0, 3}, type));
    ::onnx::TypeProto again;
    EXPECT_TRUE(encodeType(*decoded, dims, again));
    EXPECT_EQ(again.SerializeAsString(), tensor(code, {2, 0, 3}).SerializeAsString());
  }
  for (int32_t code : {-1, 0, 27, 1000})
    EXPECT_FALSE(elementTypeOf(code, &context)) << code;
  EXPECT_EQ(dtypeOf(IndexType::get(&context)), DType::Undefined);
  EXPECT_EQ(dtypeOf(IntegerType::get(&context, 7)), DType::Undefined);
}

TEST_F(TypeProtosTest, SymbolsAndUnknownSizes) {
  ::onnx::TypeProto proto = tensor(1, {});
  ::onnx::TensorShapeProto *shape = proto.mutable_tensor_type()->mutable_shape();
  shape->add_dim()->set_dim_param("N");
  shape->add_dim();
  shape->add_dim()->set_dim_value(3);
  ArrayAttr dims;
  llvm::Expected<Type> type = decodeType(proto, &context, dims);
  ASSERT_TRUE(bool(type));
  EXPECT_EQ(*type, RankedTensorType::get({ShapedType::kDynamic, ShapedType::kDynamic, 3},
                                         Float32Type::get(&context)));
  ASSERT_TRUE(dims);
  EXPECT_EQ(cast<StringAttr>(dims[0]).getValue(), "N");
  EXPECT_EQ(cast<StringAttr>(dims[1]).getValue(), "");
  ::onnx::TypeProto again;
  EXPECT_TRUE(encodeType(*type, dims, again));
  EXPECT_EQ(again.SerializeAsString(), proto.SerializeAsString());
}

TEST_F(TypeProtosTest, RefusesSizesThatCannotBe) {
  EXPECT_EQ(error(tensor(1, {-1, 3})), "");
  EXPECT_EQ(error(tensor(1, {-2})), "expected a dimension of at least 0, but found -2");
  EXPECT_NE(error(tensor(1, {int64_t(1) << 40, int64_t(1) << 40})), "");
  EXPECT_NE(error(tensor(1, {0, int64_t(1) << 40, int64_t(1) << 40})), "");
}

TEST_F(TypeProtosTest, KeepsWhatHasNoForm) {
  ::onnx::ValueInfoProto proto;
  proto.set_name("x");
  *proto.mutable_type() = tensor(1, {2});
  llvm::Expected<ValueInfoAttr> plain = decodeValueInfo(proto, &context);
  ASSERT_TRUE(bool(plain));
  EXPECT_FALSE(plain->getProto());

  proto.mutable_type()->set_denotation("IMAGE");
  llvm::Expected<ValueInfoAttr> denoted = decodeValueInfo(proto, &context);
  ASSERT_TRUE(bool(denoted));
  ASSERT_TRUE(denoted->getProto());
  ::onnx::ValueInfoProto again;
  EXPECT_TRUE(encodeValueInfo(*denoted, again));
  EXPECT_EQ(again.SerializeAsString(), proto.SerializeAsString());

  ::onnx::TypeProto sequence;
  *sequence.mutable_sequence_type()->mutable_elem_type() = tensor(1, {2});
  ArrayAttr dims;
  llvm::Expected<Type> opaque = decodeType(sequence, &context, dims);
  ASSERT_TRUE(bool(opaque));
  EXPECT_TRUE(isa<quantc::onnx::OpaqueType>(*opaque));
  ::onnx::TypeProto sequenceAgain;
  EXPECT_TRUE(encodeType(*opaque, dims, sequenceAgain));
  EXPECT_EQ(sequenceAgain.SerializeAsString(), sequence.SerializeAsString());

  ::onnx::TypeProto ignored;
  EXPECT_FALSE(encodeType(VectorType::get({4}, Float32Type::get(&context)), {}, ignored));
}
