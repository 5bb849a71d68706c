//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of the NVIDIA driver's interface that the runtime uses, declared here
// so that nothing of the CUDA toolkit is needed. Handles are pointers, device
// addresses 64-bit integers, results integers with 0 for success; names and
// versions are those of the driver's exports.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_RUNTIME_GPUDRIVER_H
#define QUANTC_LIB_RUNTIME_GPUDRIVER_H

#include "Runtime.h"

typedef uint64_t qrt_cu_address;
typedef struct qrt_cu_object *qrt_cu_handle;

// X(member, exported symbol, parameters)
#define QRT_CU_FUNCTIONS(X)                                                                        \
  X(init, "cuInit", (unsigned flags))                                                              \
  X(device_count, "cuDeviceGetCount", (int *count))                                                \
  X(device_get, "cuDeviceGet", (int *device, int ordinal))                                         \
  X(device_name, "cuDeviceGetName", (char *name, int size, int device))                            \
  X(device_attribute, "cuDeviceGetAttribute", (int *value, int attribute, int device))             \
  X(context_retain, "cuDevicePrimaryCtxRetain", (qrt_cu_handle * context, int device))             \
  X(context_release, "cuDevicePrimaryCtxRelease_v2", (int device))                                 \
  X(context_push, "cuCtxPushCurrent_v2", (qrt_cu_handle context))                                  \
  X(context_pop, "cuCtxPopCurrent_v2", (qrt_cu_handle * context))                                  \
  X(module_load, "cuModuleLoadDataEx",                                                             \
    (qrt_cu_handle * module, const void *image, unsigned count, int *options, void **values))      \
  X(module_unload, "cuModuleUnload", (qrt_cu_handle module))                                       \
  X(module_function, "cuModuleGetFunction",                                                        \
    (qrt_cu_handle * function, qrt_cu_handle module, const char *name))                            \
  X(function_set, "cuFuncSetAttribute", (qrt_cu_handle function, int attribute, int value))        \
  X(allocate, "cuMemAlloc_v2", (qrt_cu_address * address, size_t bytes))                           \
  X(free, "cuMemFree_v2", (qrt_cu_address address))                                                \
  X(copy, "cuMemcpyAsync",                                                                         \
    (qrt_cu_address to, qrt_cu_address from, size_t bytes, qrt_cu_handle stream))                  \
  X(fill, "cuMemsetD8Async",                                                                       \
    (qrt_cu_address address, unsigned char value, size_t bytes, qrt_cu_handle stream))             \
  X(launch, "cuLaunchKernel",                                                                      \
    (qrt_cu_handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,  \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, qrt_cu_handle stream,              \
     void **parameters, void **extra))                                                             \
  X(stream_create, "cuStreamCreate", (qrt_cu_handle * stream, unsigned flags))                     \
  X(stream_wait, "cuStreamSynchronize", (qrt_cu_handle stream))                                    \
  X(stream_destroy, "cuStreamDestroy_v2", (qrt_cu_handle stream))                                  \
  X(capture_begin, "cuStreamBeginCapture_v2", (qrt_cu_handle stream, int mode))                    \
  X(capture_end, "cuStreamEndCapture", (qrt_cu_handle stream, qrt_cu_handle * graph))              \
  X(graph_make, "cuGraphInstantiateWithFlags",                                                     \
    (qrt_cu_handle * executable, qrt_cu_handle graph, uint64_t flags))                             \
  X(graph_launch, "cuGraphLaunch", (qrt_cu_handle executable, qrt_cu_handle stream))               \
  X(graph_destroy, "cuGraphDestroy", (qrt_cu_handle graph))                                        \
  X(graph_free, "cuGraphExecDestroy", (qrt_cu_handle executable))                                  \
  X(event_create, "cuEventCreate", (qrt_cu_handle * event, unsigned flags))                        \
  X(event_record, "cuEventRecord", (qrt_cu_handle event, qrt_cu_handle stream))                    \
  X(event_elapsed, "cuEventElapsedTime",                                                           \
    (float *milliseconds, qrt_cu_handle begin, qrt_cu_handle end))                                 \
  X(event_destroy, "cuEventDestroy_v2", (qrt_cu_handle event))                                     \
  X(error_string, "cuGetErrorString", (int error, const char **text))

typedef struct qrt_driver {
#define QRT_CU_MEMBER(NAME, SYMBOL, PARAMETERS) int(*NAME) PARAMETERS;
  QRT_CU_FUNCTIONS(QRT_CU_MEMBER)
#undef QRT_CU_MEMBER
} qrt_driver;

enum { QRT_CU_FUNCTION_COUNT = sizeof(qrt_driver) / sizeof(void *) };

// Values of the driver's enumerations.
enum {
  QRT_CU_COMPUTE_MAJOR = 75, // device attributes
  QRT_CU_COMPUTE_MINOR = 76,
  QRT_CU_MAX_DYNAMIC_SHARED = 8, // function attribute
  QRT_CU_JIT_ERROR_LOG = 5,      // options of module_load
  QRT_CU_JIT_ERROR_LOG_BYTES = 6,
  QRT_CU_STREAM_NON_BLOCKING = 1,
  QRT_CU_CAPTURE_THREAD_LOCAL = 1,
  QRT_CU_SHARED_WITHOUT_ASKING = 48 * 1024
};

// Opens the driver's library by name and finds every function. QRT_GPU_NO_DRIVER
// or QRT_GPU_NO_SYMBOL with a message that names what is missing.
int32_t qrt_driver_open(const char *library, qrt_driver *driver, char *message, size_t size);

// Finds the first device of at least this compute capability (major * 10 +
// minor). QRT_GPU_NO_DEVICE or QRT_GPU_TOO_OLD with a message.
int32_t qrt_driver_find_device(const qrt_driver *driver, int32_t least, int *device, char *message,
                               size_t size);

#endif // QUANTC_LIB_RUNTIME_GPUDRIVER_H
