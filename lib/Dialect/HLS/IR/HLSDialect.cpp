//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect: registration, the stream type.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

#include "quantc/Dialect/HLS/IR/HLSAttrInterfaces.cpp.inc"
#include "quantc/Dialect/HLS/IR/HLSDialect.cpp.inc"
#include "quantc/Dialect/HLS/IR/HLSEnums.cpp.inc"
#include "quantc/Dialect/HLS/IR/HLSOpInterfaces.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "quantc/Dialect/HLS/IR/HLSTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/HLS/IR/HLSAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/HLS/IR/HLSOps.cpp.inc"

void HLSDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/HLS/IR/HLSOps.cpp.inc"
      >();
}

void HLSDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "quantc/Dialect/HLS/IR/HLSTypes.cpp.inc"
      >();
}

void HLSDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quantc/Dialect/HLS/IR/HLSAttrs.cpp.inc"
      >();
}

LogicalResult StreamType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 IntegerType element, int64_t lanes, int64_t beats) {
  unsigned most = element.isUnsigned() ? 16 : 32;
  if (element.isSignless() || element.getWidth() < 1 || element.getWidth() > most)
    return emitError()
           << "[HLS-STR-1] expected an element of si1 to si32 or ui1 to ui16, but found "
           << element;
  if (lanes < 1 || beats < 1 || lanes >= (int64_t(1) << 31) || beats >= (int64_t(1) << 31))
    return emitError() << "[HLS-STR-1] expected lanes and beats in [1, 2^31), but found " << lanes
                       << " and " << beats;
  return success();
}
