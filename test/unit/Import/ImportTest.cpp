//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer as a library: elements in place, their lifetime, and options.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Export/ONNX/ExportONNX.h"
#include "quantc/Import/ONNX/ImportONNX.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/Support/FileSystem.h"
#include <fstream>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

using namespace mlir;
using namespace quantc;

namespace {

/// A folder of its own, removed at the end.
class ImportTest : public ::testing::Test {
protected:
  ImportTest() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("quantc-import", folder)); }
  ~ImportTest() override { llvm::sys::fs::remove_directories(folder); }

  std::string path(const std::string &name) { return (folder + "/" + name).str(); }

  std::string write(const std::string &name, const ::onnx::ModelProto &model) {
    std::ofstream(path(name), std::ios::binary) << model.SerializeAsString();
    return path(name);
  }

  OwningOpRef<ModuleOp> import(const std::string &file, MLIRContext &context,
                               const ImportOptions &options = {}) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      diagnostics.push_back(diagnostic.str());
      return success();
    });
    return importONNX(file, &context, options);
  }

  llvm::SmallString<128> folder;
  std::vector<std::string> diagnostics;
};

} // namespace

/// y = x + w with `count` weights 0, 1, 2, ..., whose bytes start at any offset.
static ::onnx::ModelProto addModel(int64_t count, bool typed = false) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  ::onnx::GraphProto *graph = model.mutable_graph();
  graph->set_name("graph");
  for (const char *name : {"x", "y"}) {
    ::onnx::ValueInfoProto *info = *name == 'x' ? graph->add_input() : graph->add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(1);
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_param("N");
  }
  ::onnx::TensorProto *weight = graph->add_initializer();
  weight->set_name("w");
  weight->set_data_type(1);
  weight->add_dims(count);
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    float value = static_cast<float>(i);
    if (typed)
      weight->add_float_data(value);
    else
      bytes.append(reinterpret_cast<const char *>(&value), 4);
  }
  if (!typed)
    weight->set_raw_data(bytes);
  ::onnx::NodeProto *node = graph->add_node();
  node->set_op_type("Add");
  node->add_input("x");
  node->add_input("w");
  node->add_output("y");
  return model;
}

static quantc::onnx::ConstantOp onlyConstant(ModuleOp module) {
  quantc::onnx::ConstantOp result;
  module.walk([&](quantc::onnx::ConstantOp op) { result = op; });
  return result;
}

TEST_F(ImportTest, ModelInMemoryIsReadLikeAFile) {
  std::string bytes = addModel(8).SerializeAsString();
  MLIRContext context;
  std::shared_ptr<const MappedFile> image = MappedFile::copyOf(
      "folder/m.onnx", {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()});
  OwningOpRef<ModuleOp> module = importONNX(std::move(image), &context);
  ASSERT_TRUE(module);
  EXPECT_EQ(cast<NameLoc>(module->getLoc()).getName(), "m.onnx");
  EXPECT_EQ(llvm::range_size(module->getOps<mlir::func::FuncOp>()), 1u);
}

TEST_F(ImportTest, LargeWeightsStayInTheFile) {
  for (bool typed : {false, true}) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    std::string file = write("large.onnx", addModel(10000, typed));
    OwningOpRef<ModuleOp> module = import(file, context);
    ASSERT_TRUE(module) << diagnostics[0];
    // The mapping outlives the name of the file.
    llvm::sys::fs::remove(file);
    ElementsAttr value = onlyConstant(*module).getValue();
    EXPECT_TRUE(isa<DenseResourceElementsAttr>(value));
    std::optional<std::vector<float>> floats = readFloats(value);
    ASSERT_TRUE(floats);
    ASSERT_EQ(floats->size(), 10000u);
    EXPECT_EQ((*floats)[9999], 9999.0f);
  }
}

TEST_F(ImportTest, SmallWeightsAreDense) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = import(write("small.onnx", addModel(256)), context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(isa<DenseElementsAttr>(onlyConstant(*module).getValue()));
}

TEST_F(ImportTest, ReleasingAWeightUnmapsItsFile) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  std::string file = write("mapped.onnx", addModel(10000));
  auto isMapped = [&] {
    std::ifstream maps("/proc/self/maps");
    std::string text((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
    return text.find("mapped.onnx") != std::string::npos;
  };
  OwningOpRef<ModuleOp> module = import(file, context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(isMapped());
  OwningOpRef<ModuleOp> empty(ModuleOp::create(UnknownLoc::get(&context)));
  EXPECT_EQ(releaseUnusedWeights(*empty), 40000u);
  EXPECT_FALSE(isMapped());
}

TEST_F(ImportTest, ExportsToAStream) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ::onnx::ModelProto model = addModel(1000);
  OwningOpRef<ModuleOp> module = import(write("model.onnx", model), context);
  ASSERT_TRUE(module);
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  ASSERT_TRUE(succeeded(exportONNX(*module, os)));
  ::onnx::ModelProto again;
  ASSERT_TRUE(again.ParseFromString(bytes));
  EXPECT_EQ(again.SerializeAsString(), model.SerializeAsString());
}

TEST_F(ImportTest, ExportsOverItsOwnSource) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  std::string file = write("model.onnx", addModel(10000));
  OwningOpRef<ModuleOp> module = import(file, context);
  ASSERT_TRUE(module);
  ASSERT_TRUE(succeeded(exportONNX(*module, file)));
  MLIRContext other(MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> again = import(file, other);
  ASSERT_TRUE(again);
  EXPECT_EQ((*readFloats(onlyConstant(*again).getValue()))[1234], 1234.0f);
}

TEST_F(ImportTest, NodesAreFoundByName) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ::onnx::ModelProto model = addModel(3);
  ImportOptions options;
  options.dims = {{"N", 3}};
  OwningOpRef<ModuleOp> module = import(write("model.onnx", model), context, options);
  ASSERT_TRUE(module);
  quantc::onnx::NodeOp node;
  module->walk([&](quantc::onnx::NodeOp op) { node = op; });
  EXPECT_EQ(quantc::onnx::getNodeLabel(node), "Add_0");
  EXPECT_EQ(quantc::onnx::describeNode(node), "node 'Add_0' (Add, opset 17)");
  EXPECT_TRUE(node.isOp("Add"));
  EXPECT_EQ(node.getResultName(0), "y");
  EXPECT_EQ(node.getOutputs()[0].getType(), RankedTensorType::get({3}, Float32Type::get(&context)));
  EXPECT_FALSE(node.getOptionalInput(2));
}

TEST_F(ImportTest, WarningsAreErrorsWhenStrict) {
  ::onnx::ModelProto model = addModel(3);
  model.set_ir_version(99);
  std::string file = write("new.onnx", model);
  MLIRContext context(MLIRContext::Threading::DISABLED);
  EXPECT_TRUE(import(file, context));
  ASSERT_EQ(diagnostics.size(), 1u);
  ImportOptions strict;
  strict.strict = true;
  EXPECT_FALSE(import(file, context, strict));
}
