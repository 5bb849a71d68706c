//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytecode encoding of the attributes that hold tensors.
//
// Attributes without an encoding of their own travel as text, and a resource
// handle inside such text does not find its blob again when it is read. So the
// attributes that may hold a tensor, at any depth, are encoded here; the other
// ones keep the textual form.
//
//===----------------------------------------------------------------------===//

#include "ONNXBytecode.h"
#include "mlir/Bytecode/BytecodeImplementation.h"

using namespace mlir;
using namespace quantc::onnx;

namespace {

/// Never renumber: files hold these.
enum Code : uint64_t { tensorCode = 0, listCode = 1 };

struct BytecodeInterface : BytecodeDialectInterface {
  BytecodeInterface(Dialect *dialect) : BytecodeDialectInterface(dialect) {}

  LogicalResult writeAttribute(Attribute attr, DialectBytecodeWriter &writer) const override {
    if (auto tensor = dyn_cast<TensorAttr>(attr)) {
      writer.writeVarInt(tensorCode);
      writer.writeAttribute(tensor.getValue());
      writer.writeOptionalAttribute(tensor.getInfo());
      return success();
    }
    if (auto list = dyn_cast<ListAttr>(attr)) {
      writer.writeVarInt(listCode);
      writer.writeVarInt(static_cast<uint64_t>(list.getKind()));
      writer.writeAttribute(list.getElements());
      return success();
    }
    return failure(); // as text
  }

  Attribute readAttribute(DialectBytecodeReader &reader) const override {
    uint64_t code = 0;
    if (failed(reader.readVarInt(code)))
      return {};
    if (code == tensorCode)
      return readTensor(reader);
    if (code == listCode)
      return readList(reader);
    reader.emitError("expected an attribute code of the onnx dialect, but found ") << code;
    return {};
  }

private:
  Attribute readTensor(DialectBytecodeReader &reader) const {
    ElementsAttr value;
    DictionaryAttr info;
    if (failed(reader.readAttribute(value)) || failed(reader.readOptionalAttribute(info)))
      return {};
    return TensorAttr::get(getContext(), value, info);
  }

  Attribute readList(DialectBytecodeReader &reader) const {
    uint64_t code = 0;
    ArrayAttr elements;
    if (failed(reader.readVarInt(code)) || failed(reader.readAttribute(elements)))
      return {};
    std::optional<AttributeKind> kind = symbolizeAttributeKind(static_cast<uint32_t>(code));
    if (!kind) {
      reader.emitError("expected a kind of attribute, but found ") << code;
      return {};
    }
    return ListAttr::get(getContext(), *kind, elements);
  }
};

} // namespace

void quantc::onnx::addBytecodeInterface(ONNXDialect &dialect) {
  dialect.addInterfaces<BytecodeInterface>();
}
