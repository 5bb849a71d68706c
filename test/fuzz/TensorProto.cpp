//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TensorProto messages of test_data_set folders: parsed, and written again.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/TensorProto.h"
#include "FuzzFile.h"
#include "llvm/ADT/StringExtras.h"
#include <vector>

using namespace llvm;
using namespace quantc;
using quantc::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto owner = std::make_shared<std::vector<uint8_t>>(data, data + size);
  Expected<NamedTensor> tensor = parseTensorProto(*owner, owner);
  if (!tensor) {
    consumeError(tensor.takeError());
    return 0;
  }
  findNonFinite(tensor->tensor);
  bool isReal =
      tensor->tensor.dtype() != DType::Complex64 && tensor->tensor.dtype() != DType::Complex128;
  if (isReal && tensor->tensor.numElements() > 0)
    tensor->tensor.asInt(tensor->tensor.numElements() - 1);
  std::string message = serializeTensorProto(tensor->name, tensor->tensor);
  Expected<NamedTensor> copy = parseTensorProto(arrayRefFromStringRef(message), nullptr);
  check(bool(copy), "what was written cannot be read");
  check(copy->name == tensor->name && bitEqual(copy->tensor, tensor->tensor),
        "what was written reads as another tensor");
  return 0;
}
