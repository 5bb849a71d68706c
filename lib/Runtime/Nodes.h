//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// State of the steps that are nodes in loops (docs/Nodes.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_RUNTIME_NODES_H
#define QUANTC_LIB_RUNTIME_NODES_H

#include "quantc/Runtime/ModelDescriptor.h"

// Null without memory.
qrt_nodes *qrt_nodes_create(void);
void qrt_nodes_destroy(qrt_nodes *nodes);

// Calls body(argument). QRT_NODES_DONE when it returns; the number of the message when a check in
// it fails; QRT_NODES_NO_MEMORY. Whatever is allocated in it is free again.
enum { QRT_NODES_DONE = -1, QRT_NODES_NO_MEMORY = -2 };
int32_t qrt_nodes_guard(qrt_nodes *nodes, void (*body)(void *), void *argument);

#endif // QUANTC_LIB_RUNTIME_NODES_H
