//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finished steps in a folder; see Checkpoint.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Hash.h"
#include "quantc/Support/Json.h"
#include "quantc/Support/MappedFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace llvm;
using namespace quantc;

static constexpr size_t digits = 16;

static std::string hex16(ArrayRef<uint8_t> bytes) {
  return utohexstr(contentHash(bytes), /*LowerCase=*/true, digits);
}

static std::string inFolder(StringRef folder, const Twine &name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return path.str().str();
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

Expected<std::string> quantc::readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

Error quantc::writeText(StringRef path, StringRef text) {
  std::error_code code;
  raw_fd_ostream os(path, code);
  if (!code) {
    os << text;
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (code)
    return makeError("cannot write '" + path + "': " + code.message());
  return Error::success();
}

/// `write` fills a new file of `folder` that `name(path)` then names; none is left on failure.
static Error writeAtomically(StringRef folder, function_ref<Error(StringRef)> write,
                             function_ref<Expected<std::string>(StringRef)> name) {
  SmallString<64> unique;
  sys::fs::createUniquePath("unfinished-%%%%%%%%", unique, /*MakeAbsolute=*/false);
  const std::string temporary = inFolder(folder, unique); // whose own % are no placeholders
  int handle = -1;
  if (std::error_code code = sys::fs::openFileForWrite(temporary, handle, sys::fs::CD_CreateNew))
    return makeError("cannot write into '" + folder + "': " + code.message());
  sys::fs::file_t file = sys::fs::convertFDToNativeFile(handle);
  (void)sys::fs::closeFile(file);
  Error error = write(temporary);
  if (!error) {
    Expected<std::string> last = name(temporary);
    if (!last)
      error = last.takeError();
    else if (std::error_code code = sys::fs::rename(temporary, inFolder(folder, *last)))
      error = makeError("cannot name '" + inFolder(folder, *last) + "': " + code.message());
  }
  if (error)
    (void)sys::fs::remove(temporary);
  return error;
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

static std::string toText(const Checkpoint::Identity &identity) {
  json::Array entries;
  for (const auto &[name, value] : identity)
    entries.push_back(json::Object{{"name", json::fixUTF8(name)}, {"value", json::fixUTF8(value)}});
  json::Value run =
      json::Object{{"format", "quantc-run"}, {"version", 1}, {"depends_on", std::move(entries)}};
  return formatv("{0:2}\n", run);
}

/// Lines of `found` that `expected` lacks at their place, or "A, here B" for short values.
static std::string difference(StringRef name, StringRef there, StringRef here) {
  SmallVector<StringRef> theirs, ours;
  there.split(theirs, '\n');
  here.split(ours, '\n');
  if (theirs.size() != ours.size() || theirs.size() == 1)
    return there.size() + here.size() > 160
               ? name.str()
               : (name + " (there " + there + ", here " + here + ")").str();
  std::string text;
  for (auto [a, b] : zip_equal(theirs, ours))
    if (a != b)
      text += (Twine(text.empty() ? "" : ", ") + name + " (there " + a.trim() + ", here " +
               b.trim() + ")")
                  .str();
  return text;
}

/// What differs between the run of a folder and this one; empty: nothing.
static std::string differences(const json::Object &run, const Checkpoint::Identity &identity) {
  StringMap<std::string> there;
  if (const json::Array *entries = run.getArray("depends_on"))
    for (const json::Value &entry : *entries)
      if (const json::Object *object = entry.getAsObject())
        there[object->getString("name").value_or("")] =
            object->getString("value").value_or("").str();
  std::string text;
  auto add = [&](const std::string &part) { text += (text.empty() ? "" : ", ") + part; };
  for (const auto &[name, value] : identity) {
    auto entry = there.find(name);
    if (entry == there.end())
      add(name);
    else if (entry->second != json::fixUTF8(value))
      add(difference(name, entry->second, json::fixUTF8(value)));
    if (entry != there.end())
      there.erase(entry);
  }
  for (const auto &entry : there)
    add(entry.first().str());
  return text;
}

/// Whether the folder holds nothing that a run did not leave unfinished.
static bool isEmpty(StringRef folder) {
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code))
    if (!sys::path::filename(it->path()).starts_with("unfinished-"))
      return false;
  return true;
}

/// Checks `run.json` of a folder, or writes it.
static Error claim(StringRef folder, const Checkpoint::Identity &identity) {
  std::string path = inFolder(folder, "run.json");
  if (!sys::fs::exists(path)) {
    if (!isEmpty(folder))
      return makeError("folder '" + folder +
                       "' holds other files; expected an empty folder, or one of a run");
    return writeAtomically(
        folder, [&](StringRef temporary) { return writeText(temporary, toText(identity)); },
        [](StringRef) -> Expected<std::string> { return "run.json"; });
  }
  Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  Expected<json::Value> run = parseJSON(*text);
  const json::Object *object = run ? run->getAsObject() : nullptr;
  if (!object || object->getString("format") != StringRef("quantc-run")) {
    std::string why = run ? "" : ": " + toString(run.takeError());
    return makeError("'" + path +
                     "' does not describe a run, so that nothing tells whose steps the "
                     "folder holds; expected the file as a run left it, or an empty folder" +
                     why);
  }
  if (std::string text = differences(*object, identity); !text.empty())
    return makeError("folder '" + folder + "' holds another run; these differ: " + text);
  return Error::success();
}

/// "STEP-RUN-CONTENT" in its stem and content.
static std::optional<std::pair<StringRef, StringRef>> splitName(StringRef name) {
  auto [stem, content] = name.rsplit('-');
  if (content.size() != digits || !all_of(content, isHexDigit) || stem.size() <= digits)
    return std::nullopt;
  return std::pair(stem, content);
}

Checkpoint::~Checkpoint() { ::close(lock); }

Expected<std::unique_ptr<Checkpoint>> Checkpoint::open(StringRef folder, const Identity &identity,
                                                       Warn warn) {
  if (std::error_code code = sys::fs::create_directories(folder))
    return makeError("cannot create folder '" + folder + "': " + code.message());
  int lock = ::open(folder.str().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0)
    return makeError("cannot open folder '" + folder + "': " + errnoAsErrorCode().message());
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint(folder, lock));
  if (sys::RetryAfterSignal(-1, ::flock, lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return makeError("folder '" + folder + "' is in use by another run that has not ended");
    if (warn)
      warn(("'" + folder +
            "' cannot be locked, so that no other run may use it: " + errnoAsErrorCode().message())
               .str());
  }
  if (Error error = claim(folder, identity))
    return std::move(error);
  HashBuilder hash;
  for (const auto &[name, value] : identity)
    hash.add(name).add(value);
  checkpoint->run = hash.hex();
  checkpoint->warn = std::move(warn);
  std::error_code code;
  std::vector<std::string> unfinished;
  for (sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code)) {
    StringRef name = sys::path::filename(it->path());
    if (name.starts_with("unfinished-"))
      unfinished.push_back(it->path());
    else if (auto parts = splitName(name))
      checkpoint->files[parts->first] = parts->second.str();
  }
  if (code)
    return makeError("cannot list folder '" + folder + "': " + code.message());
  for (const std::string &path : unfinished)
    (void)sys::fs::remove(path);
  return checkpoint;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

std::string Checkpoint::stem(StringRef step) const {
  std::string text;
  for (char c : step.take_back(48))
    text += isAlnum(c) || c == '.' || c == '_' ? c : '_';
  return text + "-" + StringRef(HashBuilder().add(run).add(step).hex()).take_front(digits).str();
}

void Checkpoint::drop(StringRef stem, const std::string &why) {
  std::string path = inFolder(folder, stem + "-" + files[stem]);
  files.erase(stem);
  (void)sys::fs::remove(path);
  if (warn)
    warn("'" + path + "' " + why + "; this step is computed again");
}

std::optional<std::string> Checkpoint::find(StringRef step) {
  std::string name = stem(step);
  auto entry = files.find(name);
  if (entry == files.end())
    return std::nullopt;
  std::string path = inFolder(folder, name + "-" + entry->second);
  auto file = MappedFile::open(path);
  if (!file) {
    drop(name, "cannot be read: " + toString(file.takeError()));
    return std::nullopt;
  }
  if (hex16((*file)->bytes()) != entry->second) {
    drop(name, "is damaged");
    return std::nullopt;
  }
  return path;
}

Error Checkpoint::save(StringRef step, function_ref<Error(StringRef)> write) {
  std::string name = stem(step), content;
  Error error = writeAtomically(folder, write, [&](StringRef path) -> Expected<std::string> {
    auto file = MappedFile::open(path);
    if (!file)
      return file.takeError();
    content = hex16((*file)->bytes());
    return name + "-" + content;
  });
  if (!error)
    files[name] = content;
  return error;
}

void Checkpoint::reject(StringRef step, Error why) {
  drop(stem(step), "cannot be used: " + toString(std::move(why)));
}
