//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions generated for the op interfaces.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/ChannelAlgebra.h"
#include "quantc/Interfaces/IntegerSemantics.h"
#include "quantc/Interfaces/PackedLinear.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"

#include "quantc/Interfaces/ChannelAlgebra.cpp.inc"
#include "quantc/Interfaces/IntegerSemantics.cpp.inc"
#include "quantc/Interfaces/PackedLinear.cpp.inc"
#include "quantc/Interfaces/QuantizableOpInterface.cpp.inc"
