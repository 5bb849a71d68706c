//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mutations of ONNX models that leave the wire format whole: a field somewhere in
// the message is set, cleared, repeated or takes what another one has. One in
// three inputs is changed bytewise instead.
//
//===----------------------------------------------------------------------===//

#include <onnx/onnx_pb.h>
#include <random>
#include <vector>

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

class Mutator {
public:
  explicit Mutator(unsigned seed) : random(seed) {}

  void mutate(Message &root);
  unsigned below(size_t bound) { return random() % bound; }

private:
  void collect(Message &root);
  void mutateField(Message &message, const FieldDescriptor *field);
  void mutateRepeated(Message &message, const FieldDescriptor *field);
  int64_t number();
  std::string text();
  void setScalar(Message &message, const FieldDescriptor *field, bool add);

  std::minstd_rand random;
  std::vector<Message *> messages;
  std::vector<std::string> strings;
};

} // namespace

/// All messages below `root` and all their strings, without recursion.
void Mutator::collect(Message &root) {
  messages.push_back(&root);
  for (size_t at = 0; at < messages.size(); ++at) {
    Message &message = *messages[at];
    const Reflection *reflection = message.GetReflection();
    std::vector<const FieldDescriptor *> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor *field : fields) {
      int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        bool repeated = field->is_repeated();
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
          messages.push_back(repeated ? reflection->MutableRepeatedMessage(&message, field, i)
                                      : reflection->MutableMessage(&message, field));
        else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING)
          strings.push_back(repeated ? reflection->GetRepeatedString(message, field, i)
                                     : reflection->GetString(message, field));
      }
    }
  }
}

int64_t Mutator::number() {
  static constexpr int64_t special[] = {-1,        0,         1,         INT64_MIN, INT64_MAX,
                                        INT32_MIN, INT32_MAX, 1LL << 31, 1LL << 32, 1LL << 62,
                                        65536,     255,       -2,        7,         13};
  switch (below(4)) {
  case 0:
    return special[below(std::size(special))];
  case 1:
    return int64_t(below(32)) - 4;
  case 2:
    return int64_t(below(1 << 30)) << below(33);
  default:
    return below(4);
  }
}

/// Mostly a string that the model has already: a name refers to something, an op exists.
std::string Mutator::text() {
  static const char *const ops[] = {
      "If",      "Loop",  "Scan",   "Identity",       "Constant",  "Shape",     "Reshape",
      "Concat",  "Slice", "Gather", "Expand",         "Transpose", "Unsqueeze", "Pad",
      "Range",   "Tile",  "Split",  "Cast",           "Div",       "Mod",       "Where",
      "ai.onnx", "",      "Resize", "ConstantOfShape"};
  if (strings.empty() || below(4) == 0)
    return ops[below(std::size(ops))];
  std::string result = strings[below(strings.size())];
  if (below(4) == 0 && !result.empty())
    result[below(result.size())] = static_cast<char>(below(256));
  return result;
}

void Mutator::setScalar(Message &message, const FieldDescriptor *field, bool add) {
  const Reflection *reflection = message.GetReflection();
  switch (field->cpp_type()) {
  case FieldDescriptor::CPPTYPE_INT32:
    add ? reflection->AddInt32(&message, field, static_cast<int32_t>(number()))
        : reflection->SetInt32(&message, field, static_cast<int32_t>(number()));
    break;
  case FieldDescriptor::CPPTYPE_INT64:
    add ? reflection->AddInt64(&message, field, number())
        : reflection->SetInt64(&message, field, number());
    break;
  case FieldDescriptor::CPPTYPE_UINT64:
    add ? reflection->AddUInt64(&message, field, number())
        : reflection->SetUInt64(&message, field, number());
    break;
  case FieldDescriptor::CPPTYPE_FLOAT:
    add ? reflection->AddFloat(&message, field, static_cast<float>(number()))
        : reflection->SetFloat(&message, field, static_cast<float>(number()));
    break;
  case FieldDescriptor::CPPTYPE_DOUBLE:
    add ? reflection->AddDouble(&message, field, static_cast<double>(number()))
        : reflection->SetDouble(&message, field, static_cast<double>(number()));
    break;
  case FieldDescriptor::CPPTYPE_STRING:
    add ? reflection->AddString(&message, field, text())
        : reflection->SetString(&message, field, text());
    break;
  case FieldDescriptor::CPPTYPE_ENUM: {
    int value = field->enum_type()->value(below(field->enum_type()->value_count()))->number();
    add ? reflection->AddEnumValue(&message, field, value)
        : reflection->SetEnumValue(&message, field, value);
    break;
  }
  default:
    break;
  }
}

void Mutator::mutateRepeated(Message &message, const FieldDescriptor *field) {
  const Reflection *reflection = message.GetReflection();
  int size = reflection->FieldSize(message, field);
  bool isMessage = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  switch (size == 0 ? 0 : below(4)) {
  case 0: // one more, a message perhaps as another one of its kind is
    if (!isMessage)
      return setScalar(message, field, true);
    if (Message *added = reflection->AddMessage(&message, field)) {
      const Message &other = *messages[below(messages.size())];
      std::string copy =
          other.GetDescriptor() == added->GetDescriptor() ? other.SerializePartialAsString() : "";
      added->ParsePartialFromString(copy);
    }
    return;
  case 1:
    return reflection->SwapElements(&message, field, below(size), below(size));
  case 2:
    return reflection->RemoveLast(&message, field);
  default: // another value: the last one goes, and a new one takes a place
    if (isMessage)
      return;
    reflection->RemoveLast(&message, field);
    setScalar(message, field, true);
    reflection->SwapElements(&message, field, below(size), size - 1);
  }
}

void Mutator::mutateField(Message &message, const FieldDescriptor *field) {
  const Reflection *reflection = message.GetReflection();
  if (field->is_repeated())
    return mutateRepeated(message, field);
  if (reflection->HasField(message, field) && below(6) == 0)
    return reflection->ClearField(&message, field);
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
    return setScalar(message, field, false);
  // Copied first: setting a member of a oneof deletes the one that was set.
  const Message &other = *messages[below(messages.size())];
  std::string copy = other.SerializePartialAsString();
  bool sameKind = other.GetDescriptor() == field->message_type();
  Message *inner = reflection->MutableMessage(&message, field);
  if (sameKind)
    inner->ParsePartialFromString(copy);
}

void Mutator::mutate(Message &root) {
  collect(root);
  Message &message = *messages[below(messages.size())];
  // Fields that are there are more interesting than those that are not.
  std::vector<const FieldDescriptor *> fields;
  message.GetReflection()->ListFields(message, &fields);
  if (fields.empty() || below(3) == 0)
    mutateField(message,
                message.GetDescriptor()->field(below(message.GetDescriptor()->field_count())));
  else
    mutateField(message, fields[below(fields.size())]);
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  Mutator first(seed);
  ::onnx::ModelProto model;
  if (first.below(3) == 0 || !model.ParsePartialFromArray(data, static_cast<int>(size)))
    return LLVMFuzzerMutate(data, size, maxSize);
  for (unsigned i = 0, count = 1 + first.below(3); i < count; ++i)
    Mutator(seed + i).mutate(model);
  std::string bytes;
  if (!model.SerializePartialToString(&bytes) || bytes.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
