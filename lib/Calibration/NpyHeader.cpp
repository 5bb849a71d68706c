//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The header of a .npy file. It is the repr of a Python dictionary with exactly
// the keys descr, fortran_order and shape; a recursive-descent reader takes just
// that grammar, so nothing unforeseen is guessed at.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Npy.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace quantc;

static constexpr StringLiteral kMagic("\x93NUMPY");

namespace {
/// Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }".
class DictReader {
public:
  explicit DictReader(StringRef text) : rest(text) {}
  Error read(NpyHeader &header);

private:
  void skipSpace() { rest = rest.ltrim(" \t\r\n"); }
  bool consume(char c) {
    skipSpace();
    return rest.consume_front(StringRef(&c, 1));
  }
  Error expected(const Twine &what) const {
    std::string found =
        rest.empty() ? std::string("the end") : "'" + rest.take_front(16).str() + "'";
    return makeError("malformed .npy header: expected " + what + ", but found " + printable(found));
  }
  static std::string printable(StringRef text) {
    std::string result;
    raw_string_ostream stream(result);
    printEscapedString(text, stream);
    return result;
  }
  Expected<StringRef> readString();
  Error readEntry(StringRef key, NpyHeader &header);
  Error readType(NpyHeader &header);
  Error readShape(NpyHeader &header);

  StringRef rest;
};
} // namespace

Expected<StringRef> DictReader::readString() {
  skipSpace();
  char quote = rest.empty() ? '\0' : rest.front();
  if (quote != '\'' && quote != '"')
    return expected("a string");
  size_t end = rest.find(quote, 1);
  if (end == StringRef::npos)
    return expected("the end of a string");
  StringRef text = rest.slice(1, end);
  rest = rest.drop_front(end + 1);
  return text;
}

Error DictReader::readType(NpyHeader &header) {
  skipSpace();
  if (rest.starts_with("["))
    return makeError("expected numeric elements, but found a structured .npy type");
  Expected<StringRef> descr = readString();
  if (!descr)
    return descr.takeError();
  std::optional<DType> type = dtypeFromNumpy(*descr);
  if (!type)
    return makeError("expected little-endian numeric elements, but found .npy type '" +
                     printable(*descr) + "'");
  header.dtype = *type;
  return Error::success();
}

Error DictReader::readShape(NpyHeader &header) {
  if (!consume('('))
    return expected("a tuple");
  while (!consume(')')) {
    int64_t dim;
    if (rest.empty() || !isDigit(rest.front()) || rest.consumeInteger(10, dim))
      return expected("a dimension that fits into 64 bits");
    rest.consume_front("L"); // written by Python 2
    header.shape.push_back(dim);
    if (consume(','))
      continue;
    if (header.shape.size() == 1)
      return expected("','"); // "(3)" is no tuple
    if (!consume(')'))
      return expected("',' or ')'");
    break;
  }
  return Error::success();
}

Error DictReader::readEntry(StringRef key, NpyHeader &header) {
  if (key == "descr")
    return readType(header);
  if (key == "shape")
    return readShape(header);
  skipSpace();
  if (rest.consume_front("True"))
    header.fortranOrder = true;
  else if (!rest.consume_front("False"))
    return expected("True or False");
  return Error::success();
}

Error DictReader::read(NpyHeader &header) {
  static constexpr StringLiteral kKeys[] = {"descr", "fortran_order", "shape"};
  bool seen[3] = {};
  if (!consume('{'))
    return expected("'{'");
  while (!consume('}')) {
    Expected<StringRef> key = readString();
    if (!key)
      return key.takeError();
    const auto *known = llvm::find(kKeys, *key);
    if (known == std::end(kKeys))
      return makeError("malformed .npy header: unknown key '" + printable(*key) + "'");
    if (std::exchange(seen[known - kKeys], true))
      return makeError("malformed .npy header: key '" + *key + "' twice");
    if (!consume(':'))
      return expected("':'");
    if (Error error = readEntry(*key, header))
      return error;
    if (consume(','))
      continue;
    if (!consume('}'))
      return expected("',' or '}'");
    break;
  }
  skipSpace();
  if (!rest.empty())
    return expected("the end of the header");
  for (unsigned i = 0; i < 3; ++i)
    if (!seen[i])
      return makeError("malformed .npy header: no key '" + kKeys[i] + "'");
  return Error::success();
}

Expected<std::optional<NpyHeader>> quantc::parseNpyHeader(ArrayRef<uint8_t> prefix) {
  StringRef text(reinterpret_cast<const char *>(prefix.data()), prefix.size());
  if (!text.starts_with(kMagic.take_front(text.size())))
    return makeError("expected the magic string of a .npy file, but found other bytes");
  if (text.size() < kMagic.size() + 2)
    return std::nullopt;
  unsigned major = prefix[kMagic.size()];
  if (major < 1 || major > 3)
    return makeError("expected .npy version 1, 2 or 3, but found " + Twine(major));
  size_t start = kMagic.size() + 2 + (major == 1 ? 2 : 4);
  if (text.size() < start)
    return std::nullopt;
  const uint8_t *field = prefix.data() + kMagic.size() + 2;
  uint64_t length =
      major == 1 ? support::endian::read16le(field) : support::endian::read32le(field);
  if (length > kMaxNpyHeaderBytes)
    return makeError("expected a .npy header of at most " + Twine(kMaxNpyHeaderBytes) +
                     " bytes, but found " + Twine(length));
  if (text.size() < start + length)
    return std::nullopt;

  NpyHeader header;
  if (Error error = DictReader(text.substr(start, length)).read(header))
    return std::move(error);
  std::optional<int64_t> bytes = storageBytes(header.dtype, header.shape);
  if (!bytes || *bytes > INT64_MAX - int64_t(start + length))
    return makeError("expected a .npy shape that fits into memory, but found " +
                     dtypeName(header.dtype) + " " + shapeToString(header.shape));
  header.dataOffset = start + length;
  header.dataBytes = *bytes;
  return header;
}

Error quantc::checkNpySize(const NpyHeader &header, uint64_t totalBytes) {
  if (totalBytes == header.dataOffset + header.dataBytes)
    return Error::success();
  return makeError("expected " + Twine(header.dataOffset + header.dataBytes) + " bytes for " +
                   dtypeName(header.dtype) + " " + shapeToString(header.shape) + ", but found " +
                   Twine(totalBytes));
}

Expected<std::string> quantc::makeNpyHeader(DType type, ArrayRef<int64_t> shape) {
  StringRef descr = numpyDescr(type);
  if (descr.empty())
    return makeError("expected a type that NumPy has, but found " + dtypeName(type));
  std::string dict = ("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (").str();
  for (size_t i = 0; i < shape.size(); ++i)
    dict += std::to_string(shape[i]) + (shape.size() == 1 ? "," : i + 1 < shape.size() ? ", " : "");
  dict += "), }";

  // Spaces and a line feed end the header at a multiple of 64.
  unsigned lengthBytes = dict.size() + 64 > UINT16_MAX ? 4 : 2;
  size_t start = kMagic.size() + 2 + lengthBytes;
  size_t end = (start + dict.size() + 1 + 63) / 64 * 64;
  dict.append(end - start - dict.size() - 1, ' ');
  dict += '\n';
  std::string result = kMagic.str();
  result += lengthBytes == 4 ? '\2' : '\1';
  result += '\0';
  for (unsigned i = 0; i < lengthBytes; ++i)
    result += static_cast<char>(dict.size() >> (8 * i));
  return result + dict;
}
