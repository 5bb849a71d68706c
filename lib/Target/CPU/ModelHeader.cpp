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

/// A text inside a C comment: nothing that could end it.
static std::string commentText(StringRef text) {
  std::string result;
  for (char c : text)
    result += isPrint(c) && c != '*' && c != '?' && c != '\\' ? c : '_';
  return result;
}

/// A C string literal; what is not plain becomes octal escapes, which have a
/// fixed length and hide trigraphs.
static std::string literal(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (isPrint(c) && c != '"' && c != '\\' && c != '?') {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '\\';
    for (int shift : {6, 3, 0})
      result += static_cast<char>('0' + (byte >> shift & 7));
  }
  return result + '"';
}

static std::string dtypeMacro(int32_t dtype) {
  return "QRT_" + dtypeName(static_cast<DType>(dtype)).upper();
}

static std::string extentText(int64_t extent, ArrayRef<std::string> dimNames) {
  if (extent >= 0)
    return std::to_string(extent);
  return extent >= -static_cast<int64_t>(dimNames.size()) ? commentText(dimNames[-1 - extent])
                                                          : "_";
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
  stream << "\n/* " << commentText(tensor.name) << ": "
         << dtypeName(static_cast<DType>(tensor.dtype)) << " " << shapeText(tensor, dimNames)
         << " */\n";
  stream << "#define " << prefix << "_NAME " << literal(tensor.name) << "\n";
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
  stream << "/* C interface of the model '" << commentText(info.name) << "', written by quantc "
         << commentText(info.version) << " for " << kernels::levelInfo(info.level).name
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
