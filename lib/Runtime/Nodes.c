//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory and failures of nodes in loops; see Nodes.h.
//
// A failed check leaves by the compiler's own setjmp, which needs no C library. Nodes run on the
// thread that called run, so the jump crosses frames of generated code alone.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "Runtime.h"

#include <stdlib.h>

#define QRT_BLOCK_ALIGNMENT 64

typedef struct qrt_block {
  struct qrt_block *next;
  uint64_t bytes;
  bool used;
} qrt_block;

struct qrt_nodes {
  void *way_out[5]; // of __builtin_setjmp
  qrt_block *blocks;
  int32_t outcome;
};

qrt_nodes *qrt_nodes_create(void) { return calloc(1, sizeof(qrt_nodes)); }

void qrt_nodes_destroy(qrt_nodes *nodes) {
  if (!nodes)
    return;
  while (nodes->blocks) {
    qrt_block *block = nodes->blocks;
    nodes->blocks = block->next;
    free(block);
  }
  free(nodes);
}

static _Noreturn void qrt_nodes_leave(qrt_nodes *nodes, int32_t outcome) {
  nodes->outcome = outcome;
  __builtin_longjmp(nodes->way_out, 1);
}

void qrt_nodes_fail(qrt_nodes *nodes, int32_t message) { qrt_nodes_leave(nodes, message); }

// The smallest unused block that is not much too large; fresh pages cost more than most nodes do.
static qrt_block *qrt_spare_block(qrt_nodes *nodes, uint64_t bytes) {
  qrt_block *best = NULL;
  for (qrt_block *block = nodes->blocks; block; block = block->next)
    if (!block->used && block->bytes >= bytes && block->bytes / 4 <= bytes &&
        (!best || block->bytes < best->bytes))
      best = block;
  return best;
}

// Gives spare blocks back when they hold more than a new one would: the buffers of a loop that
// makes larger ones in every turn fit none of them.
static void qrt_trim(qrt_nodes *nodes, uint64_t bytes) {
  uint64_t spare = 0;
  for (qrt_block *block = nodes->blocks; block; block = block->next)
    spare += block->used ? 0 : block->bytes;
  if (spare <= bytes)
    return;
  for (qrt_block **link = &nodes->blocks; *link;) {
    qrt_block *block = *link;
    if (block->used) {
      link = &block->next;
      continue;
    }
    *link = block->next;
    free(block);
  }
}

static void *qrt_block_memory(qrt_block *block) { return (char *)block + QRT_BLOCK_ALIGNMENT; }

void *qrt_nodes_alloc(qrt_nodes *nodes, uint64_t bytes) {
  if (bytes > (uint64_t)1 << 46)
    qrt_nodes_leave(nodes, QRT_NODES_NO_MEMORY);
  qrt_block *block = qrt_spare_block(nodes, bytes);
  if (!block) {
    qrt_trim(nodes, bytes);
    uint64_t whole =
        (bytes + 3 * QRT_BLOCK_ALIGNMENT - 1) / QRT_BLOCK_ALIGNMENT * QRT_BLOCK_ALIGNMENT;
    block = aligned_alloc(QRT_BLOCK_ALIGNMENT, whole);
    if (!block)
      qrt_nodes_leave(nodes, QRT_NODES_NO_MEMORY);
    block->next = nodes->blocks;
    block->bytes = bytes;
    nodes->blocks = block;
  }
  block->used = true;
  return qrt_block_memory(block);
}

void qrt_nodes_free(qrt_nodes *nodes, void *memory) {
  (void)nodes;
  ((qrt_block *)((char *)memory - QRT_BLOCK_ALIGNMENT))->used = false;
}

QRT_NOINLINE int32_t qrt_nodes_guard(qrt_nodes *nodes, void (*body)(void *), void *argument) {
  nodes->outcome = QRT_NODES_DONE;
  if (__builtin_setjmp(nodes->way_out) == 0)
    body(argument);
  for (qrt_block *block = nodes->blocks; block; block = block->next)
    block->used = false;
  return nodes->outcome;
}
