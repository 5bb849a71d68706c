//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types between ONNX messages and the IR; see TypeProtos.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include "mlir/IR/Builders.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

static Type integerType(DType dtype, MLIRContext *context) {
  IntegerType::SignednessSemantics sign =
      isSignedInteger(dtype) ? IntegerType::Signed : IntegerType::Unsigned;
  return IntegerType::get(context, bitWidth(dtype), sign);
}

Type quantc::onnx::elementTypeOf(int32_t code, MLIRContext *context) {
  std::optional<DType> dtype = dtypeFromOnnxCode(code);
  if (!dtype || *dtype == DType::Undefined)
    return {};
  if (isInteger(*dtype))
    return integerType(*dtype, context);
  Builder builder(context);
  switch (*dtype) {
  case DType::F32:
    return builder.getF32Type();
  case DType::F64:
    return builder.getF64Type();
  case DType::F16:
    return builder.getF16Type();
  case DType::BF16:
    return builder.getBF16Type();
  case DType::Bool:
    return builder.getI1Type();
  case DType::String:
    return StringType::get(context);
  case DType::Complex64:
    return ComplexType::get(builder.getF32Type());
  case DType::Complex128:
    return ComplexType::get(builder.getF64Type());
  case DType::F8E4M3FN:
    return Float8E4M3FNType::get(context);
  case DType::F8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case DType::F8E5M2:
    return Float8E5M2Type::get(context);
  case DType::F8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case DType::F4E2M1:
    return Float4E2M1FNType::get(context);
  case DType::F8E8M0:
    return Float8E8M0FNUType::get(context);
  default:
    return {};
  }
}

static DType integerDType(IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 1:
    return type.isSignless() ? DType::Bool : DType::Undefined;
  case 2:
    return isUnsigned ? DType::U2 : DType::I2;
  case 4:
    return isUnsigned ? DType::U4 : DType::I4;
  case 8:
    return isUnsigned ? DType::U8 : DType::I8;
  case 16:
    return isUnsigned ? DType::U16 : DType::I16;
  case 32:
    return isUnsigned ? DType::U32 : DType::I32;
  case 64:
    return isUnsigned ? DType::U64 : DType::I64;
  default:
    return DType::Undefined;
  }
}

DType quantc::onnx::dtypeOf(Type elementType) {
  return TypeSwitch<Type, DType>(elementType)
      .Case([](IntegerType type) { return integerDType(type); })
      .Case([](ComplexType type) {
        if (type.getElementType().isF32())
          return DType::Complex64;
        return type.getElementType().isF64() ? DType::Complex128 : DType::Undefined;
      })
      .Case([](Float32Type) { return DType::F32; })
      .Case([](Float64Type) { return DType::F64; })
      .Case([](Float16Type) { return DType::F16; })
      .Case([](BFloat16Type) { return DType::BF16; })
      .Case([](Float8E4M3FNType) { return DType::F8E4M3FN; })
      .Case([](Float8E4M3FNUZType) { return DType::F8E4M3FNUZ; })
      .Case([](Float8E5M2Type) { return DType::F8E5M2; })
      .Case([](Float8E5M2FNUZType) { return DType::F8E5M2FNUZ; })
      .Case([](Float4E2M1FNType) { return DType::F4E2M1; })
      .Case([](Float8E8M0FNUType) { return DType::F8E8M0; })
      .Case([](StringType) { return DType::String; })
      .Default(DType::Undefined);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool quantc::onnx::encodeType(Type type, ArrayAttr dims, ::onnx::TypeProto &proto) {
  if (isa<UnknownType>(type))
    return true; // an empty TypeProto, which the caller leaves out
  if (auto opaque = dyn_cast<OpaqueType>(type))
    return proto.ParsePartialFromArray(opaque.getProto().data(),
                                       static_cast<int>(opaque.getProto().size()));
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return false;
  DType dtype = dtypeOf(tensor.getElementType());
  if (dtype == DType::Undefined)
    return false;
  ::onnx::TypeProto_Tensor *tensorProto = proto.mutable_tensor_type();
  tensorProto->set_elem_type(onnxCode(dtype));
  if (!tensor.hasRank())
    return true;
  ::onnx::TensorShapeProto *shape = tensorProto->mutable_shape();
  for (auto [index, size] : llvm::enumerate(tensor.getShape())) {
    ::onnx::TensorShapeProto_Dimension *dim = shape->add_dim();
    if (!ShapedType::isDynamic(size)) {
      dim->set_dim_value(size);
    } else if (dims && index < dims.size()) {
      auto symbol = dyn_cast<StringAttr>(dims[index]);
      if (symbol && !symbol.getValue().empty())
        dim->set_dim_param(symbol.str());
    }
  }
  return true;
}

static llvm::Expected<Type> decodeTensorType(const ::onnx::TypeProto_Tensor &proto,
                                             Type elementType, ArrayAttr &dims) {
  if (!proto.has_shape())
    return UnrankedTensorType::get(elementType);
  Builder builder(elementType.getContext());
  SmallVector<int64_t> shape;
  SmallVector<int64_t> known;
  SmallVector<Attribute> symbols;
  bool anySymbol = false;
  for (const ::onnx::TensorShapeProto_Dimension &dim : proto.shape().dim()) {
    int64_t size = dim.has_dim_value() ? dim.dim_value() : -1;
    if (size < -1)
      return makeError("expected a dimension of at least 0, but found " + Twine(size));
    shape.push_back(size < 0 ? ShapedType::kDynamic : size);
    if (size >= 0)
      known.push_back(size);
    symbols.push_back(builder.getStringAttr(dim.dim_param()));
    anySymbol |= !dim.dim_param().empty();
  }
  if (!storageBytes(DType::Complex128, known))
    return makeError("expected a shape whose size fits into 64 bits, but found " +
                     shapeToString(known));
  dims = anySymbol ? builder.getArrayAttr(symbols) : ArrayAttr();
  return RankedTensorType::get(shape, elementType);
}

llvm::Expected<Type> quantc::onnx::decodeType(const ::onnx::TypeProto &proto, MLIRContext *context,
                                              ArrayAttr &dims) {
  dims = {};
  if (proto.value_case() == ::onnx::TypeProto::kTensorType)
    if (Type elementType = elementTypeOf(proto.tensor_type().elem_type(), context))
      return decodeTensorType(proto.tensor_type(), elementType, dims);
  std::string bytes = proto.SerializePartialAsString();
  if (bytes.empty())
    return UnknownType::get(context);
  return OpaqueType::get(context, bytes);
}

//===----------------------------------------------------------------------===//
// Value infos
//===----------------------------------------------------------------------===//

bool quantc::onnx::encodeValueInfo(ValueInfoAttr info, ::onnx::ValueInfoProto &proto) {
  if (info.getProto())
    return proto.ParsePartialFromArray(info.getProto().data(),
                                       static_cast<int>(info.getProto().size()));
  proto.set_name(info.getName().str());
  if (info.getDoc())
    proto.set_doc_string(info.getDoc().str());
  if (isa<UnknownType>(info.getType()))
    return true;
  return encodeType(info.getType(), info.getDims(), *proto.mutable_type());
}

llvm::Expected<ValueInfoAttr> quantc::onnx::decodeValueInfo(const ::onnx::ValueInfoProto &proto,
                                                            MLIRContext *context) {
  ArrayAttr dims;
  llvm::Expected<Type> type = decodeType(proto.type(), context, dims);
  if (!type)
    return type.takeError();
  Builder builder(context);
  StringAttr doc = proto.has_doc_string() ? builder.getStringAttr(proto.doc_string()) : nullptr;
  auto info = ValueInfoAttr::get(context, builder.getStringAttr(proto.name()), *type, dims, doc,
                                 /*proto=*/nullptr);
  ::onnx::ValueInfoProto again;
  std::string original = proto.SerializePartialAsString();
  if (encodeValueInfo(info, again) && again.SerializePartialAsString() == original)
    return info;
  return ValueInfoAttr::get(context, info.getName(), *type, dims, doc,
                            builder.getStringAttr(original));
}
