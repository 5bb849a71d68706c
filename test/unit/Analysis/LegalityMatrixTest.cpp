//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The legality matrix of docs/ChannelAlgebra.md, cell by cell: what each op answers to each kind of
// transform at each of its ports, and that a region refuses, with the op's name and the reason,
// exactly where the op does.
//
//===----------------------------------------------------------------------===//

#include "ParseModule.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Interfaces/NodeName.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

/// The kinds in the order of a row's answers.
constexpr TransformKind kinds[] = {TransformKind::Scale, TransformKind::Shift,
                                   TransformKind::Rotation, TransformKind::Permutation,
                                   TransformKind::Centering};

/// The answers to scale, shift, rotation, permutation, centering: "absorb", "pass" and the ports
/// that carry as well, or "no: " and the reason.
struct Row {
  const char *name;
  const char *arguments, *body; ///< of a function; the op is at loc("op")
  Port port;
  ChannelSlot slot;
  std::array<std::string, 5> answers;
};

void PrintTo(const Row &row, std::ostream *os) { *os << row.name; }

std::array<std::string, 5> all(const std::string &answer) {
  return {answer, answer, answer, answer, answer};
}
ChannelSlot slotOf(std::initializer_list<ChannelDigit> digits) { return {{digits}}; }

const Port in = Port::operand(0), second = Port::operand(1), out = Port::result(0);
const ChannelSlot columns = ChannelSlot::axis(1, 6); // of [4, 6], and of images [1, 6, 5, 5]
const std::string absorb = "absorb", toResult = "pass result 0", toOperand = "pass operand 0";
const std::string notLinear = "no: it is not linear";

std::string textOf(const Carry &carry) {
  if (carry.verdict == Carry::Absorb)
    return "absorb";
  if (carry.verdict == Carry::Refuse)
    return "no: " + carry.reason;
  std::string text = "pass";
  for (const Carry::Other &other : carry.others)
    text += std::string(&other == carry.others.begin() ? " " : ", ") +
            (other.port.isResult ? "result " : "operand ") + std::to_string(other.port.index) +
            (other.inverse ? " inverse" : "");
  return text;
}

class LegalityMatrix : public ParseModule, public ::testing::WithParamInterface<Row> {};

TEST_P(LegalityMatrix, Row) {
  const Row &row = GetParam();
  auto module =
      parse("func.func @main(" + std::string(row.arguments) + ") {\n" + row.body + "\n  return\n}");
  ASSERT_TRUE(module);
  Operation *op = nullptr;
  module->walk([&](Operation *each) {
    if (getNodeName(each) == "op")
      op = each;
  });
  ASSERT_TRUE(op);
  Value value =
      row.port.isResult ? Value(op->getResult(row.port.index)) : op->getOperand(row.port.index);
  for (auto [kind, answer] : llvm::zip_equal(kinds, row.answers)) {
    SCOPED_TRACE(transformName(kind).str());
    EXPECT_EQ(textOf(cast<ChannelAlgebraInterface>(op).carry(kind, row.port, row.slot)), answer);
    std::string refusal;
    for (const auto &each : findTransformRegion(value, row.slot, kind).refusals)
      if (each.value == value && StringRef(each.reason).starts_with("'op'"))
        refusal = each.reason;
    if (StringRef(answer).starts_with("no: "))
      EXPECT_EQ(refusal, "'op' (" + op->getName().getStringRef().str() + "): " + answer.substr(4));
    else
      EXPECT_EQ(refusal, "");
  }
}

auto nameOf = [](const auto &info) { return std::string(info.param.name); };

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

const char *const matrix = "%x: tensor<4x6xf32>";
const char *const image = "%x: tensor<1x6x5x5xf32>";
const std::string seesMean = "no: it sees the mean of its input";
const std::string groups = "no: it works on groups of channels";

#define LINEAR                                                                                     \
  "%w = nn.constant dense<1.0> : tensor<3x6xf32>\n"                                                \
  "%r = nn.linear %x, %w : (tensor<4x6xf32>, tensor<3x6xf32>) -> tensor<4x3xf32> loc(\"op\")"
#define CONV(WEIGHT, WINDOW, RESULT)                                                               \
  "%w = nn.constant dense<1.0> : " WEIGHT "\n%r = nn.conv %x, %w {strides = array<i64: 1, 1>, "    \
  "dilations = array<i64: 1, 1>, " WINDOW "} : (tensor<1x6x5x5xf32>, " WEIGHT ") -> " RESULT       \
  " loc(\"op\")"
#define NO_PADS "pads = array<i64: 0, 0, 0, 0>"

INSTANTIATE_TEST_SUITE_P(
    LinearMaps, LegalityMatrix,
    ::testing::Values(
        Row{"linear_input",
            matrix,
            LINEAR,
            in,
            columns,
            {absorb, absorb, absorb, absorb, seesMean}},
        Row{"linear_result", matrix, LINEAR, out, ChannelSlot::axis(1, 3), all(absorb)},
        Row{"linear_along_rows", matrix, LINEAR, in, ChannelSlot::axis(0, 4),
            all("no: the channels lie along other axes than its last")},
        Row{"linear_weight", matrix, LINEAR, second, columns, all("no: it is a parameter")},
        Row{"linear_of_computed_weight", "%x: tensor<4x6xf32>, %w: tensor<3x6xf32>",
            "%r = nn.linear %x, %w : (tensor<4x6xf32>, tensor<3x6xf32>) -> tensor<4x3xf32> "
            "loc(\"op\")",
            in, columns, all("no: its weight is no float constant")},
        Row{"linear_of_computed_bias", "%x: tensor<4x6xf32>, %b: tensor<3xf32>",
            "%w = nn.constant dense<1.0> : tensor<3x6xf32>\n"
            "%r = nn.linear %x, %w, %b : (tensor<4x6xf32>, tensor<3x6xf32>, tensor<3xf32>) -> "
            "tensor<4x3xf32> loc(\"op\")",
            in, columns, all("no: its bias is no float constant")},
        Row{"conv_1x1_input",
            image,
            CONV("tensor<8x6x1x1xf32>", NO_PADS, "tensor<1x8x5x5xf32>"),
            in,
            columns,
            {absorb, absorb, absorb, absorb, seesMean}},
        Row{"conv_3x3_input",
            image,
            CONV("tensor<8x6x3x3xf32>", NO_PADS, "tensor<1x8x3x3xf32>"),
            in,
            columns,
            {absorb, absorb, "no: its kernel is larger than 1x1", absorb, seesMean}},
        Row{"conv_padded_input",
            image,
            CONV("tensor<8x6x3x3xf32>", "pads = array<i64: 0, 1, 0, 0>", "tensor<1x8x3x4xf32>"),
            in,
            columns,
            {absorb, "no: its padding is zero, and zero would be shifted",
             "no: its kernel is larger than 1x1", absorb, seesMean}},
        Row{"conv_result", image,
            CONV("tensor<8x6x3x3xf32>", "pads = array<i64: 1, 1, 1, 1>", "tensor<1x8x5x5xf32>"),
            out, ChannelSlot::axis(1, 8), all(absorb)},
        Row{"conv_along_the_window", image,
            CONV("tensor<8x6x1x1xf32>", NO_PADS, "tensor<1x8x5x5xf32>"), in,
            ChannelSlot::axis(2, 5), all("no: the channels lie along other axes than 1")},
        Row{"conv_depthwise_input",
            image,
            CONV("tensor<6x1x3x3xf32>", NO_PADS ", groups = 6 : i64", "tensor<1x6x3x3xf32>"),
            in,
            columns,
            {absorb, absorb, groups, toResult, groups}},
        Row{"conv_depthwise_result",
            image,
            CONV("tensor<6x1x3x3xf32>", NO_PADS ", groups = 6 : i64", "tensor<1x6x3x3xf32>"),
            out,
            columns,
            {absorb, absorb, groups, toOperand, groups}},
        Row{"conv_grouped_input",
            image,
            CONV("tensor<4x3x1x1xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x5x5xf32>"),
            in,
            columns,
            {absorb, absorb, groups, groups, groups}},
        Row{"conv_grouped_result",
            image,
            CONV("tensor<4x3x1x1xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x5x5xf32>"),
            out,
            ChannelSlot::axis(1, 4),
            {absorb, absorb, groups, groups, groups}},
        // One transform for the places within each group.
        Row{"conv_grouped_input_in_groups",
            image,
            CONV("tensor<4x3x1x1xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x5x5xf32>"),
            in,
            slotOf({{1, 3, 1}}),
            {absorb, absorb, absorb, absorb, seesMean}},
        Row{"conv_grouped_3x3_input_in_groups",
            image,
            CONV("tensor<4x3x3x3xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x3x3xf32>"),
            in,
            slotOf({{1, 3, 1}}),
            {absorb, absorb, "no: its kernel is larger than 1x1", absorb, seesMean}},
        Row{"conv_grouped_result_in_groups", image,
            CONV("tensor<4x3x3x3xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x3x3xf32>"), out,
            slotOf({{1, 2, 1}}), all(absorb)},
        Row{"conv_grouped_result_over_groups",
            image,
            CONV("tensor<4x3x1x1xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x5x5xf32>"),
            out,
            slotOf({{1, 2, 2}}),
            {absorb, absorb, groups, groups, groups}},
        Row{"conv_groups_across_channels",
            image,
            CONV("tensor<4x3x1x1xf32>", NO_PADS ", groups = 2 : i64", "tensor<1x4x5x5xf32>"),
            in,
            slotOf({{1, 2, 1}}),
            {"no: its groups cut the channels in pieces",
             "no: its groups cut the channels in pieces", groups, groups, groups}}),
    nameOf);

//===----------------------------------------------------------------------===//
// Products of activations
//===----------------------------------------------------------------------===//

const char *const attention =
    "%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>, "
    "%s: tensor<2x4x5x5xf32>";
#define SCORES                                                                                     \
  "%r = nn.matmul %q, %k : (tensor<2x4x5x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x5x5xf32> "     \
  "loc(\"op\")"
#define WEIGHTED(ROWS)                                                                             \
  "%p = nn.softmax %s {axis = 3 : i64} : tensor<2x4x5x5xf32>\n%r = nn.matmul " ROWS                \
  ", %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> loc(\"op\")"

const ChannelSlot head = ChannelSlot::axis(3, 8), perHead = {{{{1, 4, 1}, {3, 8, 1}}}};
const std::string twoMeans = "no: the product of two activations sees the mean";
const std::string mixesBatch = "no: it would mix matrices of a batch";
const std::string rowSums = "no: rows that do not sum to one would change the shift";

INSTANTIATE_TEST_SUITE_P(
    Products, LegalityMatrix,
    ::testing::Values(
        Row{"queries",
            attention,
            SCORES,
            in,
            head,
            {"pass operand 1 inverse", twoMeans, "pass operand 1", "pass operand 1", twoMeans}},
        Row{"keys",
            attention,
            SCORES,
            second,
            ChannelSlot::axis(2, 8),
            {"pass operand 0 inverse", twoMeans, toOperand, toOperand, twoMeans}},
        Row{"queries_of_each_head",
            attention,
            SCORES,
            in,
            perHead,
            {"pass operand 1 inverse", twoMeans, mixesBatch, mixesBatch, twoMeans}},
        Row{"values", attention, WEIGHTED("%p"), second, head, all(toResult)},
        Row{"values_of_each_head",
            attention,
            WEIGHTED("%p"),
            second,
            perHead,
            {toResult, toResult, mixesBatch, mixesBatch, mixesBatch}},
        Row{"values_under_other_rows",
            attention,
            WEIGHTED("%s"),
            second,
            head,
            {toResult, rowSums, toResult, toResult, toResult}},
        Row{"heads", attention, WEIGHTED("%p"), out, head, all("pass operand 1")},
        Row{"heads_of_other_rows",
            attention,
            WEIGHTED("%s"),
            out,
            head,
            {"pass operand 1", rowSums, "pass operand 1", "pass operand 1", "pass operand 1"}},
        Row{"softmax_along_another_axis",
            attention,
            "%p = nn.softmax %s {axis = 2 : i64} : tensor<2x4x5x5xf32>\n%r = nn.matmul %p, %v : "
            "(tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> loc(\"op\")",
            out,
            head,
            {"pass operand 1", rowSums, "pass operand 1", "pass operand 1", "pass operand 1"}},
        // A sink: the softmax has one more column than there are values.
        Row{"values_beside_a_sink",
            "%v: tensor<2x4x5x8xf32>, %s: tensor<2x4x5x6xf32>",
            "%a = nn.softmax %s {axis = 3 : i64} : tensor<2x4x5x6xf32>\n"
            "%p = nn.slice %a {offsets = array<i64: 0, 0, 0, 0>} : (tensor<2x4x5x6xf32>) -> "
            "tensor<2x4x5x5xf32>\n%r = nn.matmul %p, %v : "
            "(tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> loc(\"op\")",
            second,
            head,
            {toResult, rowSums, toResult, toResult, toResult}},
        Row{"rows_of_the_left",
            attention,
            SCORES,
            in,
            ChannelSlot::axis(2, 5),
            {toResult, rowSums, toResult, toResult, toResult}},
        Row{"rows_and_columns", attention, SCORES, in, slotOf({{2, 5, 1}, {3, 8, 1}}),
            all("no: the channels lie along rows and columns")},
        Row{"batch",
            attention,
            SCORES,
            in,
            ChannelSlot::axis(1, 4),
            {"no: the channels lie along a batch of matrices",
             "no: the channels lie along a batch of matrices", mixesBatch, mixesBatch, mixesBatch}},
        Row{"repeated_batch",
            "%q: tensor<2x4x5x8xf32>, %k: tensor<2x1x8x5xf32>",
            "%r = nn.matmul %q, %k : (tensor<2x4x5x8xf32>, tensor<2x1x8x5xf32>) -> "
            "tensor<2x4x5x5xf32> loc(\"op\")",
            in,
            perHead,
            {"no: one of the operands is repeated along the channels", twoMeans, mixesBatch,
             mixesBatch, twoMeans}}),
    nameOf);

//===----------------------------------------------------------------------===//
// Sums, products and quotients of elements
//===----------------------------------------------------------------------===//

const char *const two = "%x: tensor<4x6xf32>, %y: tensor<4x6xf32>";
const char *const row6 = "%x: tensor<4x6xf32>, %y: tensor<6xf32>";
const char *const perToken = "%x: tensor<4x6xf32>, %y: tensor<4x1xf32>";
#define BINARY(OP, OPERANDS, RIGHT)                                                                \
  "%r = nn." OP " " OPERANDS " : (tensor<4x6xf32>, " RIGHT ") -> tensor<4x6xf32> loc(\"op\")"
#define GAIN "%c = nn.constant dense<2.0> : tensor<6xf32>\n"
#define FULL "%c = nn.constant dense<2.0> : tensor<4x6xf32>\n"
#define GLU(GATE)                                                                                  \
  "%w = nn.constant dense<1.0> : tensor<6x6xf32>\n"                                                \
  "%u = nn.linear %x, %w : (tensor<4x6xf32>, tensor<6x6xf32>) -> tensor<4x6xf32>\n%g = " GATE      \
  "\n" BINARY("mul", "%g, %u", "tensor<4x6xf32>")

const std::string both = "pass result 0, operand 1";
const std::string noPlace = "no: the shift of a sum of two activations has no one place";
const std::string repeated = "no: the operand is repeated along the channels";
const std::string repeatedAddend = "no: the other addend is repeated along the channels";
const std::string sign = "no: the shift would change its sign";
const std::string scaled = "no: a factor would scale the shift";
const std::string eachItself = "no: it scales each channel by itself; fold a constant gain first";

INSTANTIATE_TEST_SUITE_P(
    Elementwise, LegalityMatrix,
    ::testing::Values(
        Row{"add",
            two,
            BINARY("add", "%x, %y", "tensor<4x6xf32>"),
            in,
            columns,
            {both, noPlace, both, both, both}},
        Row{"add_result",
            two,
            BINARY("add", "%x, %y", "tensor<4x6xf32>"),
            out,
            columns,
            {"pass operand 0, operand 1", noPlace, "pass operand 0, operand 1",
             "pass operand 0, operand 1", "pass operand 0, operand 1"}},
        Row{"add_row",
            row6,
            BINARY("add", "%x, %y", "tensor<6xf32>"),
            second,
            ChannelSlot::axis(0, 6),
            {"pass result 0, operand 0", noPlace, "pass result 0, operand 0",
             "pass result 0, operand 0", "pass result 0, operand 0"}},
        Row{"add_constant", matrix, GAIN BINARY("add", "%x, %c", "tensor<6xf32>"), in, columns,
            all(toResult)},
        Row{"add_constants",
            matrix,
            FULL BINARY("add", "%c, %c", "tensor<4x6xf32>"),
            out,
            columns,
            {"pass", "no: a sum of constants has no addend for the shift", "pass", "pass", "pass"}},
        Row{"add_per_token",
            perToken,
            BINARY("add", "%x, %y", "tensor<4x1xf32>"),
            in,
            columns,
            {repeatedAddend, noPlace, repeatedAddend, repeatedAddend, repeatedAddend}},
        Row{"add_per_token_itself", perToken, BINARY("add", "%x, %y", "tensor<4x1xf32>"), second,
            columns, all(repeated)},
        Row{"sub",
            two,
            BINARY("sub", "%x, %y", "tensor<4x6xf32>"),
            in,
            columns,
            {both, noPlace, both, both, both}},
        Row{"sub_constant", matrix, GAIN BINARY("sub", "%x, %c", "tensor<6xf32>"), in, columns,
            all(toResult)},
        Row{"sub_from_constant",
            matrix,
            FULL BINARY("sub", "%c, %x", "tensor<4x6xf32>"),
            second,
            columns,
            {toResult, sign, toResult, toResult, toResult}},
        Row{"sub_from_constant_result",
            matrix,
            FULL BINARY("sub", "%c, %x", "tensor<4x6xf32>"),
            out,
            columns,
            {"pass operand 1", sign, "pass operand 1", "pass operand 1", "pass operand 1"}},
        Row{"square", matrix, BINARY("mul", "%x, %x", "tensor<4x6xf32>"), in, columns,
            all("no: a square is not linear")},
        Row{"square_result",
            matrix,
            BINARY("mul", "%x, %x", "tensor<4x6xf32>"),
            out,
            columns,
            {"no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result", "no: a square is not linear",
             "no: neither factor alone is a linear map's result"}},
        Row{"mul",
            two,
            BINARY("mul", "%x, %y", "tensor<4x6xf32>"),
            in,
            columns,
            {toResult, scaled, eachItself, both, eachItself}},
        Row{"mul_of_two_unknown_factors",
            two,
            BINARY("mul", "%x, %y", "tensor<4x6xf32>"),
            out,
            columns,
            {"no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result", "pass operand 0, operand 1",
             "no: neither factor alone is a linear map's result"}},
        Row{"mul_by_gain",
            matrix,
            GAIN BINARY("mul", "%x, %c", "tensor<6xf32>"),
            in,
            columns,
            {toResult, scaled, eachItself, toResult, eachItself}},
        Row{"mul_per_token",
            perToken,
            BINARY("mul", "%x, %y", "tensor<4x1xf32>"),
            in,
            columns,
            {toResult, scaled, toResult, toResult, toResult}},
        Row{"mul_per_token_itself", perToken, BINARY("mul", "%x, %y", "tensor<4x1xf32>"), second,
            columns, all(repeated)},
        Row{"gated_result",
            matrix,
            GLU("nn.sigmoid %x : tensor<4x6xf32>"),
            out,
            columns,
            {"pass operand 1", scaled, eachItself, "pass operand 0, operand 1", eachItself}},
        Row{"bilinear_result",
            matrix,
            GLU("nn.linear %x, %w : (tensor<4x6xf32>, tensor<6x6xf32>) -> tensor<4x6xf32>"),
            out,
            columns,
            {"no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result",
             "no: neither factor alone is a linear map's result", "pass operand 0, operand 1",
             "no: neither factor alone is a linear map's result"}},
        Row{"div_numerator",
            two,
            BINARY("div", "%x, %y", "tensor<4x6xf32>"),
            in,
            columns,
            {toResult, scaled, eachItself, both, eachItself}},
        Row{"div_divisor", two, BINARY("div", "%x, %y", "tensor<4x6xf32>"), second, columns,
            all("no: a quotient is not linear in its divisor")},
        Row{"div_per_token",
            perToken,
            BINARY("div", "%x, %y", "tensor<4x1xf32>"),
            out,
            columns,
            {toOperand, scaled, toOperand, toOperand, toOperand}}),
    nameOf);

//===----------------------------------------------------------------------===//
// Functions of one element
//===----------------------------------------------------------------------===//

#define UNARY(OP) "%r = nn." OP " : tensor<4x6xf32> loc(\"op\")"
const std::array<std::string, 5> homogeneous = {toResult, notLinear, notLinear, toResult,
                                                notLinear};
const std::array<std::string, 5> permuted = {notLinear, notLinear, notLinear, toResult, notLinear};

INSTANTIATE_TEST_SUITE_P(
    Functions, LegalityMatrix,
    ::testing::Values(
        Row{"relu", matrix, UNARY("relu %x"), in, columns, homogeneous},
        Row{"relu_result",
            matrix,
            UNARY("relu %x"),
            out,
            columns,
            {toOperand, notLinear, notLinear, toOperand, notLinear}},
        Row{"leaky_relu", matrix, UNARY("leaky_relu %x {alpha = 0.1 : f32}"), in, columns,
            homogeneous},
        Row{"abs", matrix, UNARY("abs %x"), in, columns, homogeneous},
        Row{"relu6", matrix, UNARY("clip %x {lo = 0.0 : f32, hi = 6.0 : f32}"), in, columns,
            permuted},
        Row{"hard_sigmoid", matrix, UNARY("hard_sigmoid %x {alpha = 0.2 : f32, beta = 0.5 : f32}"),
            in, columns, permuted},
        Row{"hard_swish", matrix, UNARY("hard_swish %x"), in, columns, permuted},
        Row{"sigmoid", matrix, UNARY("sigmoid %x"), in, columns, permuted},
        Row{"tanh", matrix, UNARY("tanh %x"), in, columns, permuted},
        Row{"exp", matrix, UNARY("exp %x"), in, columns, permuted},
        Row{"sqrt", matrix, UNARY("sqrt %x"), in, columns, permuted},
        Row{"reciprocal", matrix, UNARY("reciprocal %x"), in, columns, permuted},
        Row{"erf", matrix, UNARY("erf %x"), in, columns, permuted},
        Row{"gelu", matrix, UNARY("gelu %x"), in, columns, permuted},
        Row{"neg",
            matrix,
            UNARY("neg %x"),
            in,
            columns,
            {toResult, sign, toResult, toResult, toResult}},
        Row{"softmax", matrix, UNARY("softmax %x {axis = 1 : i64}"), in, columns, permuted},
        Row{"softmax_along_rows", matrix, UNARY("softmax %x {axis = 0 : i64}"), in, columns,
            permuted}),
    nameOf);

//===----------------------------------------------------------------------===//
// Normalisations and lookup
//===----------------------------------------------------------------------===//

#define RMS                                                                                        \
  "%r = nn.rms_norm %x {epsilon = 1.0e-5 : f32} : (tensor<4x6xf32>) -> tensor<4x6xf32> "           \
  "loc(\"op\")"
#define RMS_GAIN                                                                                   \
  GAIN "%r = nn.rms_norm %x, %c {epsilon = 1.0e-5 : f32} : (tensor<4x6xf32>, tensor<6xf32>) -> "   \
       "tensor<4x6xf32> loc(\"op\")"
#define LAYER                                                                                      \
  "%r = nn.layer_norm %x {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : "   \
  "(tensor<4x6xf32>) -> tensor<4x6xf32> loc(\"op\")"
#define LAYER_OF(GAIN_VALUE)                                                                       \
  "%r = nn.layer_norm %x, " GAIN_VALUE                                                             \
  " {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 0>} : "                        \
  "(tensor<4x6xf32>, tensor<6xf32>) -> tensor<4x6xf32> loc(\"op\")"
#define LOOKUP                                                                                     \
  "%r = nn.embedding %t, %i : (tensor<9x6xf32>, tensor<1x4xsi64>) -> tensor<1x4x6xf32> "           \
  "loc(\"op\")"

const std::string seesScale = "no: the norm sees the scale of its channels";
const std::string seesShift = "no: the norm sees the shift";
const std::string normSeesMean = "no: the norm sees the mean";
const std::string gainScales = "no: its gain scales each channel by itself; fold it first";
const std::string noInvariant =
    "no: its mean is no invariant of rotations; turn it into an rms_norm first";
const std::string hasMean = "no: its result has a mean";

INSTANTIATE_TEST_SUITE_P(
    NormsAndLookup, LegalityMatrix,
    ::testing::Values(Row{"rms_norm",
                          matrix,
                          RMS,
                          in,
                          columns,
                          {seesScale, seesShift, toResult, toResult, normSeesMean}},
                      Row{"rms_norm_result",
                          matrix,
                          RMS,
                          out,
                          columns,
                          {absorb, "no: it has no bias", toOperand, toOperand, hasMean}},
                      Row{"rms_norm_with_gain",
                          matrix,
                          RMS_GAIN,
                          in,
                          columns,
                          {seesScale, seesShift, gainScales, toResult, normSeesMean}},
                      Row{"rms_norm_with_gain_result",
                          matrix,
                          RMS_GAIN,
                          out,
                          columns,
                          {absorb, "no: it has no bias", gainScales, toOperand, hasMean}},
                      Row{"rms_norm_gain", matrix, RMS_GAIN, second, ChannelSlot::axis(0, 6),
                          all("no: it is a parameter")},
                      Row{"rms_norm_along_rows", matrix, RMS, in, ChannelSlot::axis(0, 4),
                          all("no: the channels lie along other axes than the normalised one")},
                      Row{"layer_norm",
                          matrix,
                          LAYER,
                          in,
                          columns,
                          {seesScale, seesShift, noInvariant, toResult, absorb}},
                      Row{"layer_norm_result",
                          matrix,
                          LAYER,
                          out,
                          columns,
                          {absorb, absorb, noInvariant, toOperand, hasMean}},
                      Row{"layer_norm_with_gain_result",
                          matrix,
                          GAIN LAYER_OF("%c"),
                          out,
                          columns,
                          {absorb, absorb, noInvariant, toOperand, hasMean}},
                      Row{"layer_norm_of_computed_gain", row6, LAYER_OF("%y"), out, columns,
                          all("no: its gain or bias is no constant")},
                      // The means of two halves are not the mean that the norm takes out.
                      Row{"layer_norm_in_blocks",
                          matrix,
                          LAYER,
                          in,
                          slotOf({{1, 3, 1}}),
                          {seesScale, seesShift, noInvariant, toResult, normSeesMean}},
                      Row{"embedding_result", "%t: tensor<9x6xf32>, %i: tensor<1x4xsi64>", LOOKUP,
                          out, ChannelSlot::axis(2, 6), all(toOperand)},
                      Row{"embedding_table", "%t: tensor<9x6xf32>, %i: tensor<1x4xsi64>", LOOKUP,
                          in, ChannelSlot::axis(1, 6), all(toResult)},
                      Row{"embedding_index", "%t: tensor<9x6xf32>, %i: tensor<1x4xsi64>", LOOKUP,
                          second, ChannelSlot::axis(1, 4), all("no: it is an index")},
                      Row{"embedding_rows", "%t: tensor<9x6xf32>, %i: tensor<1x4xsi64>", LOOKUP,
                          out, ChannelSlot::axis(1, 4),
                          all("no: the channels lie along other axes than the table's second")}),
    nameOf);

//===----------------------------------------------------------------------===//
// Pools, means and movement
//===----------------------------------------------------------------------===//

#define POOL(OP, REST)                                                                             \
  "%r = nn." OP " %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, " REST                \
  "} : (tensor<1x6x5x5xf32>) -> "
#define PLAIN "dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>"
#define PADDED "dilations = array<i64: 1, 1>, pads = array<i64: 1, 0, 0, 0>"
#define DILATED "dilations = array<i64: 2, 1>, pads = array<i64: 1, 0, 0, 0>"
#define MEAN(AXIS, RESULT)                                                                         \
  "%r = nn.reduce_mean %x {axes = array<i64: " AXIS                                                \
  ">, keepdims = false} : (tensor<1x6x5x5xf32>) -> " RESULT " loc(\"op\")"
#define MOVE(OP, RESULT) "%r = nn." OP " : (tensor<1x6x5x5xf32>) -> " RESULT " loc(\"op\")"

const std::string alongWindow = "no: the channels lie along the window";
const std::string padOnly = "no: a window of padding alone has a value of its own";
const std::string zeroShifted = "no: its padding is zero, and zero would be shifted";
const std::string padding = "no: the padding would have to be transformed, too";
const std::string cuts = "no: it cuts the channels in pieces";
const char *const keys = "%x: tensor<1x2x1x5x8xf32>";
#define EXPAND "%r = nn.expand %x : (tensor<1x2x1x5x8xf32>) -> tensor<1x2x4x5x8xf32> loc(\"op\")"

INSTANTIATE_TEST_SUITE_P(
    PoolsAndMovement, LegalityMatrix,
    ::testing::Values(
        Row{"max_pool",
            image,
            POOL("max_pool", PADDED) "tensor<1x6x5x4xf32> loc(\"op\")",
            in,
            columns,
            {toResult, toResult, notLinear, toResult, notLinear}},
        Row{"max_pool_dilated",
            image,
            POOL("max_pool", DILATED) "tensor<1x6x4x4xf32> loc(\"op\")",
            in,
            columns,
            {padOnly, padOnly, notLinear, toResult, notLinear}},
        Row{"max_pool_window", image, POOL("max_pool", PLAIN) "tensor<1x6x4x4xf32> loc(\"op\")", in,
            ChannelSlot::axis(3, 5), all(alongWindow)},
        Row{"avg_pool", image, POOL("avg_pool", PADDED) "tensor<1x6x5x4xf32> loc(\"op\")", in,
            columns, all(toResult)},
        Row{"avg_pool_counting_pads",
            image,
            POOL("avg_pool", PADDED ", count_include_pad = true") "tensor<1x6x5x4xf32> loc(\"op\")",
            in,
            columns,
            {toResult, zeroShifted, toResult, toResult, toResult}},
        Row{"avg_pool_dilated",
            image,
            POOL("avg_pool", DILATED) "tensor<1x6x4x4xf32> loc(\"op\")",
            in,
            columns,
            {toResult, padOnly, toResult, toResult, toResult}},
        Row{"avg_pool_window", image, POOL("avg_pool", PLAIN) "tensor<1x6x4x4xf32> loc(\"op\")", in,
            ChannelSlot::axis(3, 5), all(alongWindow)},
        Row{"mean_of_space", image, MEAN("2, 3", "tensor<1x6xf32>"), in, columns, all(toResult)},
        Row{"mean_of_space_result", image, MEAN("2, 3", "tensor<1x6xf32>"), out, columns,
            all(toOperand)},
        Row{"mean_of_channels", image, MEAN("1", "tensor<1x5x5xf32>"), in, columns,
            all("no: the channels lie along the mean")},
        Row{"reshape", image, MOVE("reshape %x", "tensor<1x6x25xf32>"), in, columns, all(toResult)},
        Row{"reshape_result", image, MOVE("reshape %x", "tensor<1x6x25xf32>"), out, columns,
            all(toOperand)},
        Row{"reshape_across_channels", image, MOVE("reshape %x", "tensor<1x5x30xf32>"), in, columns,
            all(cuts)},
        Row{"transpose", image,
            MOVE("transpose %x {permutation = array<i64: 0, 2, 3, 1>}", "tensor<1x5x5x6xf32>"), in,
            columns, all(toResult)},
        Row{"concat_of_tokens", two,
            "%r = nn.concat %x, %y {axis = 0 : i64} : (tensor<4x6xf32>, tensor<4x6xf32>) -> "
            "tensor<8x6xf32> loc(\"op\")",
            in, columns, all(both)},
        Row{"concat_of_channels", two,
            "%r = nn.concat %x, %y {axis = 1 : i64} : (tensor<4x6xf32>, tensor<4x6xf32>) -> "
            "tensor<4x12xf32> loc(\"op\")",
            in, columns, all("no: it joins tensors along the channels")},
        Row{"pad_with_zeros",
            image,
            MOVE("pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 0>, value = 0.0 : f32}",
                 "tensor<1x6x6x5xf32>"),
            in,
            columns,
            {toResult, padding, toResult, toResult, toResult}},
        Row{"pad_with_ones",
            image,
            MOVE("pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 0>, value = 1.0 : f32}",
                 "tensor<1x6x6x5xf32>"),
            in,
            columns,
            {padding, padding, padding, toResult, padding}},
        Row{"pad_of_channels", image,
            MOVE("pad %x {pads = array<i64: 0, 1, 0, 0, 0, 0, 0, 0>, value = 0.0 : f32}",
                 "tensor<1x7x5x5xf32>"),
            in, columns, all("no: it pads along the channels")},
        Row{"slice_of_tokens", matrix,
            "%r = nn.slice %x {offsets = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<2x6xf32> "
            "loc(\"op\")",
            in, columns, all(toResult)},
        Row{"slice_of_channels", matrix,
            "%r = nn.slice %x {offsets = array<i64: 0, 3>} : (tensor<4x6xf32>) -> tensor<4x3xf32> "
            "loc(\"op\")",
            in, columns, all(cuts)},
        Row{"expand_shared_heads", keys, EXPAND, in, slotOf({{1, 2, 1}, {4, 8, 1}}), all(toResult)},
        Row{"expand_shared_heads_result", keys, EXPAND, out, slotOf({{1, 2, 1}, {4, 8, 1}}),
            all(toOperand)},
        Row{"expand_copies", keys, EXPAND, out, slotOf({{1, 2, 1}, {2, 4, 1}, {4, 8, 1}}),
            all("no: it repeats what has channels of its own")}),
    nameOf);

//===----------------------------------------------------------------------===//
// Rotations that run
//===----------------------------------------------------------------------===//

/// Four heads of three channels in each of two blocks.
#define HADAMARD(SIGNS)                                                                            \
  "%r = qnn.hadamard %x {size = 4 : i64, inner = 3 : i64" SIGNS "} : tensor<5x24xf32> loc(\"op\")"
const char *const headsAndChannels = "%x: tensor<5x24xf32>";
const std::string rotatesShift = "no: the shift would be rotated";
const std::string mixesItself = "no: it mixes these channels itself";
const std::string signsDiffer = "no: its signs differ from block to block";

std::array<std::string, 5> allButShift(const std::string &answer) {
  return {answer, rotatesShift, answer, answer, answer};
}

INSTANTIATE_TEST_SUITE_P(
    Rotations, LegalityMatrix,
    ::testing::Values(Row{"channels_under_heads", headsAndChannels, HADAMARD(""), in,
                          slotOf({{1, 3, 1}}), allButShift(toResult)},
                      Row{"channels_under_heads_result", headsAndChannels,
                          HADAMARD(", sign_seed = 1 : i64"), out, slotOf({{1, 3, 1}}),
                          allButShift(toOperand)},
                      Row{"blocks", headsAndChannels, HADAMARD(""), in, slotOf({{1, 2, 12}}),
                          allButShift(toResult)},
                      Row{"blocks_with_signs",
                          headsAndChannels,
                          HADAMARD(", sign_seed = 1 : i64"),
                          in,
                          slotOf({{1, 2, 12}}),
                          {toResult, rotatesShift, signsDiffer, signsDiffer, signsDiffer}},
                      Row{"blocks_and_channels", headsAndChannels, HADAMARD(""), in,
                          slotOf({{1, 2, 12}, {1, 3, 1}}), allButShift(toResult)},
                      Row{"rotated_heads", headsAndChannels, HADAMARD(""), in, slotOf({{1, 4, 3}}),
                          allButShift(mixesItself)},
                      Row{"all_of_the_axis", headsAndChannels, HADAMARD(""), in,
                          ChannelSlot::axis(1, 24), allButShift(mixesItself)},
                      // Two neighbouring heads in one digit with the channels of both.
                      Row{"part_of_the_heads", headsAndChannels, HADAMARD(""), in,
                          slotOf({{1, 6, 1}}), allButShift(mixesItself)},
                      Row{"other_axis", headsAndChannels, HADAMARD(", sign_seed = 1 : i64"), in,
                          ChannelSlot::axis(0, 5), allButShift(toResult)}),
    nameOf);

} // namespace
