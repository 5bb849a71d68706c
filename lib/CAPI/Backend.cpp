//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface to float execution; see quantc-c/Backend.h.
//
//===----------------------------------------------------------------------===//

#include "quantc-c/Backend.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Execution/LoopsModel.h"
#include "quantc/Import/ONNX/ImportONNX.h"
#include <algorithm>
#include <cstring>

using namespace quantc;

struct quantc_backend {
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<LoopsModel> model;
  std::vector<LoopsBuffer> outputs;
};

static void tell(const std::string &text, char *message, size_t room) {
  if (room == 0)
    return;
  size_t length = std::min(text.size(), room - 1);
  std::memcpy(message, text.data(), length);
  message[length] = 0;
}

static bool compile(quantc_backend &backend, const char *path, uint32_t flags, std::string &text) {
  mlir::ScopedDiagnosticHandler handler(&backend.context, [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      text += diagnostic.str() + "\n";
    return mlir::success();
  });
  loadImportDialects(backend.context);
  ImportOptions options;
  options.inlineFunctions = true;
  backend.module = importONNX(path, &backend.context, options);
  if (!backend.module)
    return false;
  mlir::PassManager passes(&backend.context);
  passes.addPass(onnx::createOnnxFoldConstants());
  ConvertONNXToLoopsOptions loops;
  loops.outlineNodes = true;
  passes.addPass(createConvertONNXToLoops(loops));
  if (mlir::failed(passes.run(*backend.module)))
    return false;
  LoopsOptions run;
  run.profile = flags & QUANTC_BACKEND_PROFILE;
  auto model = LoopsModel::compile(*backend.module, run);
  if (!model) {
    text += llvm::toString(model.takeError());
    return false;
  }
  backend.model = std::move(*model);
  return true;
}

quantc_backend *quantc_backend_create(const char *path, uint32_t flags, char *message,
                                      size_t room) {
  auto backend = std::make_unique<quantc_backend>();
  backend->context.printOpOnDiagnostic(false);
  backend->context.disableMultithreading();
  std::string text;
  if (compile(*backend, path, flags, text))
    return backend.release();
  tell(text, message, room);
  return nullptr;
}

void quantc_backend_destroy(quantc_backend *backend) { delete backend; }

int32_t quantc_backend_input_count(const quantc_backend *backend) {
  return static_cast<int32_t>(backend->model->inputs().size());
}
int32_t quantc_backend_output_count(const quantc_backend *backend) {
  return static_cast<int32_t>(backend->model->outputs().size());
}
const char *quantc_backend_input_name(const quantc_backend *backend, int32_t index) {
  return backend->model->inputs()[size_t(index)].name.c_str();
}
const char *quantc_backend_output_name(const quantc_backend *backend, int32_t index) {
  return backend->model->outputs()[size_t(index)].name.c_str();
}

/// An array's elements, copied: the caller's may be unaligned.
static llvm::Expected<LoopsBuffer> readArray(const quantc_array &array) {
  auto type = dtypeFromOnnxCode(array.dtype);
  if (!type || bitWidth(*type) == 0)
    return llvm::createStringError("element type " + llvm::Twine(array.dtype) +
                                   " is no type of numbers");
  std::vector<int64_t> shape(array.shape, array.shape + array.rank);
  auto count = numElements(shape);
  if (!count)
    return llvm::createStringError("shape " + shapeToString(shape) + " has no size");
  auto *data = static_cast<const uint8_t *>(array.data);
  size_t bytes = size_t(*count) * std::max(1u, elementBytes(*type));
  return LoopsBuffer{*type, std::move(shape), std::vector<uint8_t>(data, data + bytes)};
}

int32_t quantc_backend_run(quantc_backend *backend, const quantc_array *inputs, int32_t count,
                           char *message, size_t room) {
  std::vector<LoopsBuffer> feeds;
  for (int32_t i = 0; i < count; ++i) {
    auto feed = readArray(inputs[i]);
    if (!feed)
      return tell(llvm::toString(feed.takeError()), message, room), 1;
    feeds.push_back(std::move(*feed));
  }
  auto outputs = backend->model->run(feeds);
  if (!outputs)
    return tell(llvm::toString(outputs.takeError()), message, room), 1;
  backend->outputs = std::move(*outputs);
  return 0;
}

quantc_array quantc_backend_output(const quantc_backend *backend, int32_t index) {
  const LoopsBuffer &buffer = backend->outputs[size_t(index)];
  return {onnxCode(buffer.dtype), static_cast<int32_t>(buffer.shape.size()), buffer.shape.data(),
          buffer.bytes.data()};
}

int32_t quantc_backend_step_count(const quantc_backend *backend) {
  return static_cast<int32_t>(backend->model->profile().size());
}
const char *quantc_backend_step_name(const quantc_backend *backend, int32_t index) {
  return backend->model->profile()[size_t(index)].name.c_str();
}
uint64_t quantc_backend_step_time(const quantc_backend *backend, int32_t index) {
  return backend->model->profile()[size_t(index)].nanoseconds;
}
