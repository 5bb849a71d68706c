//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finding the NVIDIA driver and a device; see GpuDriver.h.
//
//===----------------------------------------------------------------------===//

#include "GpuDriver.h"

#include <dlfcn.h>
#include <string.h>

int32_t qrt_driver_open(const char *library, qrt_driver *driver, char *message, size_t size) {
  static const char *const names[] = {
#define QRT_CU_NAME(NAME, SYMBOL, PARAMETERS) SYMBOL,
      QRT_CU_FUNCTIONS(QRT_CU_NAME)
#undef QRT_CU_NAME
  };
  // Never closed: the driver keeps threads of its own.
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    qrt_format(message, size, "the model needs an NVIDIA GPU, but '%s' cannot be loaded", library);
    return QRT_GPU_NO_DRIVER;
  }
  void *functions[QRT_CU_FUNCTION_COUNT];
  for (int i = 0; i < QRT_CU_FUNCTION_COUNT; ++i) {
    functions[i] = dlsym(handle, names[i]);
    if (!functions[i]) {
      qrt_format(message, size, "the NVIDIA driver in '%s' lacks %s", library, names[i]);
      return QRT_GPU_NO_SYMBOL;
    }
  }
  memcpy(driver, functions, sizeof functions);
  return QRT_OK;
}

static const char *qrt_driver_text(const qrt_driver *driver, int result) {
  const char *text = NULL;
  driver->error_string(result, &text);
  return text ? text : "unknown error";
}

int32_t qrt_driver_find_device(const qrt_driver *driver, int32_t least, int *device, char *message,
                               size_t size) {
  int count = 0;
  int result = driver->init(0);
  if (result == 0)
    result = driver->device_count(&count);
  if (result != 0 || count == 0) {
    qrt_format(message, size, "the NVIDIA driver finds no GPU: %s",
               result ? qrt_driver_text(driver, result) : "the list is empty");
    return QRT_GPU_NO_DEVICE;
  }
  char name[64] = "";
  int found = 0;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    int major = 0, minor = 0;
    if (driver->device_get(device, ordinal) != 0 ||
        driver->device_attribute(&major, QRT_CU_COMPUTE_MAJOR, *device) != 0 ||
        driver->device_attribute(&minor, QRT_CU_COMPUTE_MINOR, *device) != 0)
      continue;
    if (major * 10 + minor >= least)
      return QRT_OK;
    if (major * 10 + minor <= found)
      continue;
    found = major * 10 + minor;
    driver->device_name(name, sizeof name, *device);
  }
  qrt_format(message, size,
             "the model needs a GPU of compute capability %d.%d, but the newest is '%s' with %d.%d",
             least / 10, least % 10, name, found / 10, found % 10);
  return QRT_GPU_TOO_OLD;
}
