//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Links an object to a shared library with lld, in process. lld keeps its state
// in globals and leaves through exit() on fatal errors; hence the lock and the
// crash recovery context, which turns such an exit into an error. All files it
// reads and writes are in a private temporary folder; the finished library is
// copied to its place in one step.
//
//===----------------------------------------------------------------------===//

#include "Blobs.h"

#include "quantc/Support/Errors.h"
#include "quantc/Support/OutputFile.h"
#include "quantc/Target/CPU/Codegen.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace quantc::cpu {

namespace {
/// A folder that only this process uses, removed at the end.
class PrivateFolder {
public:
  static Expected<PrivateFolder> create() {
    SmallString<128> path;
    if (std::error_code code = sys::fs::createUniqueDirectory("quantc-link", path))
      return makeError("cannot create a temporary folder: " + code.message());
    return PrivateFolder(path);
  }
  PrivateFolder(PrivateFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  ~PrivateFolder() {
    if (!path.empty())
      sys::fs::remove_directories(path, /*IgnoreErrors=*/true);
  }

  std::string file(StringRef name) const {
    SmallString<128> result(path);
    sys::path::append(result, name);
    return result.str().str();
  }

  Expected<std::string> write(StringRef name, StringRef content) const {
    std::string result = file(name);
    std::error_code code;
    raw_fd_ostream stream(result, code);
    if (!code) {
      stream << content;
      stream.close();
      code = stream.error();
      stream.clear_error();
    }
    if (code)
      return makeError("cannot write '" + result + "': " + code.message());
    return result;
  }

private:
  explicit PrivateFolder(StringRef path) : path(path) {}
  std::string path;
};
} // namespace

static std::string versionScript() {
  std::string text = "{ global:";
  for (StringRef name : exportedSymbols())
    text += " " + name.str() + ";";
  return text + " local: *; };\n";
}

/// Runs lld once; the error has the text that it printed.
static Error runLinker(ArrayRef<std::string> arguments) {
  static std::mutex lock;
  static bool broken = false;
  std::lock_guard<std::mutex> guard(lock);
  if (broken)
    return makeError("the linker failed before and cannot be used again in this process");
  std::vector<const char *> pointers = {"ld.lld"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string text;
  raw_string_ostream stream(text);
  const lld::DriverDef driver = {lld::Gnu, &lld::elf::link};
  CrashRecoveryContext::Enable();
  lld::Result result = lld::lldMain(pointers, stream, stream, {driver});
  CrashRecoveryContext::Disable();
  broken = !result.canRunAgain;
  if (result.retCode == 0)
    return Error::success();
  return makeError("linking failed: " + StringRef(text).trim());
}

static std::vector<std::string> linkerArguments(StringRef object, ArrayRef<std::string> libraries,
                                                StringRef script, StringRef output,
                                                StringRef soname) {
  std::vector<std::string> arguments = {"-shared",
                                        "-m",
                                        "elf_x86_64",
                                        "--hash-style=gnu",
                                        "--build-id=none",
                                        "--eh-frame-hdr",
                                        "--gc-sections",
                                        "--as-needed",
                                        "--no-undefined",
                                        "--threads=1",
                                        "--color-diagnostics=never",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "now",
                                        "-z",
                                        "noexecstack",
                                        ("-soname=" + soname).str(),
                                        ("--version-script=" + script).str(),
                                        "-o",
                                        output.str(),
                                        object.str()};
  arguments.insert(arguments.end(), libraries.begin(), libraries.end());
  return arguments;
}

/// Copies a file to its final place: a temporary beside it, then a rename.
static Error install(StringRef from, StringRef outputPath) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(from);
  if (!buffer)
    return makeError("cannot read '" + from + "': " + buffer.getError().message());
  Error error = writeWhole(outputPath, [&](raw_ostream &stream) {
    stream << (*buffer)->getBuffer();
    return Error::success();
  });
  if (error)
    return addContext("cannot write '" + outputPath + "'", std::move(error));
  // lld made its output executable within the umask; writeWhole does not.
  ErrorOr<sys::fs::perms> mode = sys::fs::getPermissions(from);
  if (!mode || !sys::fs::is_regular_file(outputPath))
    return Error::success();
  if (std::error_code code = sys::fs::setPermissions(outputPath, *mode))
    return makeError("cannot make '" + outputPath + "' executable: " + code.message());
  return Error::success();
}

Error linkSharedLibrary(ArrayRef<char> object, StringRef outputPath, StringRef soname) {
  Expected<PrivateFolder> folder = PrivateFolder::create();
  if (!folder)
    return folder.takeError();
  Expected<std::string> objectFile =
      folder->write("model.o", StringRef(object.data(), object.size()));
  if (!objectFile)
    return objectFile.takeError();
  Expected<std::string> libcFile = folder->write("libc.so.6", libcStub());
  if (!libcFile)
    return libcFile.takeError();
  Expected<std::string> libmFile = folder->write("libm.so.6", libmStub());
  if (!libmFile)
    return libmFile.takeError();
  Expected<std::string> scriptFile = folder->write("exports.map", versionScript());
  if (!scriptFile)
    return scriptFile.takeError();
  std::string output = folder->file("model.so");
  if (Error error = runLinker(
          linkerArguments(*objectFile, {*libcFile, *libmFile}, *scriptFile, output, soname)))
    return error;
  return install(output, outputPath);
}

} // namespace quantc::cpu
