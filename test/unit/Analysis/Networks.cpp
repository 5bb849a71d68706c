//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Networks.h.
//
//===----------------------------------------------------------------------===//

#include "Networks.h"
#include "llvm/ADT/ArrayRef.h"
#include <cmath>
#include <cstring>
#include <random>
#include <sstream>

namespace quantc::test {
namespace {

using Sizes = std::vector<int64_t>;

std::string typeOf(const Sizes &shape, const std::string &element = "f32") {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

int64_t countOf(const Sizes &shape) {
  int64_t n = 1;
  for (int64_t size : shape)
    n *= size;
  return n;
}

std::string array(const Sizes &values) {
  std::string text = "array<i64";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(values[i]);
  return text + ">";
}

struct Value {
  std::string name;
  Sizes shape;
  std::string type() const { return typeOf(shape); }
};

/// Writes ops one after the other.
class Writer {
public:
  explicit Writer(unsigned seed) : rng(seed) {}

  Value constant(const Sizes &shape, const std::vector<float> &values) {
    std::ostringstream hex;
    hex << std::hex << std::uppercase;
    for (float v : values) {
      unsigned char bytes[4];
      std::memcpy(bytes, &v, 4);
      for (unsigned char byte : bytes)
        hex << "0123456789ABCDEF"[byte >> 4] << "0123456789ABCDEF"[byte & 15];
    }
    Value result{next(), shape};
    body << result.name << " = nn.constant dense<\"0x" << hex.str() << "\"> : " << result.type()
         << "\n";
    return result;
  }
  Value normal(const Sizes &shape, double deviation) {
    std::normal_distribution<float> value(0.0f, static_cast<float>(deviation));
    std::vector<float> values(countOf(shape));
    for (float &v : values)
      v = value(rng);
    return constant(shape, values);
  }
  Value uniform(const Sizes &shape, float low, float high) {
    std::uniform_real_distribution<float> value(low, high);
    std::vector<float> values(countOf(shape));
    for (float &v : values)
      v = value(rng);
    return constant(shape, values);
  }
  /// A matrix whose rows are written into a stream: columns 3, 17 and 40 are 50 times larger.
  Value withOutliers(const Sizes &shape) {
    std::normal_distribution<float> value;
    std::vector<float> values(countOf(shape));
    for (size_t i = 0; i < values.size(); ++i) {
      int64_t channel = i % shape.back();
      values[i] = value(rng) * (channel == 3 || channel == 17 || channel == 40 ? 50.0f : 1.0f);
    }
    return constant(shape, values);
  }

  /// op %operands attributes : (types) -> type loc("at").
  Value op(const std::string &name, const std::vector<Value> &operands, const Sizes &shape,
           const std::string &attributes = "", const std::string &at = "") {
    Value result{next(), shape};
    std::string names, types;
    for (const Value &operand : operands) {
      names += (names.empty() ? "" : ", ") + operand.name;
      types += (types.empty() ? "" : ", ") + operand.type();
    }
    body << result.name << " = nn." << name << " " << names << " {" << attributes << "} : ("
         << types << ") -> " << result.type() << place(at) << "\n";
    return result;
  }
  Value unary(const std::string &name, const Value &x, const std::string &attributes = "") {
    Value result{next(), x.shape};
    body << result.name << " = nn." << name << " " << x.name << " {" << attributes
         << "} : " << x.type() << place(name) << "\n";
    return result;
  }
  Value linear(const Value &x, int64_t outputs, bool bias, const std::string &at) {
    int64_t inputs = x.shape.back();
    return linear(x, normal({outputs, inputs}, 1 / std::sqrt(double(inputs))), bias, at);
  }
  Value linear(const Value &x, const Value &weight, bool bias, const std::string &at) {
    Sizes shape = x.shape;
    shape.back() = weight.shape[0];
    std::vector<Value> operands = {x, weight};
    if (bias)
      operands.push_back(normal({weight.shape[0]}, 0.5));
    return op("linear", operands, shape, "", at);
  }
  Value rmsNorm(const Value &x, bool gain, const std::string &at) {
    std::vector<Value> operands = {x};
    if (gain)
      operands.push_back(uniform({x.shape.back()}, 0.5f, 2.0f));
    return op("rms_norm", operands, x.shape, "epsilon = 1.0e-5 : f32", at);
  }
  Value layerNorm(const Value &x, const std::string &at) {
    Value gain = uniform({x.shape.back()}, 0.5f, 2.0f), bias = normal({x.shape.back()}, 0.5);
    return op("layer_norm", {x, gain, bias}, x.shape,
              "epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 1>", at);
  }
  Value add(const Value &x, const Value &y, const std::string &at) {
    return op("add", {x, y}, x.shape, "", at);
  }
  Value mul(const Value &x, const Value &y, const std::string &at) {
    return op("mul", {x, y}, x.shape, "", at);
  }
  /// [1, tokens, n * 8] as [1, n, tokens, 8].
  Value split(const Value &x, int64_t n, const std::string &at) {
    Value apart = op("reshape", {x}, {1, x.shape[1], n, headSize});
    return op("transpose", {apart}, {1, n, x.shape[1], headSize},
              "permutation = array<i64: 0, 2, 1, 3>", at);
  }
  Value rotary(const Value &x, const Value &cosine, const Value &sine) {
    Sizes half = x.shape;
    half.back() /= 2;
    Value low = op("slice", {x}, half, "offsets = array<i64: 0, 0, 0, 0>", "rope");
    Value high = op("slice", {x}, half,
                    "offsets = array<i64: 0, 0, 0, " + std::to_string(headSize / 2) + ">", "rope");
    Value turned = op("concat", {unary("neg", high), low}, x.shape, "axis = 3 : i64", "rope");
    return add(mul(x, cosine, "rope"), mul(turned, sine, "rope"), "rope");
  }
  /// Softmax of q k^T times v, heads joined.
  Value attend(const Value &q, const Value &k, const Value &v) {
    int64_t tokens = q.shape[2];
    Value turned =
        op("transpose", {k}, {1, heads, headSize, tokens}, "permutation = array<i64: 0, 1, 3, 2>");
    Sizes square = {1, heads, tokens, tokens};
    Value scores = op("matmul", {q, turned}, square, "", "scores");
    scores = mul(scores, constant({}, {1 / std::sqrt(float(headSize))}), "divisor");
    std::vector<float> mask(tokens * tokens, 0.0f);
    for (int64_t i = 0; i < tokens; ++i)
      for (int64_t j = i + 1; j < tokens; ++j)
        mask[i * tokens + j] = -1.0e4f;
    scores = add(scores, constant({tokens, tokens}, mask), "mask");
    Value rows = unary("softmax", scores, "axis = 3 : i64");
    Value mixed = op("matmul", {rows, v}, q.shape, "", "mixed");
    Value joined = op("transpose", {mixed}, {1, tokens, heads, headSize},
                      "permutation = array<i64: 0, 2, 1, 3>");
    return op("reshape", {joined}, {1, tokens, width}, "", "joined");
  }

  std::mt19937 rng;
  std::ostringstream body;

  std::string module(const std::string &arguments, const Value &result) {
    return "func.func @main(" + arguments + ") -> " + result.type() + " {\n" + body.str() +
           "return " + result.name + " : " + result.type() + "\n}\n";
  }
  std::string next() { return "%v" + std::to_string(count++); }
  static std::string place(const std::string &at) {
    return at.empty() ? "" : " loc(\"" + at + "\")";
  }

private:
  int count = 0;
};

HostTensor tokensOf(Writer &writer, int64_t tokens) {
  std::vector<int64_t> ids(tokens);
  for (int64_t &id : ids)
    id = std::uniform_int_distribution<int64_t>(0, tokenKinds - 1)(writer.rng);
  return HostTensor::from<int64_t>({1, tokens}, llvm::ArrayRef(ids));
}

HostTensor floatsOf(Writer &writer, const Sizes &shape) {
  std::normal_distribution<float> value;
  std::vector<float> values(countOf(shape));
  for (float &v : values)
    v = value(writer.rng);
  return HostTensor::from<float>(shape, llvm::ArrayRef(values));
}

/// The table's rows of the argument %tokens.
Value lookup(Writer &writer, const Value &table, int64_t tokens) {
  Value result{writer.next(), {1, tokens, width}};
  writer.body << result.name << " = nn.embedding " << table.name << ", %tokens : (" << table.type()
              << ", " << typeOf({1, tokens}, "si64") << ") -> " << result.type()
              << Writer::place("stream") << "\n";
  return result;
}

/// A path through each of two layers: values, output, and the two maps behind; then the last map.
double rootsOf(int64_t inner) {
  return 2 * (3 * std::sqrt(double(width)) + std::sqrt(double(inner))) + std::sqrt(double(width));
}

} // namespace

Network llamaLike(int64_t tokens, bool gains, bool tied) {
  Writer w(100 + tokens);
  std::vector<float> cosines, sines;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < headSize; ++i) {
      double angle = t * std::pow(100.0, -double(i % (headSize / 2)) / (headSize / 2));
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  Value cosine = w.constant({tokens, headSize}, cosines);
  Value sine = w.constant({tokens, headSize}, sines);
  auto shared = [&](const Value &x) {
    Value column = w.op("reshape", {x}, {1, sharedHeads, 1, tokens, headSize});
    Value copies =
        w.op("expand", {column}, {1, sharedHeads, heads / sharedHeads, tokens, headSize});
    return w.op("reshape", {copies}, {1, heads, tokens, headSize});
  };
  Value table = w.withOutliers({tokenKinds, width});
  Value stream = lookup(w, table, tokens);
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value normal = w.rmsNorm(stream, gains, "attention_norm" + at);
    Value q = w.split(w.linear(normal, width, false, "q" + at), heads, "");
    Value k = w.split(w.linear(normal, sharedHeads * headSize, false, "k" + at), sharedHeads, "");
    Value v = w.split(w.linear(normal, sharedHeads * headSize, false, "v" + at), sharedHeads,
                      "values" + at);
    q = w.rotary(q, cosine, sine);
    k = w.rotary(k, cosine, sine);
    Value mixed = w.attend(q, shared(k), shared(v));
    stream = w.add(stream, w.linear(mixed, width, false, "o" + at), "residual");
    normal = w.rmsNorm(stream, gains, "mlp_norm" + at);
    Value gate = w.linear(normal, hidden, false, "gate" + at);
    Value up = w.linear(normal, hidden, false, "up" + at);
    Value act = w.mul(gate, w.unary("sigmoid", gate), "silu");
    Value down = w.linear(w.mul(act, up, "gated" + at), width, false, "down" + at);
    stream = w.add(stream, down, "residual");
  }
  Value last = w.rmsNorm(stream, gains, "last_norm");
  Value logits =
      tied ? w.linear(last, table, false, "head") : w.linear(last, tokenKinds, false, "head");
  HostTensor input = tokensOf(w, tokens);
  return {w.module("%tokens: " + typeOf({1, tokens}, "si64"), logits),
          {input},
          rootsOf(hidden),
          9,
          tokens > 1};
}

Network bertLike(int64_t tokens) {
  Writer w(200 + tokens);
  Value x{"%x", {1, tokens, 8}};
  Value stream = w.linear(x, width, true, "stream");
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value q = w.split(w.linear(stream, width, true, "q" + at), heads, "queries" + at);
    Value k = w.split(w.linear(stream, width, true, "k" + at), heads, "");
    Value v = w.split(w.linear(stream, width, true, "v" + at), heads, "values" + at);
    Value mixed = w.attend(q, k, v);
    stream = w.add(stream, w.linear(mixed, width, true, "o" + at), "residual");
    stream = w.layerNorm(stream, "attention_norm" + at);
    Value inner = w.unary("gelu", w.linear(stream, hidden, true, "fc" + at));
    stream = w.add(stream, w.linear(inner, width, true, "down" + at), "residual");
    stream = w.layerNorm(stream, "mlp_norm" + at);
  }
  Value logits = w.linear(stream, 5, true, "head");
  HostTensor input = floatsOf(w, x.shape);
  return {w.module("%x: " + x.type(), logits),
          {input},
          rootsOf(hidden) + std::sqrt(8.0),
          10,
          tokens > 1};
}

Network optLike(int64_t tokens) {
  Writer w(300 + tokens);
  Value stream = lookup(w, w.withOutliers({tokenKinds, width}), tokens);
  stream = w.add(stream, w.normal({tokens, width}, 1.0), "positions");
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value normal = w.layerNorm(stream, "attention_norm" + at);
    Value q = w.split(w.linear(normal, width, true, "q" + at), heads, "queries" + at);
    Value k = w.split(w.linear(normal, width, true, "k" + at), heads, "");
    Value v = w.split(w.linear(normal, width, true, "v" + at), heads, "values" + at);
    stream = w.add(stream, w.linear(w.attend(q, k, v), width, true, "o" + at), "residual");
    normal = w.layerNorm(stream, "mlp_norm" + at);
    Value inner = w.unary("relu", w.linear(normal, hidden, true, "fc" + at));
    stream = w.add(stream, w.linear(inner, width, true, "down" + at), "residual");
  }
  Value logits = w.linear(w.layerNorm(stream, "last_norm"), tokenKinds, true, "head");
  HostTensor input = tokensOf(w, tokens);
  return {w.module("%tokens: " + typeOf({1, tokens}, "si64"), logits),
          {input},
          rootsOf(hidden),
          9,
          tokens > 1};
}

Network gemmaLike(int64_t tokens, bool gains, bool postGains) {
  Writer w(600 + tokens);
  Value stream = lookup(w, w.withOutliers({tokenKinds, width}), tokens);
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value normal = w.rmsNorm(stream, gains, "attention_norm" + at);
    Value q = w.split(w.linear(normal, width, false, "q" + at), heads, "");
    Value k = w.split(w.linear(normal, width, false, "k" + at), heads, "");
    Value v = w.split(w.linear(normal, width, false, "v" + at), heads, "values" + at);
    q = w.rmsNorm(q, gains, "q_norm" + at);
    k = w.rmsNorm(k, gains, "k_norm" + at);
    Value mixed = w.linear(w.attend(q, k, v), width, false, "o" + at);
    stream = w.add(stream, w.rmsNorm(mixed, postGains, "attention_post" + at), "residual");
    normal = w.rmsNorm(stream, gains, "mlp_norm" + at);
    Value inner = w.unary("gelu", w.linear(normal, hidden, false, "fc" + at));
    Value down = w.linear(inner, width, false, "down" + at);
    stream = w.add(stream, w.rmsNorm(down, postGains, "mlp_post" + at), "residual");
  }
  Value logits = w.linear(w.rmsNorm(stream, gains, "last_norm"), tokenKinds, false, "head");
  HostTensor input = tokensOf(w, tokens);
  return {w.module("%tokens: " + typeOf({1, tokens}, "si64"), logits),
          {input},
          rootsOf(hidden),
          9,
          tokens > 1};
}

/// A path through each of two layers of which the maps stand side by side: two maps of each.
static double rootsOfTwoMaps() {
  return 2 * (std::sqrt(double(width)) + std::sqrt(double(hidden))) + std::sqrt(double(width));
}

Network parallelLike(int64_t tokens) {
  Writer w(700 + tokens);
  Value stream = lookup(w, w.withOutliers({tokenKinds, width}), tokens);
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value normal = w.layerNorm(stream, "norm" + at);
    Value q = w.split(w.linear(normal, width, true, "q" + at), heads, "");
    Value k = w.split(w.linear(normal, width, true, "k" + at), heads, "");
    Value v = w.split(w.linear(normal, width, true, "v" + at), heads, "values" + at);
    Value mixed = w.linear(w.attend(q, k, v), width, true, "o" + at);
    Value inner = w.unary("relu", w.linear(normal, hidden, true, "fc" + at));
    Value down = w.linear(inner, width, true, "down" + at);
    stream = w.add(w.add(stream, mixed, "residual"), down, "residual");
  }
  Value logits = w.linear(w.layerNorm(stream, "last_norm"), tokenKinds, true, "head");
  HostTensor input = tokensOf(w, tokens);
  return {w.module("%tokens: " + typeOf({1, tokens}, "si64"), logits),
          {input},
          rootsOfTwoMaps(),
          5,
          tokens > 1};
}

Network mixtureLike(int64_t tokens, bool gains) {
  Writer w(800 + tokens);
  Value stream = lookup(w, w.withOutliers({tokenKinds, width}), tokens);
  for (int layer = 0; layer < 2; ++layer) {
    std::string at = std::to_string(layer);
    Value normal = w.rmsNorm(stream, gains, "norm" + at);
    Value shares =
        w.unary("softmax", w.linear(normal, experts, false, "router" + at), "axis = 2 : i64");
    for (int expert = 0; expert < experts; ++expert) {
      std::string of = at + "_" + std::to_string(expert);
      Value gate = w.unary("sigmoid", w.linear(normal, hidden, false, "gate" + of));
      Value up = w.linear(normal, hidden, false, "up" + of);
      Value down = w.linear(w.mul(gate, up, "gated" + of), width, false, "down" + of);
      Value share = w.op("slice", {shares}, {1, tokens, 1},
                         "offsets = array<i64: 0, 0, " + std::to_string(expert) + ">");
      stream = w.add(stream, w.mul(down, share, "share" + of), "residual");
    }
  }
  Value logits = w.linear(w.rmsNorm(stream, gains, "last_norm"), tokenKinds, false, "head");
  HostTensor input = tokensOf(w, tokens);
  return {w.module("%tokens: " + typeOf({1, tokens}, "si64"), logits),
          {input},
          rootsOfTwoMaps(),
          5,
          true};
}

Network scaledAsAWhole(double epsilon) {
  Writer w(900);
  Value x{"%x", {1, 5, 8}};
  Value y = w.linear(x, width, false, "stream");
  std::ostringstream text;
  text << std::scientific << epsilon;
  y = w.op("rms_norm", {y}, y.shape, "epsilon = " + text.str() + " : f32", "norm");
  y = w.linear(y, 5, false, "head");
  HostTensor input = floatsOf(w, x.shape);
  return {w.module("%x: " + x.type(), y),
          {input},
          std::sqrt(8.0) + 2 * std::sqrt(double(width)),
          2,
          true};
}

namespace {

Value convolve(Writer &w, const Value &x, int64_t outputs, int64_t groups, int64_t kernel,
               int64_t pad, const std::string &at) {
  int64_t batch = x.shape[0], inputs = x.shape[1] / groups;
  Value weight =
      w.normal({outputs, inputs, kernel, kernel}, 1 / std::sqrt(double(inputs * kernel * kernel)));
  Value bias = w.normal({outputs}, 0.5);
  int64_t less = kernel - 1 - 2 * pad;
  return w.op("conv", {x, weight, bias}, {batch, outputs, x.shape[2] - less, x.shape[3] - less},
              "strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = " +
                  array({pad, pad, pad, pad}) + ", groups = " + std::to_string(groups) + " : i64",
              at);
}

/// Space in the mean, and a linear map: 7 results.
Value classify(Writer &w, const Value &x) {
  int64_t batch = x.shape[0], channels = x.shape[1];
  Value mean =
      w.op("reduce_mean", {x}, {batch, channels, 1, 1}, "axes = array<i64: 2, 3>, keepdims = true");
  return w.linear(w.op("reshape", {mean}, {batch, channels}), 7, true, "head");
}

} // namespace

Network convolutional(int64_t batch) {
  Writer w(400 + batch);
  Value x{"%x", {batch, 3, 6, 6}};
  Value y = w.unary("relu", convolve(w, x, 16, 1, 3, 1, "first"));
  y = w.unary("relu", convolve(w, y, 16, 16, 3, 1, "depthwise"));
  y = w.unary("relu", convolve(w, y, 16, 1, 1, 0, "pointwise"));
  y = w.unary("relu", convolve(w, y, 12, 2, 3, 1, "grouped"));
  y = classify(w, convolve(w, y, 20, 1, 1, 0, "last"));
  HostTensor input = floatsOf(w, x.shape);
  double roots = std::sqrt(27.0) + 3 + 4 + std::sqrt(72.0) + std::sqrt(12.0) + 6 + std::sqrt(20.0);
  return {w.module("%x: " + x.type(), y), {input}, roots, 6, true};
}

Network pooled(int64_t batch) {
  Writer w(500 + batch);
  const std::string window = "kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = "
                             "array<i64: 1, 1>, pads = array<i64: 1, 0, 0, 0>";
  Value x{"%x", {batch, 3, 6, 6}};
  Value y = convolve(w, x, 12, 1, 3, 0, "first");
  y = w.op("max_pool", {y}, {batch, 12, 4, 3}, window);
  y = convolve(w, y, 12, 12, 2, 0, "depthwise");
  y = w.op("avg_pool", {y}, {batch, 12, 3, 1}, window);
  y = convolve(w, y, 8, 2, 1, 0, "grouped");
  y = w.op("pad", {y}, {batch, 8, 4, 1},
           "pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 0>, value = 0.0 : f32", "pad");
  y = classify(w, y);
  HostTensor input = floatsOf(w, x.shape);
  double roots = std::sqrt(27.0) + 2 + 2 + std::sqrt(6.0) + 2 + std::sqrt(8.0);
  return {w.module("%x: " + x.type(), y), {input}, roots, 4, true};
}

Network groupedAlone(int64_t batch) {
  Writer w(1000 + batch);
  Value x{"%x", {batch, 3, 6, 6}};
  Value y = convolve(w, x, 12, 1, 3, 0, "first");
  y = convolve(w, y, 8, 2, 1, 0, "grouped");
  y = convolve(w, y, 6, 2, 3, 1, "second");
  y = classify(w, y);
  HostTensor input = floatsOf(w, x.shape);
  double roots = std::sqrt(27.0) + std::sqrt(6.0) + std::sqrt(36.0) + 4 + std::sqrt(6.0);
  return {w.module("%x: " + x.type(), y), {input}, roots, 4, true};
}

} // namespace quantc::test
