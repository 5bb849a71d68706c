//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What emitModelDescriptor refuses, and the model's C header.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "quantc/Runtime/ModelDescriptor.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <fstream>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {

/// Expects that the description is refused with this message.
void expectRefused(const cpu::ModelInfo &info, const std::string &message) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, stepText());
  EXPECT_EQ(text(cpu::emitModelDescriptor(*module, info)), "model 'affine': " + message);
  EXPECT_EQ(module->getNamedGlobal("qrt_model_descriptor"), nullptr);
}

TEST(ModelInfo, RefusesTensors) {
  cpu::ModelInfo info = modelInfo();
  info.inputs[0].dtype = 8;
  expectRefused(info, "'x': type 8 cannot be the type of an input or output");
  info = modelInfo();
  info.inputs[0].dtype = 22;
  expectRefused(info, "'x': type 22 cannot be the type of an input or output");
  info = modelInfo();
  info.outputs[1].shape.assign(9, 1);
  expectRefused(info, "'z': expected a rank of at most 8, but found 9");
  info = modelInfo();
  info.outputs[1].shape = {-1};
  expectRefused(info, "'z': expected a dynamic dimension of the 0 that the model has, but found "
                      "number 0");
  for (float scale : {-1.0f, INFINITY, NAN}) {
    info = modelInfo();
    info.inputs[0].scale = scale;
    expectRefused(info, "'x': expected a finite, non-negative scale");
  }
}

TEST(ModelInfo, RefusesArenas) {
  cpu::ModelInfo info = modelInfo();
  info.arenaBytes = -1;
  expectRefused(info, "expected a non-negative arena size, but found -1");
  for (int64_t alignment : {0, 32, 96, -64}) {
    info = modelInfo();
    info.arenaAlignment = alignment;
    expectRefused(info, "expected an arena alignment that is a power of two and at least 64, but "
                        "found " +
                            std::to_string(alignment));
  }
}

TEST(ModelInfo, RefusesSteps) {
  cpu::ModelInfo info = modelInfo();
  info.steps[0].maxWorkers = 0;
  expectRefused(info, "step 'MatMul_0, Add_1': expected at least one worker, but found 0");
  info = modelInfo();
  info.steps[0].function = "absent";
  expectRefused(info, "expected a function 'absent' of type qrt_step_fn, but found none");
  info = modelInfo();
  info.initFunction = "step";
  expectRefused(info,
                "expected a function 'step' of type qrt_init_fn, but found one of another type");
  info = modelInfo();
  info.arenaBytesFunction = "absent";
  expectRefused(info, "expected a function 'absent' of type qrt_arena_bytes_fn, but found none");
}

TEST(ModelInfo, RefusesSelfTests) {
  cpu::ModelInfo info = modelInfo();
  info.selfTests[0].outputs.pop_back();
  expectRefused(info, "self-test: expected 2 tensors, but found 1");
  info = modelInfo();
  info.selfTests[0].inputs[0].pop_back();
  expectRefused(info, "self-test of 'x': expected 64 bytes, but found 63");
  info = modelInfo();
  info.selfTests[0].dims = {1};
  expectRefused(info, "self-test: expected 0 positive dimensions");
}

TEST(ModelInfo, RefusesASecondDescriptor) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, stepText());
  EXPECT_EQ(text(cpu::emitModelDescriptor(*module, modelInfo())), "");
  EXPECT_EQ(text(cpu::emitModelDescriptor(*module, modelInfo())),
            "model 'affine': the module already has a qrt_model_descriptor");
}

TEST(ModelInfo, FeaturesFollowTheLevel) {
  using kernels::Level;
  EXPECT_EQ(cpu::requiredCpuFeatures(Level::Portable), 0u);
  EXPECT_EQ(cpu::requiredCpuFeatures(Level::V2), uint32_t(QRT_CPU_LEVEL_V2));
  EXPECT_TRUE(cpu::requiredCpuFeatures(Level::V3Vnni) & QRT_CPU_AVX_VNNI);
  EXPECT_FALSE(cpu::requiredCpuFeatures(Level::V4) & QRT_CPU_AVX512_VNNI);
  EXPECT_TRUE(cpu::requiredCpuFeatures(Level::V4Vnni) & QRT_CPU_AVX512_VNNI);
}

TEST(ModelInfo, DynamicDimensionsReachTheLibrary) {
  cpu::ModelInfo info = modelInfo();
  info.dimNames = {"batch", "length"};
  info.inputs[0].shape = {-2, 16, -1};
  info.selfTests.clear();
  TemporaryFolder folder;
  ASSERT_EQ(text(buildLibrary(info, folder.file("x.so"))), "");
  Library library(folder.file("x.so"));
  ASSERT_TRUE(library);
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_dim_count)(), 2);
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_dim_name)(1), "length");
  const qrt_tensor_info *x = LIBRARY_CALL(library, quantc_model_input)(0);
  ASSERT_EQ(x->rank, 3);
  EXPECT_EQ(x->shape[0], -2);
  EXPECT_EQ(x->shape[2], -1);
  int64_t dims[] = {3, 4};
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_arena_bytes)(dims, 2), 100);
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_arena_bytes)(nullptr, 0), -1);
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

TEST(ModelHeader, NamesTensors) {
  cpu::ModelInfo info = modelInfo();
  info.name = "2 nets/affine.onnx";
  info.dimNames = {"batch"};
  info.outputs[1].shape = {-1, 16};
  std::string header = cpu::modelHeader(info);
  for (const char *line : {
           "/* C interface of the model '2 nets/affine.onnx', written by quantc 1.2.3 for "
           "portable. "
           "*/\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUTS 1\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUT0_NAME \"x\"\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUT0_DTYPE QRT_INT32\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUT0_ELEMENTS 16\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUT0_SCALE 0.125 ",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_INPUT0_ZERO_POINT (-7)\n",
           "/* z: float32 [batch, 16] */\n",
           "#define QUANTC_MODEL_2_NETS_AFFINE_ONNX_OUTPUT1_RANK 2\n",
       })
    EXPECT_NE(header.find(line), std::string::npos) << line;
  EXPECT_EQ(header.find("OUTPUT1_ELEMENTS"), std::string::npos);
  EXPECT_EQ(header.find("OUTPUT1_SCALE"), std::string::npos);
}

/// Whether the project's C compiler accepts a file that includes the header.
bool compiles(const std::string &header, const char *language) {
  TemporaryFolder folder;
  std::ofstream(folder.file("model.h")) << header;
  std::ofstream(folder.file("use.c")) << "#include \"model.h\"\n#include \"model.h\"\n";
  std::string command = std::string(QUANTC_C_COMPILER) + " -x " + language +
                        " -pedantic -Wall -Wextra -Werror -fsyntax-only " + folder.file("use.c") +
                        " 2>" + folder.file("messages");
  return std::system(command.c_str()) == 0;
}

TEST(ModelHeader, IsStrictC99AndCxx11) {
  cpu::ModelInfo info = modelInfo();
  info.name = "a\"*/ ?"
              "?/ \\ \n\xc3\xa4";
  info.inputs[0].name = "x\"*/\n\\1?";
  EXPECT_NE(cpu::modelHeader(info).find("_NAME \"x\\042*/\\012\\1341\\077\"\n"), std::string::npos);
  EXPECT_TRUE(compiles(cpu::modelHeader(info), "c -std=c99"));
  EXPECT_TRUE(compiles(cpu::modelHeader(info), "c++ -std=c++11"));
  EXPECT_FALSE(compiles(cpu::modelHeader(info) + "\nint x = ;", "c -std=c99"));
}

} // namespace
