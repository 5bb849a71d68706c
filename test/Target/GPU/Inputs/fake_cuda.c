//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in for libcuda.so.1 that has the functions the runtime asks for: memory of the "device"
// is the host's, launches are written to standard output and compute nothing. Environment:
// FAKE_CUDA_DEVICES (default 1), FAKE_CUDA_CAPABILITY (default 80), FAKE_CUDA_FAIL (name of a
// function that returns error 999). Compiled with -DWITHOUT_GRAPHS it lacks cuGraphLaunch.
//
//===----------------------------------------------------------------------===//

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t address;
typedef void *handle;

static int setting(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

// Every function begins with this.
#define BEGIN(NAME)                                                                                \
  do {                                                                                             \
    const char *fail = getenv("FAKE_CUDA_FAIL");                                                   \
    if (fail && strcmp(fail, NAME) == 0)                                                           \
      return 999;                                                                                  \
  } while (0)

static address blocks[64];
static size_t block_bytes[64];
static int block_count, live_blocks, contexts;
static char names[64][64];
static int name_count;

int cuInit(unsigned flags) {
  BEGIN("cuInit");
  setvbuf(stdout, NULL, _IONBF, 0);
  return flags;
}
int cuDeviceGetCount(int *count) {
  *count = setting("FAKE_CUDA_DEVICES", 1);
  return 0;
}
int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, (size_t)size, "Fake %d", device);
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = setting("FAKE_CUDA_CAPABILITY", 80);
  (void)device;
  *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : 0;
  return 0;
}
int cuDevicePrimaryCtxRetain(handle *context, int device) {
  *context = blocks;
  (void)device;
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int device) {
  (void)device;
  printf("released with %d live blocks and %d pushed contexts\n", live_blocks, contexts);
  return 0;
}
int cuCtxPushCurrent_v2(handle context) {
  (void)context;
  ++contexts;
  return 0;
}
int cuCtxPopCurrent_v2(handle *context) {
  *context = NULL;
  --contexts;
  return 0;
}
int cuModuleLoadDataEx(handle *module, const void *image, unsigned count, int *options,
                       void **values) {
  if (getenv("FAKE_CUDA_FAIL") && strcmp(getenv("FAKE_CUDA_FAIL"), "cuModuleLoadDataEx") == 0) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        strcpy(values[i], "ptxas fatal : made up");
    return 218;
  }
  printf("module of PTX %.3s\n", strstr(image, ".version") + 9);
  *module = names;
  return 0;
}
int cuModuleUnload(handle module) {
  (void)module;
  return 0;
}
int cuModuleGetFunction(handle *function, handle module, const char *name) {
  (void)module;
  snprintf(names[name_count], sizeof names[0], "%s", name);
  *function = names[name_count++];
  return 0;
}
int cuFuncSetAttribute(handle function, int attribute, int value) {
  printf("attribute %d of %s: %d\n", attribute, (char *)function, value);
  return 0;
}
int cuMemAlloc_v2(address *result, size_t bytes) {
  BEGIN("cuMemAlloc_v2");
  *result = (address)(uintptr_t)malloc(bytes);
  blocks[block_count] = *result;
  block_bytes[block_count++] = bytes;
  ++live_blocks;
  return 0;
}
int cuMemFree_v2(address memory) {
  free((void *)(uintptr_t)memory);
  --live_blocks;
  return 0;
}
int cuMemcpyAsync(address to, address from, size_t bytes, handle stream) {
  (void)stream;
  memcpy((void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes);
  return 0;
}
int cuMemsetD8Async(address to, unsigned char value, size_t bytes, handle stream) {
  (void)stream;
  memset((void *)(uintptr_t)to, value, bytes);
  return 0;
}

// "block+offset" of an address.
static void print_place(address at) {
  for (int i = block_count - 1; i >= 0; --i)
    if (at >= blocks[i] && at < blocks[i] + block_bytes[i]) {
      printf(" %d+%d", i, (int)(at - blocks[i]));
      return;
    }
  printf(" nowhere");
}

int cuLaunchKernel(handle function, unsigned x, unsigned y, unsigned z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, handle stream,
                   void **parameters, void **extra) {
  BEGIN("cuLaunchKernel");
  (void)stream, (void)extra;
  printf("launch %s grid %u %u %u block %u %u %u shared %u at", (char *)function, x, y, z, block_x,
         block_y, block_z, shared_bytes);
  for (int i = 0; i < 2; ++i) // every kernel of the tests has two at least
    print_place(*(address *)parameters[i]);
  printf("\n");
  return 0;
}
int cuStreamCreate(handle *stream, unsigned flags) {
  (void)flags;
  *stream = blocks;
  return 0;
}
int cuStreamSynchronize(handle stream) {
  (void)stream;
  return 0;
}
int cuStreamDestroy_v2(handle stream) {
  (void)stream;
  return 0;
}
int cuStreamBeginCapture_v2(handle stream, int mode) {
  (void)stream, (void)mode;
  printf("capture begins\n");
  return 0;
}
int cuStreamEndCapture(handle stream, handle *graph) {
  (void)stream;
  printf("capture ends\n");
  *graph = blocks;
  return 0;
}
int cuGraphInstantiateWithFlags(handle *executable, handle graph, uint64_t flags) {
  (void)graph, (void)flags;
  *executable = blocks;
  return 0;
}
#ifndef WITHOUT_GRAPHS
int cuGraphLaunch(handle executable, handle stream) {
  BEGIN("cuGraphLaunch");
  (void)executable, (void)stream;
  printf("graph launched\n");
  return 0;
}
#endif
int cuGraphDestroy(handle graph) {
  (void)graph;
  return 0;
}
int cuGraphExecDestroy(handle executable) {
  (void)executable;
  return 0;
}
int cuEventCreate(handle *event, unsigned flags) {
  (void)flags;
  *event = blocks;
  return 0;
}
int cuEventRecord(handle event, handle stream) {
  (void)event, (void)stream;
  return 0;
}
int cuEventElapsedTime(float *milliseconds, handle begin, handle end) {
  (void)begin, (void)end;
  *milliseconds = 0.25f;
  return 0;
}
int cuEventDestroy_v2(handle event) {
  (void)event;
  return 0;
}
int cuGetErrorString(int error, const char **text) {
  *text = error == 999 ? "made up" : "unknown";
  return 0;
}
