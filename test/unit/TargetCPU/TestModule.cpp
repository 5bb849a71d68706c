//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See TestModule.h.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <dlfcn.h>

using namespace llvm;

namespace quantc::test {

std::unique_ptr<Module> parseIR(LLVMContext &context, StringRef text) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseAssemblyString(text, diagnostic, context);
  if (!module) {
    std::string message;
    raw_string_ostream stream(message);
    diagnostic.print("test", stream);
    ADD_FAILURE() << message;
  }
  return module;
}

StringRef stepText() {
  return R"(
define void @step(ptr %arena, ptr %io, i64 %worker, i64 %workers) {
entry:
  %x = load ptr, ptr %io
  %y.slot = getelementptr ptr, ptr %io, i64 1
  %y = load ptr, ptr %y.slot
  %z.slot = getelementptr ptr, ptr %io, i64 2
  %z = load ptr, ptr %z.slot
  br label %loop
loop:
  %i = phi i64 [ %worker, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, 16
  br i1 %more, label %body, label %exit
body:
  %x.i = getelementptr i32, ptr %x, i64 %i
  %value = load i32, ptr %x.i
  %triple = mul i32 %value, 3
  %sum = add i32 %triple, 1
  %y.i = getelementptr i32, ptr %y, i64 %i
  store i32 %sum, ptr %y.i
  %real = sitofp i32 %sum to float
  %half = fmul float %real, 0.5
  %shifted = fadd float %half, 0.25
  %z.i = getelementptr float, ptr %z, i64 %i
  store float %shifted, ptr %z.i
  %next = add i64 %i, %workers
  br label %loop
exit:
  ret void
}
)";
}

template <typename T> static std::string bytesOf(const T &data) {
  return std::string(reinterpret_cast<const char *>(data.data()), data.size() * sizeof(data[0]));
}

cpu::ModelInfo modelInfo(kernels::Level level) {
  cpu::ModelInfo info;
  info.name = "affine";
  info.version = "1.2.3";
  info.certificate = "integer-only: no\nline two";
  info.level = level;
  info.inputs = {{"x", QRT_INT32, {16}, 0.125f, -7}};
  info.outputs = {{"y", QRT_INT32, {16}}, {"z", QRT_FLOAT32, {16}}};
  info.steps = {{"step", 4, false, "MatMul_0, Add_1", "affine"}};
  info.arenaBytes = 100;
  cpu::SelfTest test;
  std::vector<int32_t> x, y;
  std::vector<float> z;
  for (int32_t i = 0; i < 16; ++i) {
    x.push_back(i * i - 40);
    y.push_back(3 * x.back() + 1);
    z.push_back(static_cast<float>(y.back()) * 0.5f + 0.25f);
  }
  test.inputs = {bytesOf(x)};
  test.outputs = {bytesOf(y), bytesOf(z)};
  info.selfTests = {test};
  return info;
}

std::string text(Error error) { return toString(std::move(error)); }

TemporaryFolder::TemporaryFolder() {
  SmallString<128> unique;
  if (sys::fs::createUniqueDirectory("quantc-test", unique))
    ADD_FAILURE() << "cannot create a temporary folder";
  path = unique.str().str();
}

TemporaryFolder::~TemporaryFolder() { sys::fs::remove_directories(path); }

std::string TemporaryFolder::file(StringRef name) const {
  SmallString<128> result(path);
  sys::path::append(result, name);
  return result.str().str();
}

Error buildLibrary(const cpu::ModelInfo &info, const std::string &path, StringRef step) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, step);
  cpu::CodegenOptions options;
  options.level = info.level;
  if (Error error = cpu::emitModelDescriptor(*module, info))
    return error;
  if (Error error = cpu::completeModule(*module, options))
    return error;
  if (Error error = cpu::optimize(*module, options))
    return error;
  Expected<SmallVector<char, 0>> object = cpu::emitObject(*module, options);
  if (!object)
    return object.takeError();
  return cpu::linkSharedLibrary(*object, path, "libaffine.so");
}

Library::Library(const std::string &path) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle)
    ADD_FAILURE() << dlerror();
}

Library::~Library() {
  if (handle)
    dlclose(handle);
}

void *Library::symbol(const char *name) const {
  void *result = dlsym(handle, name);
  if (!result)
    ADD_FAILURE() << dlerror();
  return result;
}

} // namespace quantc::test
