//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which transforms of channels an op lets through or takes up.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_CHANNELALGEBRA_TD
#define QUANTC_INTERFACES_CHANNELALGEBRA_TD

include "mlir/IR/OpBase.td"

def ChannelAlgebraInterface : OpInterface<"ChannelAlgebraInterface"> {
  let cppNamespace = "::quantc";
  let description = [{
    An op that knows what a transform of channels at one of its ports asks of the
    others, so that outlier migration and rotation are algebra. An op without this
    interface refuses every transform. The answers are the legality matrix of
    docs/ChannelAlgebra.md.
  }];
  let methods = [
    InterfaceMethod<[{
      What follows when the value at `port`, whose channels lie in `slot`, is stored
      transformed. Looks at the op and its operands' constants, changes nothing.
      `inverse`: the port carries the inverse transform.
    }], "::quantc::Carry", "carry",
      (ins "::quantc::TransformKind":$kind, "::quantc::Port":$port, "const ::quantc::ChannelSlot &":$slot)>,
    InterfaceMethod<[{
      Changes the op's own parameters for a transform at `port` that `carry` absorbed
      or passed. Called once for each port that carries. New constants are created
      before the op. `inverse` as in `Carry::Other`. Fails when a constant's bytes
      are not there.
    }], "::llvm::LogicalResult", "applyTransform",
      (ins "::mlir::OpBuilder &":$builder, "const ::quantc::ChannelTransform &":$transform,
           "::quantc::Port":$port, "const ::quantc::ChannelSlot &":$slot, "bool":$inverse),
      [{}], [{ return ::mlir::success(); }]>
  ];
}

#endif // QUANTC_INTERFACES_CHANNELALGEBRA_TD
