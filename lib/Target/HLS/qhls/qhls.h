//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The whole unit library. The page that says what units mean is docs/HLS.md of quantc.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_QHLS_H
#define QHLS_QHLS_H

#include "epilogue.h"
#include "latency.h"
#include "move.h"
#include "mvau.h"
#include "pointwise.h"
#include "reduce.h"
#include "types.h"
#include "window.h"

#endif // QHLS_QHLS_H
