//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry of the exporter: module, skeleton, file.
//
//===----------------------------------------------------------------------===//

#include "quantc/Export/ONNX/ExportONNX.h"
#include "GraphExport.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/OutputFile.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <limits>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static void exportModelFields(ModuleOp module, ArrayAttr opsets, ::onnx::ModelProto &proto) {
  auto string = [&](StringRef name) { return module->getAttrOfType<StringAttr>(name); };
  auto number = [&](StringRef name) { return module->getAttrOfType<IntegerAttr>(name); };
  if (auto version = number(irVersionAttr))
    proto.set_ir_version(version.getInt());
  if (auto version = number(modelVersionAttr))
    proto.set_model_version(version.getInt());
  if (StringAttr text = string(producerNameAttr))
    proto.set_producer_name(text.str());
  if (StringAttr text = string(producerVersionAttr))
    proto.set_producer_version(text.str());
  if (StringAttr text = string(domainAttr))
    proto.set_domain(text.str());
  if (StringAttr text = string(docAttr))
    proto.set_doc_string(text.str());
  exportOpsets(opsets, *proto.mutable_opset_import());
  auto metadata = module->getAttrOfType<ArrayAttr>(metadataAttr);
  if (!metadata)
    return;
  for (auto pair : metadata.getAsRange<ArrayAttr>()) {
    if (pair.size() != 2 || !isa<StringAttr>(pair[0]) || !isa<StringAttr>(pair[1]))
      continue;
    ::onnx::StringStringEntryProto *entry = proto.add_metadata_props();
    entry->set_key(cast<StringAttr>(pair[0]).str());
    entry->set_value(cast<StringAttr>(pair[1]).str());
  }
}

/// The one function that holds the graph; null, after diagnostics, when there is none or when the
/// module holds more than a model can.
static func::FuncOp findGraph(ModuleOp module) {
  func::FuncOp graph;
  bool failed = false;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (function && function.getName() == graphFunction && function.getBody().hasOneBlock())
      graph = function;
    else if (!isa<FunctionOp>(op)) {
      op.emitError("expected only func.func @main and onnx.function in a model, but found '")
          << op.getName() << "'";
      failed = true;
    }
  }
  if (!graph && !failed)
    module.emitError("expected func.func @main with the model's graph, but found none");
  return failed ? func::FuncOp() : graph;
}

static LogicalResult exportModel(ModuleOp module, TensorExporter &tensors,
                                 ::onnx::ModelProto &proto) {
  func::FuncOp graph = findGraph(module);
  if (!graph)
    return failure();
  auto opsets = module->getAttrOfType<ArrayAttr>(opsetImportsAttr);
  if (!opsets)
    return module.emitError("expected the opsets of the model as attribute '")
           << opsetImportsAttr << "'";
  if (!mergeExtra(module->getAttrOfType<StringAttr>(extraAttr), proto))
    return module.emitError("expected serialised fields of a model as extra");
  exportModelFields(module, opsets, proto);
  GraphExporter exporter(module, tensors);
  exporter.exportMain(graph, opsets, *proto.mutable_graph());
  for (FunctionOp function : module.getOps<FunctionOp>())
    exporter.exportFunction(function, *proto.add_functions());
  return failure(exporter.hasFailed());
}

static Error writeModel(const ::onnx::ModelProto &proto, const TensorExporter &tensors,
                        raw_ostream &os) {
  std::string skeleton;
  if (!proto.SerializePartialToString(&skeleton))
    return makeError("expected less than 2 GiB beside the elements of tensors");
  Expected<uint64_t> size = filledSize(skeleton, tensors.getPayloads());
  if (!size)
    return size.takeError();
  if (*size > uint64_t(std::numeric_limits<int32_t>::max()))
    return makeError("the model would have " + Twine(*size) +
                     " bytes, but a single ONNX file must stay below 2 GiB; put the initializers "
                     "into a file of their own");
  return fillPayloads(skeleton, tensors.getPayloads(), os);
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

namespace {
struct ExternalTensor {
  PayloadBytes bytes;
  uint64_t offset;
};
} // namespace

/// Moves large initializers out of the model; their places start at multiples of a cache line, and
/// of a page where that costs little, so that they can be mapped.
static std::vector<ExternalTensor> detachInitializers(::onnx::GraphProto &graph,
                                                      TensorExporter &tensors,
                                                      const ExportOptions &options) {
  constexpr uint64_t largeBytes = 1 << 20, page = 4096, cacheLine = 64;
  std::vector<ExternalTensor> result;
  uint64_t offset = 0;
  for (::onnx::TensorProto &tensor : *graph.mutable_initializer()) {
    std::optional<uint64_t> index = payloadIndex(tensor.raw_data());
    if (!index || tensors.getPayloads()[*index].size() < options.externalThreshold)
      continue;
    PayloadBytes bytes = tensors.detach(tensor);
    offset = llvm::alignTo(offset, bytes.size() >= largeBytes ? page : cacheLine);
    tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
    auto add = [&](const char *key, std::string value) {
      ::onnx::StringStringEntryProto *entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(std::move(value));
    };
    add("location", options.externalData);
    add("offset", std::to_string(offset));
    add("length", std::to_string(bytes.size()));
    result.push_back({bytes, offset});
    offset += bytes.size();
  }
  return result;
}

static Error writeExternalData(ArrayRef<ExternalTensor> tensors, StringRef path) {
  return writeWhole(path, [&](raw_ostream &os) {
    uint64_t written = 0;
    for (const ExternalTensor &tensor : tensors) {
      os.write_zeros(static_cast<unsigned>(tensor.offset - written));
      os.write(tensor.bytes.data(), tensor.bytes.size());
      written = tensor.offset + tensor.bytes.size();
    }
    return Error::success();
  });
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static LogicalResult report(ModuleOp module, Error error) {
  if (!error)
    return success();
  return emitError(module.getLoc()) << llvm::toString(std::move(error));
}

LogicalResult quantc::exportONNX(ModuleOp module, raw_ostream &os) {
  TensorExporter tensors;
  ::onnx::ModelProto proto;
  if (failed(exportModel(module, tensors, proto)))
    return failure();
  return report(module, writeModel(proto, tensors, os));
}

LogicalResult quantc::exportONNX(ModuleOp module, StringRef path, const ExportOptions &options) {
  TensorExporter tensors;
  ::onnx::ModelProto proto;
  if (failed(exportModel(module, tensors, proto)))
    return failure();
  if (!options.externalData.empty()) {
    StringRef file = options.externalData;
    if (path == "-" || llvm::sys::path::filename(file) != file || file == "..")
      return report(module, makeError("expected the name of a file in the folder of the model for "
                                      "external data, but found '" +
                                      file + "'"));
    std::vector<ExternalTensor> external =
        detachInitializers(*proto.mutable_graph(), tensors, options);
    SmallString<128> dataPath(llvm::sys::path::parent_path(path));
    llvm::sys::path::append(dataPath, file);
    if (failed(report(module, writeExternalData(external, dataPath))))
      return failure();
  }
  return report(module,
                writeWhole(path, [&](raw_ostream &os) { return writeModel(proto, tensors, os); }));
}
