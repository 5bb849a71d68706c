//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C header of one model: what its user would otherwise look up by hand,
// followed by the interface itself, so that the file stands alone.
//
//===----------------------------------------------------------------------===//

#include "Blobs.h"

#include "quantc/Runtime/ModelABI.h"
#include "quantc/Support/DType.h"
#include "quantc/Target/CPU/ModelInfo.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quantc::cpu {

/// "mobilenet-v2.onnx" as a part of a macro's name: MOBILENET_V2_ONNX.
static std::string macroName(StringRef name) {
  std::string result;
  for (char c : name)
    result += isAlnum(c) ? toUpper(c) : '_';
  return result.empty() || isDigit(result.front()) ? "MODEL_" + result : result;
}

/// A string for a C literal or comment: no quotes, backslashes, line ends, and
/// nothing that could end a comment or start a trigraph.
static std::string printable(StringRef text) {
  std::string result;
  for (char c : text)
    result += isPrint(c) && c != '"' && c != '\\' && c != '*' && c != '?' ? c : '_';
  return result;
}

static std::string dtypeMacro(int32_t dtype) {
  return "QRT_" + dtypeName(static_cast<DType>(dtype)).upper();
}

static std::string extentText(int64_t extent, ArrayRef<std::string> dimNames) {
  if (extent >= 0)
    return std::to_string(extent);
  return extent >= -static_cast<int64_t>(dimNames.size()) ? printable(dimNames[-1 - extent]) : "_";
}

static std::string shapeText(const TensorInfo &tensor, ArrayRef<std::string> dimNames) {
  std::string result = "[";
  for (auto [axis, extent] : enumerate(tensor.shape)) {
    result += axis ? ", " : "";
    result += extentText(extent, dimNames);
  }
  return result + "]";
}

/// Elements of a static tensor, or nothing.
static void printElements(raw_ostream &stream, StringRef prefix, const TensorInfo &tensor) {
  if (std::optional<int64_t> elements = numElements(tensor.shape))
    stream << "#define " << prefix << "_ELEMENTS " << *elements << "\n";
}

static void printTensor(raw_ostream &stream, StringRef prefix, const TensorInfo &tensor,
                        ArrayRef<std::string> dimNames) {
  stream << "\n/* " << printable(tensor.name) << ": " << dtypeName(static_cast<DType>(tensor.dtype))
         << " " << shapeText(tensor, dimNames) << " */\n";
  stream << "#define " << prefix << "_NAME \"" << printable(tensor.name) << "\"\n";
  stream << "#define " << prefix << "_DTYPE " << dtypeMacro(tensor.dtype) << "\n";
  stream << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
  printElements(stream, prefix, tensor);
  if (tensor.scale == 0)
    return;
  stream << "#define " << prefix << "_SCALE " << format("%.9g", tensor.scale)
         << " /* real = scale * (integer - zero point) */\n";
  stream << "#define " << prefix << "_ZERO_POINT (" << tensor.zeroPoint << ")\n";
}

std::string modelHeader(const ModelInfo &info) {
  const std::string macro = "QUANTC_" + macroName(info.name);
  std::string text;
  raw_string_ostream stream(text);
  stream << "/* C interface of the model '" << printable(info.name) << "', written by quantc "
         << printable(info.version) << " for " << kernels::levelInfo(info.level).name
         << ". */\n\n#ifndef " << macro << "_H\n#define " << macro << "_H\n\n";
  stream << "#define " << macro << "_INPUTS " << info.inputs.size() << "\n";
  stream << "#define " << macro << "_OUTPUTS " << info.outputs.size() << "\n";
  for (auto [index, tensor] : enumerate(info.inputs))
    printTensor(stream, macro + "_INPUT" + std::to_string(index), tensor, info.dimNames);
  for (auto [index, tensor] : enumerate(info.outputs))
    printTensor(stream, macro + "_OUTPUT" + std::to_string(index), tensor, info.dimNames);
  stream << "\n#endif\n\n" << modelABIText();
  return text;
}

} // namespace quantc::cpu
