//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry of the importer: file, skeleton, model, module.
//
//===----------------------------------------------------------------------===//

#include "quantc/Import/ONNX/ImportONNX.h"
#include "ModelImport.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "quantc/Dialect/ONNX/IR/Functions.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using llvm::Error;
using llvm::Expected;

bool quantc::onnx::parseMessage(StringRef bytes, google::protobuf::Message &message) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t *>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetRecursionLimit(maxNesting + 50); // types and other leaves nest, too
  return message.ParsePartialFromCodedStream(&in) && in.ConsumedEntireMessage();
}

Opsets quantc::onnx::importOpsets(const OpsetList &list, StringRef context, Location loc,
                                  Reporter &reporter) {
  Opsets opsets;
  for (const ::onnx::OperatorSetIdProto &entry : list) {
    StringRef domain = entry.domain() == "ai.onnx" ? "" : StringRef(entry.domain());
    auto [it, inserted] = opsets.try_emplace(domain, entry.version());
    if (!inserted && it->second != entry.version())
      reporter.error(loc, context + ": domain '" + entry.domain() + "' is imported as opset " +
                              Twine(it->second) + " and as opset " + Twine(entry.version()));
    if (domain.empty() && (entry.version() < oldestOpset || entry.version() > newestOpset))
      reporter.error(loc, context + ": expected opset " + Twine(oldestOpset) + " to " +
                              Twine(newestOpset) + " of the default domain, but found " +
                              Twine(entry.version()));
  }
  return opsets;
}

ArrayAttr quantc::onnx::opsetAttrs(Builder &builder, const OpsetList &list) {
  SmallVector<Attribute> attrs;
  for (const ::onnx::OperatorSetIdProto &entry : list)
    attrs.push_back(OpsetAttr::get(builder.getContext(), entry.version(),
                                   optionalString(builder, entry.has_domain(), entry.domain())));
  return builder.getArrayAttr(attrs);
}

/// Moves the model's own fields into attributes of the module.
static void importModelFields(Builder &builder, ::onnx::ModelProto &model, ModuleOp module) {
  auto setString = [&](StringRef name, bool present, const std::string &value) {
    if (present)
      module->setAttr(name, builder.getStringAttr(value));
  };
  if (model.has_ir_version())
    module->setAttr(irVersionAttr, builder.getI64IntegerAttr(model.ir_version()));
  if (model.has_model_version())
    module->setAttr(modelVersionAttr, builder.getI64IntegerAttr(model.model_version()));
  setString(producerNameAttr, model.has_producer_name(), model.producer_name());
  setString(producerVersionAttr, model.has_producer_version(), model.producer_version());
  setString(domainAttr, model.has_domain(), model.domain());
  setString(docAttr, model.has_doc_string(), model.doc_string());
  module->setAttr(opsetImportsAttr, opsetAttrs(builder, model.opset_import()));
  SmallVector<Attribute> metadata;
  for (const ::onnx::StringStringEntryProto &entry : model.metadata_props())
    metadata.push_back(builder.getStrArrayAttr({entry.key(), entry.value()}));
  if (!metadata.empty())
    module->setAttr(metadataAttr, builder.getArrayAttr(metadata));

  model.clear_ir_version();
  model.clear_model_version();
  model.clear_producer_name();
  model.clear_producer_version();
  model.clear_domain();
  model.clear_doc_string();
  model.clear_opset_import();
  model.clear_metadata_props();
  model.clear_graph();
  model.clear_functions();
  if (StringAttr extra = leftovers(builder, model))
    module->setAttr(extraAttr, extra);
}

namespace {

/// A mapped model and its parsed skeleton.
struct LoadedModel {
  std::shared_ptr<const MappedFile> file;
  std::vector<Payload> payloads;
  ::onnx::ModelProto proto;
};

} // namespace

static Expected<std::unique_ptr<LoadedModel>> loadModel(std::shared_ptr<const MappedFile> file) {
  auto model = std::make_unique<LoadedModel>();
  model->file = std::move(file);
  if (model->file->size() == 0)
    return makeError("expected an ONNX model, but found an empty file");
  Expected<Skeleton> skeleton = stripPayloads(model->file->bytes());
  if (!skeleton)
    return addContext("not an ONNX model", skeleton.takeError());
  model->payloads = std::move(skeleton->payloads);
  if (!parseMessage(skeleton->message, model->proto))
    return makeError("not an ONNX model: a message in the file is damaged");
  if (!model->proto.has_graph())
    return makeError("expected an ONNX model, but found no graph");
  return std::move(model);
}

static void checkVersions(const ::onnx::ModelProto &model, Reporter &reporter) {
  if (model.ir_version() > newestIRVersion)
    reporter.warning(reporter.getModelLoc(), "IR version " + Twine(model.ir_version()) +
                                                 " is newer than " + Twine(newestIRVersion) +
                                                 ", the newest one known");
  if (model.opset_import_size() == 0)
    reporter.error("the model has no opset import");
}

void quantc::loadImportDialects(MLIRContext &context) {
  context.loadDialect<func::FuncDialect, ONNXDialect>();
}

/// Where things are that concern a model as a whole.
static Location modelLoc(StringRef path, MLIRContext *context) {
  Builder builder(context);
  return nameLoc(builder, llvm::sys::path::filename(path));
}

OwningOpRef<ModuleOp> quantc::importONNX(StringRef path, MLIRContext *context,
                                         const ImportOptions &options) {
  Expected<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (file)
    return importONNX(std::move(*file), context, options);
  emitError(modelLoc(path, context)) << llvm::toString(file.takeError());
  return {};
}

OwningOpRef<ModuleOp> quantc::importONNX(std::shared_ptr<const MappedFile> file,
                                         MLIRContext *context, const ImportOptions &options) {
  loadImportDialects(*context);
  Builder builder(context);
  std::string path = file->path().str();
  Location loc = modelLoc(path, context);
  Expected<std::unique_ptr<LoadedModel>> model = loadModel(std::move(file));
  if (!model) {
    emitError(loc) << llvm::toString(model.takeError());
    return {};
  }
  ::onnx::ModelProto &proto = (*model)->proto;
  Reporter reporter(loc, options.strict);
  checkVersions(proto, reporter);
  Opsets opsets = importOpsets(proto.opset_import(), "model", loc, reporter);
  ExternalFiles externals(path);
  TensorImporter tensors(context, (*model)->file, (*model)->payloads, externals);
  GraphImporter importer(context, tensors, reporter, options);
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  importer.importMain(*proto.mutable_graph(), opsets, *module);
  for (::onnx::FunctionProto &function : *proto.mutable_functions())
    importer.importFunction(function, *module);
  importModelFields(builder, proto, *module);
  if (failed(reporter.finish()) || failed(verify(*module)) || failed(verifyFunctions(*module)))
    return {};
  if (options.inlineFunctions && failed(inlineFunctions(*module)))
    return {};
  return module;
}
