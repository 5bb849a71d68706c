//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The text form of number formats: element, then granularity, zero points, scale type and mode,
// separated by colons; or a name that stands for all of them.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/NumberFormat.h"

#include <charconv>
#include <system_error>

namespace quantc::numerics {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

namespace {
struct Preset {
  std::string_view name;
  NumberFormat format;
  bool canonical; ///< the printer uses this name
};
template <typename T> struct Name {
  std::string_view name;
  T value;
};
} // namespace

static NumberFormat blockFormat(size_t group, ScaleType scale) {
  NumberFormat format;
  format.granularity = Granularity::Group;
  format.groupSize = group;
  format.scale = scale;
  return format;
}

static NumberFormat blocksOf(const MinifloatFormat &minifloat, size_t group, ScaleType scale) {
  NumberFormat format = blockFormat(group, scale);
  format.element = ElementKind::Minifloat;
  format.minifloat = minifloat;
  return format;
}

static NumberFormat blocksOf(int bits, int fractionBits, size_t group, ScaleType scale) {
  NumberFormat format = blockFormat(group, scale);
  format.integerBits = bits;
  format.fractionBits = fractionBits;
  return format;
}

static const std::vector<Preset> &presets() {
  // OCP MX 1.0: 32 elements, E8M0; NVFP4: 16 elements, E4M3 and f32.
  static const std::vector<Preset> all = {
      {"mxfp8-e4m3", blocksOf(kF8E4M3FN, 32, ScaleType::E8M0), true},
      {"mxfp8-e5m2", blocksOf(kF8E5M2, 32, ScaleType::E8M0), true},
      {"mxfp6-e2m3", blocksOf(kF6E2M3, 32, ScaleType::E8M0), true},
      {"mxfp6-e3m2", blocksOf(kF6E3M2, 32, ScaleType::E8M0), true},
      {"mxfp4", blocksOf(kF4E2M1, 32, ScaleType::E8M0), true},
      {"mxint8", blocksOf(8, 6, 32, ScaleType::E8M0), true},
      {"mxint4", blocksOf(4, 2, 32, ScaleType::E8M0), true},
      {"nvfp4", blocksOf(kF4E2M1, 16, ScaleType::E4M3), true},
      {"nvint4", blocksOf(4, 0, 16, ScaleType::E4M3), true},
      {"mxfp8", blocksOf(kF8E4M3FN, 32, ScaleType::E8M0), false},
      {"mxfp6", blocksOf(kF6E2M3, 32, ScaleType::E8M0), false},
  };
  return all;
}

static constexpr Name<ScaleType> scaleTypes[] = {
    {"f32", ScaleType::F32},      {"f16", ScaleType::F16},   {"bf16", ScaleType::BF16},
    {"e8m0", ScaleType::E8M0},    {"e4m3", ScaleType::E4M3}, {"ue5m3", ScaleType::UE5M3},
    {"double", ScaleType::Double}};
static constexpr Name<ScaleMode> scaleModes[] = {{"floor", ScaleMode::Floor},
                                                 {"ceil", ScaleMode::Ceil},
                                                 {"even", ScaleMode::Even},
                                                 {"rceil", ScaleMode::RoundedCeil}};
static constexpr Name<Specials> specialsNames[] = {{"", Specials::None},
                                                   {"fn", Specials::NanOnly},
                                                   {"fnuz", Specials::NanIsMinus0},
                                                   {"ieee", Specials::Ieee}};

template <typename T, size_t N>
static std::optional<T> valueOf(const Name<T> (&names)[N], std::string_view name) {
  for (const Name<T> &entry : names)
    if (entry.name == name)
      return entry.value;
  return std::nullopt;
}

template <typename T, size_t N> static std::string nameOf(const Name<T> (&names)[N], T value) {
  for (const Name<T> &entry : names)
    if (entry.value == value)
      return std::string(entry.name);
  return "";
}

/// The bias that a minifloat has when its text gives none: 2^(E-1) - 1, one more where NaN is -0.
static int defaultBias(int exponentBits, Specials specials) {
  int half = exponentBits == 0 ? 0 : (1 << (exponentBits - 1)) - 1;
  return half + (specials == Specials::NanIsMinus0 ? 1 : 0);
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

static bool consume(std::string_view &text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix)
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// A number at the start of `text`, which is removed.
template <typename T> static std::optional<T> consumeNumber(std::string_view &text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc())
    return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

/// All of `text` as a number.
template <typename T> static std::optional<T> wholeNumber(std::string_view text) {
  std::optional<T> value = consumeNumber<T>(text);
  return text.empty() ? value : std::nullopt;
}

/// The text between "name<" and ">", when `text` is all of that.
static std::optional<std::string_view> argumentOf(std::string_view text, std::string_view name) {
  if (!consume(text, name) || !consume(text, "<") || text.empty() || text.back() != '>')
    return std::nullopt;
  text.remove_suffix(1);
  return text;
}

/// "e2m1", "e4m3fn", "e4m3b11fnuz", "ue5m3fn".
static std::optional<MinifloatFormat> parseMinifloat(std::string_view text) {
  MinifloatFormat format{};
  format.isSigned = !consume(text, "u");
  if (!consume(text, "e"))
    return std::nullopt;
  std::optional<int> exponent = consumeNumber<int>(text);
  if (!exponent || *exponent < 0 || *exponent > 8 || !consume(text, "m"))
    return std::nullopt;
  std::optional<int> mantissa = consumeNumber<int>(text);
  if (!mantissa || *mantissa < 0 || *mantissa > 10)
    return std::nullopt;
  std::optional<int> bias;
  if (consume(text, "b")) {
    bias = consumeNumber<int>(text);
    if (!bias)
      return std::nullopt;
  }
  std::optional<Specials> specials = valueOf(specialsNames, text);
  if (!specials)
    return std::nullopt;
  format.exponentBits = *exponent;
  format.mantissaBits = *mantissa;
  format.specials = *specials;
  format.bias = bias ? *bias : defaultBias(*exponent, *specials);
  return format;
}

/// "-1,0,1" or, with several tables, "-1,0,1;-1,0,2".
static std::optional<CodebookFamily> parseTables(std::string_view text) {
  CodebookFamily family;
  family.tables.emplace_back();
  while (true) {
    std::optional<float> value = consumeNumber<float>(text);
    if (!value)
      return std::nullopt;
    family.tables.back().push_back(*value);
    if (text.empty())
      return family;
    if (consume(text, ";"))
      family.tables.emplace_back();
    else if (!consume(text, ","))
      return std::nullopt;
  }
}

namespace {
class Parser {
public:
  ParsedNumberFormat run(std::string_view text) {
    std::vector<std::string_view> parts;
    for (size_t colon; (colon = text.find(':')) != std::string_view::npos;) {
      parts.push_back(text.substr(0, colon));
      text.remove_prefix(colon + 1);
    }
    parts.push_back(text);
    bool known = parseElement(parts.front());
    if (!known)
      fault("expected an element such as int4, uint4, fixed<8,6>, fp<e2m1>, bfp<4>, nf4, "
            "codebook<-1,0,1>, mxfp4 or nvfp4, but found '" +
            std::string(parts.front()) + "'");
    for (size_t i = 1; i < parts.size(); ++i)
      parseProperty(parts[i]);
    if (mode && format.scale != ScaleType::E8M0)
      fault("expected a scale of type e8m0 beside '" + nameOf(scaleModes, format.scaleMode) +
            "', but found " + nameOf(scaleTypes, format.scale));
    if (zero && format.element != ElementKind::Integer)
      fault("expected no word on zero points for this element, but found one");
    for (const std::string &each : known ? numberFormatFaults(format) : std::vector<std::string>())
      fault(each);
    ParsedNumberFormat result;
    if (faults.empty())
      result.format = format;
    result.faults = std::move(faults);
    return result;
  }

private:
  NumberFormat format;
  std::vector<std::string> faults;
  bool granularity = false, zero = false, scale = false, mode = false;

  void fault(const std::string &message) { faults.push_back(message); }

  void once(bool &seen, const char *what, std::string_view text) {
    if (seen)
      fault(std::string("expected one ") + what + ", but found '" + std::string(text) +
            "' beside another");
    seen = true;
  }

  bool parseInteger(std::string_view text) {
    format.isSigned = !consume(text, "u");
    std::optional<int> bits;
    if (consume(text, "int"))
      bits = wholeNumber<int>(text);
    if (!bits)
      return false;
    format.integerBits = *bits;
    return true;
  }

  bool parseFixed(std::string_view argument) {
    std::optional<int> bits = consumeNumber<int>(argument);
    if (!bits || !consume(argument, ","))
      return false;
    std::optional<int> fraction = wholeNumber<int>(argument);
    if (!fraction)
      return false;
    format.integerBits = *bits;
    format.fractionBits = *fraction;
    return true;
  }

  bool parseElement(std::string_view text) {
    for (const Preset &preset : presets())
      if (preset.name == text) {
        format = preset.format;
        return true;
      }
    if (const CodebookFamily *family = findCodebook(text)) {
      format.element = ElementKind::Codebook;
      format.codebook = *family;
      return true;
    }
    if (std::optional<std::string_view> argument = argumentOf(text, "fixed"))
      return parseFixed(*argument);
    if (std::optional<std::string_view> argument = argumentOf(text, "bfp")) {
      std::optional<int> bits = wholeNumber<int>(*argument);
      if (bits)
        format = blocksOf(*bits, 0, 16, ScaleType::E8M0);
      return bits.has_value();
    }
    if (std::optional<std::string_view> argument = argumentOf(text, "fp")) {
      std::optional<MinifloatFormat> minifloat = parseMinifloat(*argument);
      format.element = ElementKind::Minifloat;
      if (minifloat)
        format.minifloat = *minifloat;
      return minifloat.has_value();
    }
    if (std::optional<std::string_view> argument = argumentOf(text, "codebook")) {
      std::optional<CodebookFamily> family = parseTables(*argument);
      format.element = ElementKind::Codebook;
      if (family)
        format.codebook = *family;
      return family.has_value();
    }
    return parseInteger(text);
  }

  void setZero(std::string_view text, ZeroPointKind kind, bool narrow) {
    once(zero, "word on zero points", text);
    format.zeroPoint = kind;
    format.narrow = narrow;
  }

  bool parseGranularity(std::string_view text) {
    std::string_view rest = text;
    if (text == "tensor" || text == "channel") {
      once(granularity, "granularity", text);
      format.granularity = text == "tensor" ? Granularity::Tensor : Granularity::Channel;
      return true;
    }
    if (!consume(rest, "g") && !consume(rest, "b"))
      return false;
    std::optional<size_t> size = wholeNumber<size_t>(rest);
    if (!size)
      return false;
    once(granularity, "granularity", text);
    format.granularity = Granularity::Group;
    format.groupSize = *size;
    return true;
  }

  void parseProperty(std::string_view text) {
    if (parseGranularity(text))
      return;
    if (std::optional<ScaleType> type = valueOf(scaleTypes, text)) {
      once(scale, "scale type", text);
      format.scale = *type;
    } else if (std::optional<ScaleMode> how = valueOf(scaleModes, text)) {
      once(mode, "scale mode", text);
      format.scaleMode = *how;
    } else if (text == "sym" || text == "full") {
      setZero(text, ZeroPointKind::None, text == "sym");
    } else if (text == "asym") {
      setZero(text, ZeroPointKind::Integer, true);
    } else if (text == "asym-float") {
      setZero(text, ZeroPointKind::Float, true);
    } else {
      fault("expected tensor, channel or g<size>; sym, full, asym or asym-float; f32, f16, bf16, "
            "e8m0, e4m3, ue5m3 or double; floor, ceil, even or rceil; but found '" +
            std::string(text) + "'");
    }
  }
};
} // namespace

ParsedNumberFormat parseNumberFormat(std::string_view text) { return Parser().run(text); }

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static std::string printMinifloat(const MinifloatFormat &format) {
  std::string text = format.isSigned ? "e" : "ue";
  text += std::to_string(format.exponentBits) + "m" + std::to_string(format.mantissaBits);
  if (format.bias != defaultBias(format.exponentBits, format.specials))
    text += "b" + std::to_string(format.bias);
  return "fp<" + text + nameOf(specialsNames, format.specials) + ">";
}

static std::string printCodebook(const CodebookFamily &family) {
  for (std::string_view name : codebookNames())
    if (*findCodebook(name) == family)
      return std::string(name);
  std::string text = "codebook<";
  for (size_t t = 0; t < family.tables.size(); ++t)
    for (size_t i = 0; i < family.tables[t].size(); ++i) {
      if (i != 0 || t != 0)
        text += i == 0 ? ";" : ",";
      char digits[32]; // the shortest decimal that reads back to the same float32
      auto result = std::to_chars(digits, digits + sizeof digits, family.tables[t][i]);
      text.append(digits, result.ptr);
    }
  return text + ">";
}

static std::string printElement(const NumberFormat &format) {
  switch (format.element) {
  case ElementKind::Integer:
    if (format.fractionBits != 0)
      return "fixed<" + std::to_string(format.integerBits) + "," +
             std::to_string(format.fractionBits) + ">";
    return (format.isSigned ? "int" : "uint") + std::to_string(format.integerBits);
  case ElementKind::Minifloat:
    return printMinifloat(format.minifloat);
  case ElementKind::Codebook:
    return printCodebook(format.codebook);
  }
  return "";
}

static std::string printGranularity(const NumberFormat &format) {
  switch (format.granularity) {
  case Granularity::Tensor:
    return ":tensor";
  case Granularity::Channel:
    return ":channel";
  case Granularity::Group:
    return ":g" + std::to_string(format.groupSize);
  }
  return "";
}

static std::string printZeroPoint(const NumberFormat &format) {
  if (format.element != ElementKind::Integer)
    return "";
  switch (format.zeroPoint) {
  case ZeroPointKind::None:
    return format.narrow ? ":sym" : ":full";
  case ZeroPointKind::Integer:
    return ":asym";
  case ZeroPointKind::Float:
    return ":asym-float";
  }
  return "";
}

std::string printNumberFormat(const NumberFormat &format) {
  std::string mode;
  if (format.scale == ScaleType::E8M0 && format.scaleMode != ScaleMode::Floor)
    mode = ":" + nameOf(scaleModes, format.scaleMode);
  NumberFormat floor = format;
  floor.scaleMode = ScaleMode::Floor;
  for (const Preset &preset : presets())
    if (preset.canonical && preset.format == floor)
      return std::string(preset.name) + mode;
  if (floor == blocksOf(format.integerBits, 0, format.groupSize, ScaleType::E8M0))
    return "bfp<" + std::to_string(format.integerBits) + ">" + printGranularity(format) + mode;
  return printElement(format) + printGranularity(format) + printZeroPoint(format) + ":" +
         nameOf(scaleTypes, format.scale) + mode;
}

} // namespace quantc::numerics
