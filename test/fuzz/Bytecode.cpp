//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our readers of bytecode: those of attributes and types in dialects, and those of
// the properties of ops, which are followed by verifiers. The container format
// around them is MLIR's; here the input is the sequence of answers that MLIR's
// reader would give.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzDialects.h"
#include "FuzzFile.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace quantc;

static const char *const attributeTexts[] = {
    "unit",
    "true",
    "0 : i64",
    "1 : i64",
    "-1 : i64",
    "2 : i32",
    "3 : index",
    "9223372036854775807 : i64",
    "-9223372036854775808 : i64",
    "255 : ui8",
    "4 : i8",
    "1.0 : f32",
    "0x7FC00000 : f32",
    "0.0 : f64",
    "\"\"",
    "\"x\"",
    "\"Add\"",
    "\"If\"",
    "@f",
    "i8",
    "tensor<2xf32>",
    "[]",
    "[\"x\", \"y\"]",
    "[1, 2]",
    "[[0, 1], [2, 3]]",
    "{}",
    "{a = 1 : i64}",
    "{name = \"n\", storage = \"typed\"}",
    "array<i64>",
    "array<i64: 1, 1>",
    "array<i64: 0, -1>",
    "array<i64: 9223372036854775807, 2>",
    "array<i64: 1, 1, 1, 1>",
    "array<i32: 1, 2>",
    "array<i32: 2147483647, -1>",
    "dense<1> : tensor<4xi8>",
    "dense<[1, 2]> : tensor<2xi32>",
    "dense<0> : tensor<0xi64>",
    "dense<1.0> : tensor<2x3x1x1xf32>",
    "dense<3> : tensor<1000000x1000000xi8>",
    "dense<-1> : tensor<si64>",
    "dense<[0, 1]> : tensor<2xui8>",
    "dense<true> : tensor<i1>",
    "sparse<0, 1> : tensor<1xi32>",
    "affine_map<(d0) -> (d0)>",
    "strided<[1], offset: 0>",
    "#onnx.opset<17>",
    "#onnx.value_info<name = \"x\", type = tensor<?xf32>>",
    "#onnx.tensor<dense<1> : tensor<2xi8>>",
    "#onnx.graph<0, [] -> []>",
    "#onnx.list<tensors, []>",
    "#onnx.ref<int, \"a\">",
    "#onnx.proto<type_proto, \"\\08\">",
    "#hls.requantize<acc = 20, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : "
    "tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, "
    "rounding = half_up, by_pixel = false>",
    "#hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>",
    "#hls.table<dense<3> : tensor<256xui8>>",
    "#hls.thresholds<acc = 10, bias = dense<0> : tensor<1xsi32>, threshold = dense<[[1, 2, 3]]> : "
    "tensor<1x3xsi32>, base = 0>",
    "#qnn.int<8, signed = false, symmetric = false, narrow = false>",
    "#qnn.int<4, signed = true, symmetric = true, narrow = true>",
    "#kern.partition<axis = 0, units = 8, align = 1, workers = 2>",
    "#qnn.stats<min = -1.0, max = 1.0, lo = -1.0, hi = 1.0, count = 1, method = \"m\">"};

static const char *const typeTexts[] = {"i1",
                                        "i8",
                                        "ui8",
                                        "si8",
                                        "i32",
                                        "si64",
                                        "f32",
                                        "index",
                                        "none",
                                        "complex<f32>",
                                        "tensor<f32>",
                                        "tensor<2xf32>",
                                        "tensor<1x3x4x4xf32>",
                                        "tensor<2x3x1x1xf32>",
                                        "tensor<?x4xf32>",
                                        "tensor<*xf32>",
                                        "tensor<0x4xf32>",
                                        "tensor<1x4x4x3xi8>",
                                        "tensor<1x4x4x3xui8>",
                                        "tensor<1x4x4x3xi32>",
                                        "tensor<2xi32>",
                                        "tensor<4611686018427387904x2xf32>",
                                        "tensor<4xi64>",
                                        "tensor<!onnx.string>",
                                        "!onnx.unknown",
                                        "!onnx.string",
                                        "!onnx.opaque<\"x\">",
                                        "memref<1x4x4x3xi8>",
                                        "memref<?xf32>",
                                        "memref<64xi8>",
                                        "vector<4xf32>",
                                        "() -> ()",
                                        "!hls.stream<ui8, lanes = 1, beats = 4>",
                                        "!hls.stream<si8, lanes = 2, beats = 32>"};

namespace {

/// What an input may refer to.
struct Pool {
  std::vector<Attribute> attributes;
  std::vector<Type> types;
  std::vector<const BytecodeDialectInterface *> dialects;
  std::vector<RegisteredOperationName> ops;

  explicit Pool(MLIRContext &context) {
    for (const char *text : attributeTexts) {
      attributes.push_back(parseAttribute(text, &context));
      fuzz::check(attributes.back() != nullptr, text);
    }
    for (const char *text : typeTexts) {
      types.push_back(parseType(text, &context));
      fuzz::check(types.back() != nullptr, text);
    }
    for (Dialect *dialect : context.getLoadedDialects())
      if (auto *interface = dyn_cast<BytecodeDialectInterface>(dialect))
        if (dialect->getNamespace() != "builtin")
          dialects.push_back(interface);
    for (StringRef dialect : {"dyad", "hls", "kern", "nn", "onnx", "qnn"})
      llvm::append_range(ops, context.getRegisteredOperationsByDialect(dialect));
  }
};

/// Answers from bytes; behind their end everything fails, or is 0.
class Reader : public DialectBytecodeReader {
public:
  Reader(MLIRContext &context, Pool &pool, ArrayRef<uint8_t> bytes)
      : context(context), pool(pool), bytes(bytes) {}

  bool atEnd() const { return bytes.empty(); }
  unsigned byte() {
    if (bytes.empty())
      return 0;
    unsigned value = bytes.front();
    bytes = bytes.drop_front();
    return value;
  }
  template <typename T> T pick(const std::vector<T> &from) {
    return from[(byte() + (from.size() > 256 ? 256 * byte() : 0)) % from.size()];
  }

  InFlightDiagnostic emitError(const Twine &message) const override {
    return mlir::emitError(UnknownLoc::get(&context), message);
  }
  FailureOr<const DialectVersion *> getDialectVersion(StringRef) const override {
    return failure();
  }
  MLIRContext *getContext() const override { return &context; }
  uint64_t getBytecodeVersion() const override { return 6; }
  LogicalResult readAttribute(Attribute &result) override {
    result = pool.attributes[0];
    if (atEnd())
      return failure();
    result = pick(pool.attributes);
    return success();
  }
  LogicalResult readOptionalAttribute(Attribute &result) override {
    return byte() % 2 ? readAttribute(result) : success();
  }
  LogicalResult readType(Type &result) override {
    result = pick(pool.types);
    return success(!atEnd());
  }
  /// One byte as it is, but eight bytes behind 255.
  LogicalResult readVarInt(uint64_t &result) override {
    if (atEnd())
      return failure();
    result = byte();
    if (result == 255)
      for (result = 0; !atEnd() && result < (uint64_t(1) << 56);)
        result = result << 8 | byte();
    return success();
  }
  LogicalResult readSignedVarInt(int64_t &result) override {
    uint64_t value = 0;
    LogicalResult done = readVarInt(value);
    result = static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
    return done;
  }
  FailureOr<APInt> readAPIntWithKnownWidth(unsigned width) override {
    uint64_t value = 0;
    if (failed(readVarInt(value)))
      return failure();
    return APInt(width, value, false, true);
  }
  FailureOr<APFloat> readAPFloatWithKnownSemantics(const llvm::fltSemantics &semantics) override {
    FailureOr<APInt> bits = readAPIntWithKnownWidth(APFloat::semanticsSizeInBits(semantics));
    if (failed(bits))
      return failure();
    return APFloat(semantics, *bits);
  }
  LogicalResult readString(StringRef &result) override {
    size_t size = std::min<size_t>(byte(), bytes.size());
    result = StringRef(reinterpret_cast<const char *>(bytes.data()), size);
    bytes = bytes.drop_front(size);
    return success();
  }
  LogicalResult readBlob(ArrayRef<char> &result) override {
    StringRef text;
    LogicalResult done = readString(text);
    result = ArrayRef(text.data(), text.size());
    return done;
  }
  LogicalResult readBool(bool &result) override {
    result = byte() % 2;
    return success(!atEnd());
  }

private:
  FailureOr<AsmDialectResourceHandle> readResourceHandle() override { return failure(); }

  MLIRContext &context;
  Pool &pool;
  ArrayRef<uint8_t> bytes;
};

} // namespace

/// Builds one op as MLIR's reader would, at the end of `block`, with operands among `values`.
static Operation *readOp(Reader &reader, const Pool &pool, Block &block, std::vector<Value> &values,
                         unsigned depth) {
  RegisteredOperationName name = reader.pick(pool.ops);
  OperationState state(UnknownLoc::get(reader.getContext()), name);
  if (auto *properties = name.getInterface<BytecodeOpInterface>())
    if (failed(properties->readProperties(reader, state)))
      return nullptr;
  for (unsigned count = reader.byte() % 6; count-- > 0;)
    state.operands.push_back(reader.pick(values));
  for (unsigned count = reader.byte() % 4; count-- > 0;)
    state.types.push_back(reader.pick(pool.types));
  for (unsigned count = depth == 0 ? reader.byte() % 3 : 0; count-- > 0;) {
    auto body = std::make_unique<Block>();
    std::vector<Value> inner = values;
    for (unsigned arguments = reader.byte() % 3; arguments-- > 0;)
      inner.push_back(body->addArgument(reader.pick(pool.types), state.location));
    for (unsigned ops = reader.byte() % 3; ops-- > 0;)
      readOp(reader, pool, *body, inner, depth + 1);
    state.addRegion()->push_back(body.release());
  }
  Operation *op = Operation::create(state);
  block.push_back(op);
  llvm::append_range(values, op->getResults());
  return op;
}

static void readAll(MLIRContext &context, const Pool &fixed, ArrayRef<uint8_t> bytes) {
  Pool pool = fixed;
  Reader reader(context, pool, bytes);
  for (unsigned count = reader.byte() % 4; count-- > 0;) {
    const BytecodeDialectInterface *dialect = reader.pick(pool.dialects);
    if (Attribute attribute = dialect->readAttribute(reader))
      pool.attributes.push_back(attribute);
    if (Type type = reader.byte() % 8 == 0 ? dialect->readType(reader) : Type())
      pool.types.push_back(type);
  }
  OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(&context)));
  auto function = func::FuncOp::create(module->getLoc(), "f", FunctionType::get(&context, {}, {}));
  module->push_back(function);
  Block *block = function.addEntryBlock();
  std::vector<Value> values;
  for (Type type : pool.types)
    values.push_back(block->addArgument(type, module->getLoc()));
  for (unsigned count = 1 + reader.byte() % 3; count-- > 0;) {
    Operation *op = readOp(reader, pool, *block, values, 0);
    if (op && succeeded(verify(op)))
      op->print(llvm::nulls());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FuzzContext contexts(fuzz::loadDialects);
  static std::unique_ptr<Pool> pool;
  bool isNew = false;
  MLIRContext &context = contexts.next(isNew);
  if (isNew)
    pool = std::make_unique<Pool>(context);
  readAll(context, *pool, ArrayRef(data, size));
  return 0;
}
