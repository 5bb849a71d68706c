//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole shared libraries: loaded, run, looked into, compared byte by byte.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <set>
#include <sys/wait.h>
#include <thread>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;
using kernels::Level;

namespace {

std::string readFile(const std::string &path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    ADD_FAILURE() << "cannot read " << path;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

class SharedLibrary : public ::testing::Test {
protected:
  TemporaryFolder folder;
  std::string path = folder.file("libaffine.so");

  void SetUp() override { ASSERT_EQ(text(buildLibrary(modelInfo(), path)), ""); }
};

/// Runs the model of TestModule.h on given data and compares.
void expectRuns(const Library &library, int32_t threads) {
  qrt_options options = {};
  options.struct_size = sizeof options;
  options.num_threads = threads;
  qrt_context *context = nullptr;
  ASSERT_EQ(LIBRARY_CALL(library, quantc_model_create)(&options, &context), QRT_OK);
  int64_t shape[] = {16};
  std::vector<int32_t> x(16), y(16);
  std::vector<float> z(16);
  for (int32_t i = 0; i < 16; ++i)
    x[i] = 1000003 * i + threads;
  qrt_tensor input = {x.data(), QRT_INT32, 1, shape};
  qrt_tensor outputs[] = {{y.data(), QRT_INT32, 1, shape}, {z.data(), QRT_FLOAT32, 1, shape}};
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_run)(context, &input, 1, outputs, 2), QRT_OK);
  for (int32_t i = 0; i < 16; ++i) {
    EXPECT_EQ(y[i], 3 * x[i] + 1);
    EXPECT_EQ(z[i], static_cast<float>(y[i]) * 0.5f + 0.25f);
  }
  LIBRARY_CALL(library, quantc_model_destroy)(context);
}

TEST_F(SharedLibrary, RunsWithAnyNumberOfThreads) {
  Library library(path);
  ASSERT_TRUE(library);
  for (int32_t threads = 1; threads <= 5; ++threads)
    expectRuns(library, threads);
}

TEST_F(SharedLibrary, DescribesItself) {
  Library library(path);
  ASSERT_TRUE(library);
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_abi_version)(), QUANTC_MODEL_ABI_VERSION);
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_name)(), "affine");
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_version)(), "1.2.3");
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_cpu_level)(), "portable");
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_certificate)(), "integer-only: no\nline two");
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_input_count)(), 1);
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_output_count)(), 2);
  const qrt_tensor_info *x = LIBRARY_CALL(library, quantc_model_input)(0);
  EXPECT_STREQ(x->name, "x");
  EXPECT_EQ(x->dtype, QRT_INT32);
  EXPECT_EQ(x->rank, 1);
  EXPECT_EQ(x->shape[0], 16);
  EXPECT_EQ(x->scale, 0.125f);
  EXPECT_EQ(x->zero_point, -7);
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_output)(1)->name, "z");
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_arena_bytes)(nullptr, 0), 100);
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_step_name)(0), "MatMul_0, Add_1");
  EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_step_kind)(0), "affine");
}

TEST_F(SharedLibrary, TestsItself) {
  Library library(path);
  ASSERT_TRUE(library);
  char message[100];
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_self_test)(nullptr, message, sizeof message),
            QRT_OK);
  EXPECT_STREQ(message, "1 of 1 vectors passed");
}

TEST_F(SharedLibrary, SelfTestFailsOnAWrongVector) {
  cpu::ModelInfo info = modelInfo();
  info.selfTests[0].outputs[0][4] ^= 1;
  ASSERT_EQ(text(buildLibrary(info, path)), "");
  Library library(path);
  ASSERT_TRUE(library);
  char message[100];
  EXPECT_EQ(LIBRARY_CALL(library, quantc_model_self_test)(nullptr, message, sizeof message),
            QRT_SELF_TEST_FAILED);
  EXPECT_STREQ(message, "vector 0, output 'y', element 1: expected -115, but found -116");
}

TEST(SharedLibraryLevels, EachLevelRunsWhereTheMachineHasIt) {
  TemporaryFolder folder;
  for (Level level : kernels::allLevels) {
    const char *name = kernels::levelInfo(level).name;
    std::string path = folder.file(std::string(name) + ".so");
    ASSERT_EQ(text(buildLibrary(modelInfo(level), path)), "") << name;
    Library library(path);
    ASSERT_TRUE(library);
    EXPECT_STREQ(LIBRARY_CALL(library, quantc_model_cpu_level)(), name);
    if (kernels::hostSupports(level)) {
      expectRuns(library, 2);
      continue;
    }
    // The baseline code of the runtime runs anyway, and refuses.
    char message[200];
    qrt_options options = {};
    options.struct_size = sizeof options;
    options.message = message;
    options.message_size = sizeof message;
    qrt_context *context = nullptr;
    EXPECT_EQ(LIBRARY_CALL(library, quantc_model_create)(&options, &context), QRT_UNSUPPORTED_CPU);
    EXPECT_NE(std::string(message).find("but this CPU lacks"), std::string::npos) << message;
  }
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

/// What the dynamic linker sees of a library.
struct ElfFacts {
  std::set<std::string> exported, undefined, needed;
  std::string soname;
  uint64_t flags = 0, flags1 = 0;
  bool textRelocations = false, executableStack = true, relro = false, buildId = false;
};

template <typename T> T cantFailTest(Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << toString(value.takeError());
    return T();
  }
  return std::move(*value);
}

void readSymbols(const object::ELF64LEObjectFile &file, ElfFacts &facts) {
  for (const object::ELFSymbolRef symbol : file.getDynamicSymbolIterators()) {
    std::string name = cantFailTest(symbol.getName()).str();
    bool undefined = cantFailTest(symbol.getFlags()) & object::SymbolRef::SF_Undefined;
    if (!name.empty())
      (undefined ? facts.undefined : facts.exported).insert(name);
  }
}

void readDynamic(const object::ELFFile<object::ELF64LE> &file, ElfFacts &facts) {
  std::vector<std::pair<int64_t, uint64_t>> entries;
  uint64_t strings = 0;
  for (const auto &entry : cantFailTest(file.dynamicEntries())) {
    entries.push_back({entry.getTag(), entry.getVal()});
    if (entry.getTag() == ELF::DT_STRTAB)
      strings = entry.getVal();
  }
  auto stringAt = [&](uint64_t offset) {
    return std::string(
        reinterpret_cast<const char *>(cantFailTest(file.toMappedAddr(strings + offset))));
  };
  for (auto [tag, value] : entries) {
    if (tag == ELF::DT_NEEDED)
      facts.needed.insert(stringAt(value));
    else if (tag == ELF::DT_SONAME)
      facts.soname = stringAt(value);
    else if (tag == ELF::DT_FLAGS)
      facts.flags = value;
    else if (tag == ELF::DT_FLAGS_1)
      facts.flags1 = value;
    else if (tag == ELF::DT_TEXTREL)
      facts.textRelocations = true;
  }
}

ElfFacts readElf(const std::string &path) {
  ElfFacts facts;
  std::string content = readFile(path);
  auto object = object::ObjectFile::createELFObjectFile(MemoryBufferRef(content, "library"));
  if (!object) {
    ADD_FAILURE() << toString(object.takeError());
    return facts;
  }
  const auto &file = *cast<object::ELF64LEObjectFile>(object->get());
  readSymbols(file, facts);
  readDynamic(file.getELFFile(), facts);
  for (const auto &header : cantFailTest(file.getELFFile().program_headers())) {
    if (header.p_type == ELF::PT_GNU_STACK)
      facts.executableStack = header.p_flags & ELF::PF_X;
    facts.relro |= header.p_type == ELF::PT_GNU_RELRO;
  }
  for (const object::SectionRef &section : file.sections())
    facts.buildId |= cantFailTest(section.getName()) == ".note.gnu.build-id";
  return facts;
}

TEST_F(SharedLibrary, ExportsTheInterfaceAndNothingElse) {
  std::set<std::string> expected;
  for (StringRef name : cpu::exportedSymbols())
    expected.insert(name.str());
  EXPECT_EQ(readElf(path).exported, expected);
}

TEST_F(SharedLibrary, ExportsWhatTheHeaderDeclares) {
  std::string header = cpu::modelHeader(modelInfo());
  std::set<std::string> declared;
  for (size_t at = header.find("\nQUANTC_MODEL_API "); at != std::string::npos;
       at = header.find("\nQUANTC_MODEL_API ", at + 1)) {
    size_t begin = header.find("quantc_model_", at);
    declared.insert(header.substr(begin, header.find('(', begin) - begin));
  }
  std::set<std::string> exported = readElf(path).exported;
  EXPECT_EQ(declared, exported);
}

TEST_F(SharedLibrary, NeedsLibcOnly) {
  ElfFacts facts = readElf(path);
  EXPECT_EQ(facts.needed, std::set<std::string>{"libc.so.6"});
  EXPECT_TRUE(facts.undefined.count("pthread_create"));
  for (const std::string &name : facts.undefined)
    EXPECT_EQ(name.find("LLVM"), std::string::npos) << name;
}

TEST_F(SharedLibrary, IsHardened) {
  ElfFacts facts = readElf(path);
  EXPECT_EQ(facts.soname, "libaffine.so");
  EXPECT_TRUE(facts.flags & ELF::DF_BIND_NOW);
  EXPECT_TRUE(facts.flags1 & ELF::DF_1_NOW);
  EXPECT_TRUE(facts.relro);
  EXPECT_FALSE(facts.textRelocations);
  EXPECT_FALSE(facts.executableStack);
  EXPECT_FALSE(facts.buildId);
}

TEST_F(SharedLibrary, IsExecutableForItsOwner) { EXPECT_TRUE(sys::fs::can_execute(path)); }

TEST_F(SharedLibrary, TwoBuildsAreIdentical) {
  TemporaryFolder other;
  ASSERT_EQ(text(buildLibrary(modelInfo(), other.file("other.so"))), "");
  EXPECT_TRUE(readFile(path) == readFile(other.file("other.so")));
}

TEST_F(SharedLibrary, HoldsNoPathOfTheBuild) {
  std::string content = readFile(path);
  for (const char *trace : {"quantc-link", "quantc-test", "/home", "/tmp", "/work", "/usr"})
    EXPECT_EQ(content.find(trace), std::string::npos) << trace;
}

TEST_F(SharedLibrary, ConcurrentLinksAreSerialised) {
  std::string expected = readFile(path);
  std::vector<std::thread> hosts;
  std::vector<std::string> errors(4);
  for (size_t i = 0; i < errors.size(); ++i)
    hosts.emplace_back([&, i] {
      errors[i] =
          text(buildLibrary(modelInfo(), folder.file("concurrent" + std::to_string(i) + ".so")));
    });
  for (std::thread &host : hosts)
    host.join();
  for (size_t i = 0; i < errors.size(); ++i) {
    EXPECT_EQ(errors[i], "");
    EXPECT_TRUE(readFile(folder.file("concurrent" + std::to_string(i) + ".so")) == expected);
  }
}

/// The exit code of test/tools/check_no_float.py on a file.
int checkNoFloat(const std::string &path, const std::string &output) {
  std::string command = "python3 " QUANTC_SOURCE_DIR "/test/tools/check_no_float.py " + path +
                        " >" + output + " 2>&1";
  return WEXITSTATUS(std::system(command.c_str()));
}

TEST_F(SharedLibrary, FloatCodeIsInTheStepsOnly) {
  EXPECT_EQ(checkNoFloat(path, folder.file("found")), 1);
  std::string found = readFile(folder.file("found"));
  EXPECT_EQ(found.rfind("step: ", 0), 0u) << found;
  EXPECT_EQ(found.find("quantc_model"), std::string::npos) << found;
  // An integer step: no float code is left outside qrt_*, the self-test's
  // comparison of floats included.
  ASSERT_EQ(text(buildLibrary(modelInfo(), path,
                              "define void @step(ptr %a, ptr %io, i64 %w, i64 %n) {\n"
                              "  store i64 %w, ptr %a\n  ret void\n}\n")),
            "");
  EXPECT_EQ(checkNoFloat(path, folder.file("found")), 0) << readFile(folder.file("found"));
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

/// Builds the model with a step that calls a function `callee`; the error.
std::string linkCallOf(const std::string &callee, const std::string &path) {
  std::string ir = "declare void @" + callee +
                   "()\n"
                   "define void @step(ptr %arena, ptr %io, i64 %worker, i64 %workers) {\n"
                   "  call void @" +
                   callee +
                   "()\n"
                   "  ret void\n}\n";
  return text(buildLibrary(modelInfo(), path, ir));
}

TEST(SharedLibraryErrors, NamesAnUndefinedSymbol) {
  TemporaryFolder folder;
  std::string error = linkCallOf("j0f", folder.file("x.so"));
  EXPECT_NE(error.find("linking failed: "), std::string::npos) << error;
  EXPECT_NE(error.find("undefined symbol: j0f"), std::string::npos) << error;
  EXPECT_FALSE(sys::fs::exists(folder.file("x.so")));
  // The linker stays usable.
  EXPECT_EQ(linkCallOf("getpid", folder.file("x.so")), "");
}

TEST(SharedLibraryErrors, RefusesWhatIsNoObject) {
  TemporaryFolder folder;
  for (StringRef garbage : {StringRef(""), StringRef("garbage"),
                            StringRef("\x7f"
                                      "ELF\2\1\1")}) {
    std::string error = text(cpu::linkSharedLibrary(ArrayRef<char>(garbage.data(), garbage.size()),
                                                    folder.file("x.so"), "x.so"));
    EXPECT_EQ(error.rfind("linking failed: ", 0), 0u) << error;
    EXPECT_FALSE(sys::fs::exists(folder.file("x.so")));
  }
}

TEST(SharedLibraryErrors, ReportsAnImpossibleOutput) {
  TemporaryFolder folder;
  std::string path = folder.file("missing/x.so");
  std::string error = linkCallOf("getpid", path);
  EXPECT_EQ(error.rfind("cannot write '" + path + "'", 0), 0u) << error;
}

TEST(SharedLibraryErrors, LeavesNoTemporaryFiles) {
  TemporaryFolder folder;
  TemporaryFolder output;
  const char *old = std::getenv("TMPDIR");
  std::string saved = old ? old : "";
  setenv("TMPDIR", folder.str().c_str(), 1);
  EXPECT_EQ(linkCallOf("getpid", output.file("x.so")), "");
  EXPECT_NE(linkCallOf("j0f", output.file("y.so")), "");
  if (old)
    setenv("TMPDIR", saved.c_str(), 1);
  else
    unsetenv("TMPDIR");
  std::error_code code;
  EXPECT_EQ(sys::fs::directory_iterator(folder.str(), code), sys::fs::directory_iterator());
}

} // namespace
