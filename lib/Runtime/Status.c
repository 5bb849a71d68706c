//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Words for statuses and element types, and bounded formatting.
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"

#include <stdarg.h>
#include <stdio.h>

const char *qrt_status_string(int32_t status) {
  switch (status) {
  case QRT_OK:
    return "success";
  case QRT_NULL_POINTER:
    return "a required pointer is null";
  case QRT_INVALID_COUNT:
    return "wrong number of inputs, outputs or dimensions";
  case QRT_DTYPE_MISMATCH:
    return "a tensor has the wrong element type";
  case QRT_RANK_MISMATCH:
    return "a tensor has the wrong rank";
  case QRT_SHAPE_MISMATCH:
    return "a tensor has the wrong shape";
  case QRT_MISALIGNED:
    return "the data of a tensor is not aligned to its element size";
  case QRT_OVERLAP:
    return "an output overlaps another tensor";
  case QRT_BUSY:
    return "the context is in use by another thread";
  case QRT_OUT_OF_MEMORY:
    return "out of memory";
  case QRT_UNSUPPORTED_CPU:
    return "the CPU lacks an instruction set that the model needs";
  case QRT_INVALID_OPTION:
    return "an option is out of range";
  case QRT_THREAD_ERROR:
    return "a worker thread could not be started";
  case QRT_PARALLEL_FOR_ERROR:
    return "the host's parallel_for did not run every index exactly once";
  case QRT_SELF_TEST_FAILED:
    return "an output of the self-test differs from its test vector";
  case QRT_NOT_AVAILABLE:
    return "not available in this library or context";
  case QRT_GPU_NO_DRIVER:
    return "no GPU: the NVIDIA driver's library cannot be loaded";
  case QRT_GPU_NO_SYMBOL:
    return "no GPU: the NVIDIA driver lacks a function, it is too old";
  case QRT_GPU_NO_DEVICE:
    return "no GPU: the NVIDIA driver finds none";
  case QRT_GPU_TOO_OLD:
    return "no GPU that is new enough for the model's code";
  case QRT_GPU_ERROR:
    return "a call of the NVIDIA driver failed";
  case QRT_NODE_ERROR:
    return "a node found its operands wrong";
  default:
    return "unknown status";
  }
}

void qrt_format(char *buffer, size_t size, const char *format, ...) {
  if (!buffer || size == 0)
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(buffer, size, format, arguments);
  va_end(arguments);
}

int64_t qrt_dtype_size(int32_t dtype) {
  switch (dtype) {
  case QRT_UINT8:
  case QRT_INT8:
  case QRT_BOOL:
    return 1;
  case QRT_UINT16:
  case QRT_INT16:
  case QRT_FLOAT16:
  case QRT_BFLOAT16:
    return 2;
  case QRT_FLOAT32:
  case QRT_INT32:
  case QRT_UINT32:
    return 4;
  case QRT_FLOAT64:
  case QRT_INT64:
  case QRT_UINT64:
    return 8;
  default:
    return 0;
  }
}

const char *qrt_dtype_name(int32_t dtype) {
  switch (dtype) {
  case QRT_FLOAT32:
    return "float32";
  case QRT_UINT8:
    return "uint8";
  case QRT_INT8:
    return "int8";
  case QRT_UINT16:
    return "uint16";
  case QRT_INT16:
    return "int16";
  case QRT_INT32:
    return "int32";
  case QRT_INT64:
    return "int64";
  case QRT_BOOL:
    return "bool";
  case QRT_FLOAT16:
    return "float16";
  case QRT_FLOAT64:
    return "float64";
  case QRT_UINT32:
    return "uint32";
  case QRT_UINT64:
    return "uint64";
  case QRT_BFLOAT16:
    return "bfloat16";
  default:
    return "unknown";
  }
}
