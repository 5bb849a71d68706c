//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decisions as metadata of remarks; see RotationDecision.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/RotationDecision.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/NodeName.h"

using namespace mlir;
using namespace quantc;

static constexpr RotationKind kinds[] = {RotationKind::Stream, RotationKind::Heads,
                                         RotationKind::Scores, RotationKind::Input,
                                         RotationKind::Mixing, RotationKind::Norm};

llvm::StringRef quantc::rotationKindName(RotationKind kind) {
  switch (kind) {
  case RotationKind::Stream:
    return "R1";
  case RotationKind::Heads:
    return "R2";
  case RotationKind::Scores:
    return "R3";
  case RotationKind::Input:
    return "R4";
  case RotationKind::Mixing:
    return "heads";
  case RotationKind::Norm:
    return "norm";
  }
  llvm_unreachable("a kind of rotation");
}

/// Keys of the dictionary.
static constexpr llvm::StringLiteral kindKey = "quantc.rotation", nodeKey = "node",
                                     channelsKey = "channels", rotatedKey = "rotated",
                                     textKey = "text";

InFlightDiagnostic quantc::remarkRotation(Operation *op, RotationKind kind, int64_t channels,
                                          bool isRotated, const llvm::Twine &description) {
  InFlightDiagnostic remark = op->emitRemark();
  MLIRContext *context = op->getContext();
  auto text = [&](llvm::StringRef value) { return StringAttr::get(context, value); };
  auto entry = [&](llvm::StringRef key, Attribute value) {
    return NamedAttribute(text(key), value);
  };
  NamedAttribute entries[] = {
      entry(kindKey, text(rotationKindName(kind))), entry(nodeKey, text(getNodeName(op))),
      entry(channelsKey, IntegerAttr::get(IntegerType::get(context, 64), channels)),
      entry(rotatedKey, BoolAttr::get(context, isRotated)),
      entry(textKey, text(description.str()))};
  if (Diagnostic *diagnostic = remark.getUnderlyingDiagnostic())
    diagnostic->getMetadata().push_back(
        DiagnosticArgument(Attribute(DictionaryAttr::get(context, entries))));
  return remark;
}

std::optional<RotationDecision> quantc::decisionOf(Diagnostic &diagnostic) {
  for (const DiagnosticArgument &argument : diagnostic.getMetadata()) {
    if (argument.getKind() != DiagnosticArgument::DiagnosticArgumentKind::Attribute)
      continue;
    auto entries = dyn_cast<DictionaryAttr>(argument.getAsAttribute());
    auto name = entries ? entries.getAs<StringAttr>(kindKey) : StringAttr();
    if (!name)
      continue;
    for (RotationKind kind : kinds)
      if (name.getValue() == rotationKindName(kind))
        return RotationDecision{kind, entries.getAs<StringAttr>(nodeKey).str(),
                                entries.getAs<IntegerAttr>(channelsKey).getInt(),
                                entries.getAs<BoolAttr>(rotatedKey).getValue(),
                                entries.getAs<StringAttr>(textKey).str()};
  }
  return std::nullopt;
}
