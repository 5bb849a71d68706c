//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Taking tensor elements out of serialised models and putting them back.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Proto/Skeleton.h"
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <random>

using namespace llvm;
using namespace quantc::onnx;

static ArrayRef<uint8_t> bytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

static std::string errorOf(const std::string &text) {
  Expected<Skeleton> skeleton = stripPayloads(bytesOf(text));
  return skeleton ? "" : toString(skeleton.takeError());
}

/// A model with raw, typed and no elements, on the outside and inside a subgraph.
static onnx::ModelProto sample() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  onnx::TensorProto *raw = model.mutable_graph()->add_initializer();
  raw->set_name("raw");
  raw->set_raw_data(std::string(300, 'r'));
  onnx::TensorProto *typed = model.mutable_graph()->add_initializer();
  typed->add_float_data(1.5f);
  typed->add_float_data(-2.0f);
  onnx::AttributeProto *attribute = model.mutable_graph()->add_node()->add_attribute();
  onnx::GraphProto *body = attribute->mutable_g();
  body->add_initializer()->set_raw_data("inner");
  body->add_initializer()->set_name("nothing");
  model.mutable_graph()
      ->add_node()
      ->add_attribute()
      ->mutable_sparse_tensor()
      ->mutable_values()
      ->set_raw_data("stays");
  return model;
}

static std::vector<PayloadBytes> rawPayloads(const Skeleton &skeleton, const std::string &file) {
  std::vector<PayloadBytes> payloads;
  for (const Payload &payload : skeleton.payloads)
    payloads.emplace_back(file.data() + payload.rawOffset, payload.rawLength);
  return payloads;
}

TEST(Skeleton, KeepsElementsOut) {
  std::string file = sample().SerializeAsString();
  Expected<Skeleton> skeleton = stripPayloads(bytesOf(file));
  ASSERT_TRUE(bool(skeleton)) << toString(skeleton.takeError());
  ASSERT_EQ(skeleton->payloads.size(), 4u);
  EXPECT_LT(skeleton->message.size(), file.size() - 250);

  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(skeleton->message));
  auto payloadOf = [&](const onnx::TensorProto &tensor) {
    return skeleton->payloads[*payloadIndex(tensor.raw_data())];
  };
  Payload raw = payloadOf(model.graph().initializer(0));
  EXPECT_EQ(file.substr(raw.rawOffset, raw.rawLength), std::string(300, 'r'));
  Payload typed = payloadOf(model.graph().initializer(1));
  EXPECT_FALSE(typed.hasRaw);
  ASSERT_EQ(typed.runs.size(), 1u);
  EXPECT_TRUE(typed.runs[0].packed);
  EXPECT_EQ(typed.runs[0].field, 4u);
  EXPECT_EQ(typed.runs[0].length, 8u);
  const onnx::GraphProto &body = model.graph().node(0).attribute(0).g();
  Payload inner = payloadOf(body.initializer(0));
  EXPECT_EQ(file.substr(inner.rawOffset, inner.rawLength), "inner");
  Payload nothing = payloadOf(body.initializer(1));
  EXPECT_FALSE(nothing.hasRaw);
  EXPECT_TRUE(nothing.runs.empty());
  EXPECT_EQ(model.graph().node(1).attribute(0).sparse_tensor().values().raw_data(), "stays");
}

TEST(Skeleton, MergesRunsOfSingleElements) {
  std::string tensor("\x28\x01\x28\x02\x28\x03", 6); // int32_data = 1, 2, 3, not packed
  std::string graph = "\x2a" + std::string(1, char(tensor.size())) + tensor;
  std::string file = "\x3a" + std::string(1, char(graph.size())) + graph;
  Expected<Skeleton> skeleton = stripPayloads(bytesOf(file));
  ASSERT_TRUE(bool(skeleton)) << toString(skeleton.takeError());
  ASSERT_EQ(skeleton->payloads.size(), 1u);
  ASSERT_EQ(skeleton->payloads[0].runs.size(), 1u);
  EXPECT_FALSE(skeleton->payloads[0].runs[0].packed);
  EXPECT_EQ(skeleton->payloads[0].runs[0].length, 6u);
}

TEST(Skeleton, FillsInAnySize) {
  onnx::ModelProto model = sample();
  model.mutable_graph()->mutable_initializer()->DeleteSubrange(1, 1); // raw elements only
  model.mutable_graph()
      ->mutable_node(0)
      ->mutable_attribute(0)
      ->mutable_g()
      ->mutable_initializer()
      ->DeleteSubrange(1, 1);
  for (size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 3000000u}) {
    model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(size, 'x'));
    std::string file = model.SerializeAsString();
    Expected<Skeleton> skeleton = stripPayloads(bytesOf(file));
    ASSERT_TRUE(bool(skeleton)) << toString(skeleton.takeError());
    std::vector<PayloadBytes> payloads = rawPayloads(*skeleton, file);
    std::string again;
    raw_string_ostream os(again);
    ASSERT_FALSE(errorToBool(fillPayloads(skeleton->message, payloads, os)));
    Expected<uint64_t> total = filledSize(skeleton->message, payloads);
    ASSERT_TRUE(bool(total));
    EXPECT_EQ(*total, file.size());
    onnx::ModelProto parsed;
    ASSERT_TRUE(parsed.ParseFromString(again));
    EXPECT_EQ(parsed.SerializeAsString(), file);
  }
}

TEST(Skeleton, RefusesBadKeys) {
  onnx::ModelProto model;
  model.mutable_graph()->add_initializer()->set_raw_data(payloadKey(1));
  std::string bytes = "x";
  PayloadBytes payload(bytes.data(), 1);
  std::string out;
  raw_string_ostream os(out);
  EXPECT_TRUE(errorToBool(fillPayloads(model.SerializeAsString(), payload, os)));
  model.mutable_graph()->mutable_initializer(0)->set_raw_data("short");
  EXPECT_TRUE(errorToBool(fillPayloads(model.SerializeAsString(), payload, os)));
}

TEST(Skeleton, NamesTheOffset) {
  EXPECT_EQ(errorOf(""), "");
  EXPECT_EQ(errorOf("\x3a\x05\x0a"), "the file is truncated or damaged: the field at byte 0 "
                                     "declares 5 bytes, but 1 are left");
  EXPECT_EQ(errorOf("\x3a\x02\x0a\x09"), "the file is truncated or damaged: the field at byte 2 "
                                         "declares 9 bytes, but 0 are left");
  EXPECT_EQ(errorOf("\x08"), "the file is truncated or damaged: the field at byte 0 ends early");
  EXPECT_EQ(errorOf(std::string("\x08\x01\x00", 3)),
            "expected a field of a message at byte 2, but found tag 0");
  EXPECT_EQ(errorOf("\x3b"), "expected a field of a message at byte 0, but found wire type 3");
}

TEST(Skeleton, LimitsDepthWithoutRecursion) {
  auto nested = [](unsigned depth) {
    onnx::GraphProto graph;
    graph.set_name("leaf");
    for (unsigned i = 0; i < depth; ++i) {
      onnx::GraphProto outer;
      outer.add_node()->add_attribute()->mutable_g()->Swap(&graph);
      graph.Swap(&outer);
    }
    onnx::ModelProto model;
    model.mutable_graph()->Swap(&graph);
    return model.SerializePartialAsString();
  };
  EXPECT_EQ(errorOf(nested(60)), "");
  EXPECT_NE(errorOf(nested(70)).find("expected at most 200 nested messages"), std::string::npos);
  // A file without an end to its nesting: each level claims all that is left.
  std::string endless;
  for (unsigned i = 0; i < 100000; ++i)
    endless += i % 3 == 0 ? "\x0a" : i % 3 == 1 ? "\x2a" : "\x32";
  EXPECT_NE(errorOf(endless), "");
}

TEST(Skeleton, SurvivesDamage) {
  const std::string good = sample().SerializeAsString();
  std::mt19937 random(1);
  unsigned accepted = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    std::string bad = good;
    for (unsigned k = 0; k <= random() % 3; ++k)
      bad[random() % bad.size()] = static_cast<char>(random());
    bad.resize(random() % 4 ? bad.size() : random() % bad.size());
    Expected<Skeleton> skeleton = stripPayloads(bytesOf(bad));
    if (!skeleton) {
      EXPECT_FALSE(toString(skeleton.takeError()).empty());
      continue;
    }
    ++accepted;
    for (const Payload &payload : skeleton->payloads) {
      EXPECT_LE(payload.rawOffset + payload.rawLength, bad.size());
      for (const ElementRun &run : payload.runs)
        EXPECT_LE(run.offset + run.length, bad.size());
    }
  }
  EXPECT_GT(accepted, 1000u); // damage to names and numbers is not seen here
  EXPECT_LT(accepted, 19000u);
}
