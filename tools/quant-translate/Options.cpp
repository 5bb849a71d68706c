//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsing of the command line; see Options.h.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace quantc;

namespace {

cl::OptionCategory category("quant-translate options");

cl::opt<std::string> input(cl::Positional, cl::desc("<input>"), cl::cat(category));
cl::opt<std::string> output("o", cl::desc("Output file; '-' is the standard output"),
                            cl::value_desc("file"), cl::init("-"), cl::cat(category));
cl::opt<bool> importFlag("import-onnx",
                         cl::desc("ONNX model to MLIR: text, or bytecode for *.mlirbc"),
                         cl::cat(category));
cl::opt<bool> exportFlag("export-onnx", cl::desc("MLIR (text or bytecode) to an ONNX model"),
                         cl::cat(category));
cl::opt<bool> bytecode("emit-bytecode", cl::desc("Import: write bytecode whatever the file's name"),
                       cl::cat(category));
cl::opt<bool> locations("mlir-print-debuginfo",
                        cl::desc("Import: print locations (bytecode always holds them)"),
                        cl::cat(category));
cl::list<std::string> dims("dim", cl::desc("Import: value of a symbolic dimension"),
                           cl::value_desc("name=size"), cl::cat(category));
cl::list<std::string> shapes("input-shape",
                             cl::desc("Import: shape of an input, e.g. x=1x3x224x224"),
                             cl::value_desc("name=shape"), cl::cat(category));
cl::opt<bool> strict("strict-import", cl::desc("Import: warnings are errors"), cl::cat(category));
cl::opt<bool> inlineFunctions("inline-functions",
                              cl::desc("Import: put the bodies of model-local functions in place "
                                       "of their calls"),
                              cl::cat(category));
cl::opt<std::string> externalData("external-data",
                                  cl::desc("Export: put large initializers into this file, in the "
                                           "model's folder"),
                                  cl::value_desc("name"), cl::cat(category));
cl::opt<uint64_t> externalThreshold("external-threshold",
                                    cl::desc("Export: bytes from which an initializer is large "
                                             "(default: 1024)"),
                                    cl::value_desc("bytes"), cl::init(1024), cl::cat(category));

} // namespace

static std::nullopt_t usageError(const Twine &message) {
  WithColor::error(errs(), "quant-translate") << message << '\n';
  return std::nullopt;
}

/// "name=value" with the value split at 'x'; the name may hold '='.
static bool parseSizes(StringRef text, std::string &name, SmallVector<int64_t> &sizes) {
  auto [left, right] = text.rsplit('=');
  if (left.empty() || left.size() == text.size())
    return false;
  name = left.str();
  if (right.empty()) // a scalar
    return true;
  SmallVector<StringRef> parts;
  right.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t size = 0;
    if (part.getAsInteger(10, size) || size < 0)
      return false;
    sizes.push_back(size);
  }
  return true;
}

static bool parseDims(ImportOptions &options) {
  for (const std::string &text : dims) {
    std::string name;
    SmallVector<int64_t> sizes;
    if (!parseSizes(text, name, sizes) || sizes.size() != 1) {
      usageError("expected --dim name=size, but found '" + text + "'");
      return false;
    }
    options.dims.emplace_back(name, sizes[0]);
  }
  for (const std::string &text : shapes) {
    std::string name;
    SmallVector<int64_t> sizes;
    if (!parseSizes(text, name, sizes)) {
      usageError("expected --input-shape name=1x3x224x224, but found '" + text + "'");
      return false;
    }
    options.inputShapes.emplace_back(name, sizes);
  }
  return true;
}

std::optional<TranslateOptions> quantc::parseOptions(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "Translates between ONNX and MLIR.\n\n"
                                   "  quant-translate --import-onnx model.onnx -o model.mlirbc\n"
                                   "  quant-translate --export-onnx model.mlirbc -o model.onnx\n",
                                   &errs()))
    return std::nullopt;
  if (importFlag == exportFlag)
    return usageError("expected one of --import-onnx and --export-onnx");
  if (input.empty())
    return usageError("expected an input file");
  TranslateOptions options;
  options.direction = importFlag ? Direction::Import : Direction::Export;
  options.input = input;
  options.output = output;
  options.emitBytecode = bytecode || StringRef(output).ends_with(".mlirbc");
  options.locations = locations;
  options.importing.strict = strict;
  options.importing.inlineFunctions = inlineFunctions;
  options.exporting.externalData = externalData;
  options.exporting.externalThreshold = externalThreshold;
  if (!parseDims(options.importing))
    return std::nullopt;
  return options;
}
