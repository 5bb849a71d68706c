/*===----------------------------------------------------------------------===*\
|*
|* Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
|* See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* A program that uses a compiled model and nothing else of quantc: model.h and
|* the library. Runs the library's self-test, then the model once on zeros.
|*
\*===----------------------------------------------------------------------===*/

#include "model.h"

#include <stdio.h>
#include <stdlib.h>

static size_t element_size(int32_t dtype) {
  return dtype == QRT_FLOAT64 || dtype == QRT_INT64   ? 8
         : dtype == QRT_FLOAT32 || dtype == QRT_INT32 ? 4
                                                      : 1;
}

static int make_tensor(const qrt_tensor_info *info, qrt_tensor *tensor) {
  size_t count = 1;
  int32_t i;
  for (i = 0; i < info->rank; ++i)
    count *= (size_t)info->shape[i];
  tensor->data = calloc(count, element_size(info->dtype));
  tensor->dtype = info->dtype;
  tensor->rank = info->rank;
  tensor->shape = info->shape;
  return tensor->data != NULL;
}

int main(void) {
  qrt_context *context = NULL;
  qrt_tensor input, output;
  char message[256];
  int32_t status = quantc_model_create(NULL, &context);
  if (status != QRT_OK) {
    fprintf(stderr, "create: %s\n", quantc_model_error_string(status));
    return 1;
  }
  status = quantc_model_self_test(context, message, (int32_t)sizeof message);
  printf("%s, %s: self-test: %s\n", quantc_model_name(), quantc_model_cpu_level(), message);
  if (status != QRT_OK || quantc_model_input_count() != 1 || quantc_model_output_count() != 1)
    return 1;
  if (!make_tensor(quantc_model_input(0), &input) || !make_tensor(quantc_model_output(0), &output))
    return 1;
  status = quantc_model_run(context, &input, 1, &output, 1);
  printf("run: %s\n", quantc_model_error_string(status));
  free(input.data);
  free(output.data);
  quantc_model_destroy(context);
  return status == QRT_OK ? 0 : 1;
}
