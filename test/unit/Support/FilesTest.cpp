//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mappings and content hashes of files.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Hash.h"
#include "quantc/Support/MappedFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc;

namespace {
/// A temporary file with these contents, removed at the end.
class TemporaryFile {
public:
  explicit TemporaryFile(StringRef contents) {
    int descriptor;
    EXPECT_FALSE(sys::fs::createTemporaryFile("quantc", "bin", descriptor, path));
    raw_fd_ostream(descriptor, /*shouldClose=*/true) << contents;
    remover.setFile(path);
  }
  StringRef name() const { return path; }

private:
  SmallString<128> path;
  FileRemover remover;
};

TEST(MappedFile, MapsContents) {
  TemporaryFile file("hello");
  Expected<std::shared_ptr<const MappedFile>> mapped = MappedFile::open(file.name());
  ASSERT_TRUE(bool(mapped)) << toString(mapped.takeError());
  EXPECT_EQ((*mapped)->size(), 5u);
  EXPECT_EQ(toStringRef((*mapped)->bytes()), "hello");
}

TEST(MappedFile, EmptyFile) {
  TemporaryFile file("");
  Expected<std::shared_ptr<const MappedFile>> mapped = MappedFile::open(file.name());
  ASSERT_TRUE(bool(mapped)) << toString(mapped.takeError());
  EXPECT_EQ((*mapped)->size(), 0u);
  EXPECT_TRUE(cantFail((*mapped)->slice(0, 0)).empty());
  (*mapped)->release(0, 100);
}

TEST(MappedFile, SlicesAreChecked) {
  TemporaryFile file("hello");
  std::shared_ptr<const MappedFile> mapped = cantFail(MappedFile::open(file.name()));
  EXPECT_EQ(toStringRef(cantFail(mapped->slice(1, 4))), "ello");
  EXPECT_TRUE(cantFail(mapped->slice(5, 0)).empty());
  for (auto [offset, count] :
       {std::pair<uint64_t, uint64_t>{1, 5}, {6, 0}, {UINT64_MAX, 2}, {2, UINT64_MAX}}) {
    Expected<ArrayRef<uint8_t>> slice = mapped->slice(offset, count);
    ASSERT_FALSE(bool(slice)) << offset << " " << count;
    EXPECT_NE(toString(slice.takeError()).find("a file of 5 bytes"), std::string::npos);
  }
}

TEST(MappedFile, ImageInMemoryIsACopyThatBehavesAsAFile) {
  std::vector<uint8_t> bytes = {1, 2, 3};
  std::shared_ptr<const MappedFile> image = MappedFile::copyOf("folder/name", bytes);
  bytes[1] = 7;
  image->release(0, 3);
  EXPECT_EQ(image->path(), "folder/name");
  EXPECT_EQ(image->bytes(), ArrayRef<uint8_t>({1, 2, 3}));
  EXPECT_EQ(cantFail(image->slice(1, 2)).size(), 2u);
  EXPECT_TRUE(errorToBool(image->slice(1, 3).takeError()));
  EXPECT_EQ(MappedFile::copyOf("", {})->size(), 0u);
}

TEST(MappedFile, ReleasedBytesCanBeReadAgain) {
  TemporaryFile file(std::string(100000, 'x'));
  std::shared_ptr<const MappedFile> mapped = cantFail(MappedFile::open(file.name()));
  mapped->release(1, 99999);
  mapped->release(0, UINT64_MAX);
  for (uint8_t byte : mapped->bytes())
    ASSERT_EQ(byte, 'x');
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  Expected<std::shared_ptr<const MappedFile>> folder = MappedFile::open("/");
  ASSERT_FALSE(bool(folder));
  EXPECT_EQ(toString(folder.takeError()), "expected a regular file, but found a folder at '/'");
  Expected<std::shared_ptr<const MappedFile>> device = MappedFile::open("/dev/null");
  ASSERT_FALSE(bool(device));
  EXPECT_EQ(toString(device.takeError()),
            "expected a regular file, but found a special file at '/dev/null'");
  Expected<std::shared_ptr<const MappedFile>> missing = MappedFile::open("/no/such/file");
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(toString(missing.takeError()),
            "cannot open '/no/such/file': No such file or directory");
}

TEST(Hash, KnownValues) {
  EXPECT_EQ(sha256Hex(StringRef("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(contentHash({}), 0x2d06800538d394c2u); // XXH3_64bits of nothing
}

TEST(Hash, FileEqualsMemory) {
  std::string contents(40 << 20, 'q'); // more than one piece
  TemporaryFile file(contents);
  EXPECT_EQ(cantFail(sha256File(file.name())), sha256Hex(StringRef(contents)));
}

TEST(Hash, BuilderCountsBorders) {
  EXPECT_EQ(HashBuilder().add("ab").add("c").hex(), HashBuilder().add("ab").add("c").hex());
  EXPECT_NE(HashBuilder().add("ab").add("c").hex(), HashBuilder().add("a").add("bc").hex());
  EXPECT_NE(HashBuilder().add(uint64_t(1)).hex(), HashBuilder().add(uint64_t(2)).hex());
}
} // namespace
