//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verification of the dialect's attributes, which the exporter then can trust.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/IR/ONNX.h"

using namespace mlir;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// Attributes of modules, functions, arguments and results
//===----------------------------------------------------------------------===//

static bool isI64(Attribute attr) {
  auto integer = dyn_cast<IntegerAttr>(attr);
  return integer && integer.getType().isSignlessInteger(64);
}

template <typename... ElementTs> static bool isArrayOf(Attribute attr) {
  auto array = dyn_cast_or_null<ArrayAttr>(attr);
  return array && llvm::all_of(array, [](Attribute element) { return isa<ElementTs...>(element); });
}

static bool isStringPairs(Attribute attr) {
  return isArrayOf<ArrayAttr>(attr) && llvm::all_of(cast<ArrayAttr>(attr), [](Attribute pair) {
           return isArrayOf<StringAttr>(pair) && cast<ArrayAttr>(pair).size() == 2;
         });
}

/// What the attribute must be, or "" when it is that.
static StringRef expectedKind(StringRef name, Attribute value) {
  if (name == irVersionAttr || name == modelVersionAttr)
    return isI64(value) ? "" : "a 64-bit integer";
  if (name == opsetImportsAttr)
    return isArrayOf<OpsetAttr>(value) ? "" : "an array of #onnx.opset";
  if (name == metadataAttr)
    return isStringPairs(value) ? "" : "an array of pairs of strings";
  if (name == valueInfoAttr)
    return isArrayOf<ValueInfoAttr>(value) ? "" : "an array of #onnx.value_info";
  if (name == inputOrderAttr || name == dimsAttr)
    return isArrayOf<StringAttr>(value) ? "" : "an array of strings";
  if (name == declaredAttr)
    return isa<ValueInfoAttr>(value) ? "" : "#onnx.value_info";
  bool isText = llvm::is_contained({StringRef(nameAttr), StringRef(docAttr), StringRef(extraAttr),
                                    StringRef(graphNameAttr), StringRef(producerNameAttr),
                                    StringRef(producerVersionAttr), StringRef(domainAttr)},
                                   name);
  if (isText)
    return isa<StringAttr>(value) ? "" : "a string";
  return "a known attribute";
}

static LogicalResult verifyNamed(Operation *op, NamedAttribute named) {
  StringRef expected = expectedKind(named.getName(), named.getValue());
  if (expected.empty())
    return success();
  return op->emitOpError("expected ") << expected << " as '" << named.getName().getValue()
                                      << "', but found " << named.getValue();
}

LogicalResult ONNXDialect::verifyOperationAttribute(Operation *op, NamedAttribute named) {
  return verifyNamed(op, named);
}

LogicalResult ONNXDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                                    NamedAttribute named) {
  return verifyNamed(op, named);
}

LogicalResult ONNXDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                                       NamedAttribute named) {
  return verifyNamed(op, named);
}

//===----------------------------------------------------------------------===//
// Graph attributes
//===----------------------------------------------------------------------===//

LogicalResult GraphAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, unsigned,
                                ArrayAttr inputs, ArrayAttr outputs, DictionaryAttr info) {
  if (!isArrayOf<ValueInfoAttr>(inputs) || !isArrayOf<ValueInfoAttr>(outputs))
    return emitError() << "expected arrays of #onnx.value_info as inputs and outputs of a graph";
  if (!info)
    return success();
  if (Attribute list = info.get("value_info"); list && !isArrayOf<ValueInfoAttr>(list))
    return emitError() << "expected an array of #onnx.value_info as 'value_info' of a graph";
  if (Attribute order = info.get("input_order"); order && !isArrayOf<StringAttr>(order))
    return emitError() << "expected an array of strings as 'input_order' of a graph";
  return success();
}
