//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the vectors that the compiler put into the library and compares the
// outputs: bit for bit, or float32 outputs within the descriptor's tolerance.
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"

#include <stdlib.h>
#include <string.h>

// The tensors of one vector: inputs, then outputs, and their shapes.
typedef struct qrt_vector {
  qrt_tensor *tensors;
  int64_t (*shapes)[QRT_MAX_RANK];
} qrt_vector;

// Where the first difference is; element -1 when there is none.
typedef struct qrt_difference {
  int64_t element;
  double expected, found;
} qrt_difference;

static int64_t qrt_fill_tensor(qrt_tensor *tensor, int64_t *shape, const qrt_tensor_info *info,
                               const int64_t *dims) {
  int64_t elements = 1;
  for (int32_t i = 0; i < info->rank; ++i) {
    shape[i] = info->shape[i] >= 0 ? info->shape[i] : dims[-1 - info->shape[i]];
    elements *= shape[i];
  }
  tensor->dtype = info->dtype;
  tensor->rank = info->rank;
  tensor->shape = shape;
  return elements * qrt_dtype_size(info->dtype);
}

static double qrt_element(const void *data, int32_t dtype, int64_t i) {
  switch (dtype) {
  case QRT_FLOAT32:
    return ((const float *)data)[i];
  case QRT_FLOAT64:
    return ((const double *)data)[i];
  case QRT_BOOL:
  case QRT_UINT8:
    return ((const uint8_t *)data)[i];
  case QRT_INT8:
    return ((const int8_t *)data)[i];
  case QRT_UINT16:
  case QRT_FLOAT16:
  case QRT_BFLOAT16:
    return ((const uint16_t *)data)[i];
  case QRT_INT16:
    return ((const int16_t *)data)[i];
  case QRT_INT32:
    return ((const int32_t *)data)[i];
  case QRT_UINT32:
    return ((const uint32_t *)data)[i];
  case QRT_INT64:
    return (double)((const int64_t *)data)[i];
  case QRT_UINT64:
    return (double)((const uint64_t *)data)[i];
  default:
    return 0;
  }
}

static double qrt_magnitude(double value) { return value < 0 ? -value : value; }

// Whether two float elements agree; a NaN agrees with a NaN only.
static bool qrt_close(double expected, double found, double bound) {
  if (expected != expected || found != found)
    return expected != expected && found != found;
  return expected == found || qrt_magnitude(found - expected) <= bound;
}

static qrt_difference qrt_compare(const void *expected, const void *found, int32_t dtype,
                                  int64_t elements, float tolerance) {
  const int64_t size = qrt_dtype_size(dtype);
  const bool exact = (dtype != QRT_FLOAT32 && dtype != QRT_FLOAT64) || tolerance == 0;
  double largest = 0;
  for (int64_t i = 0; !exact && i < elements; ++i) {
    double magnitude = qrt_magnitude(qrt_element(expected, dtype, i));
    largest = magnitude > largest ? magnitude : largest;
  }
  for (int64_t i = 0; i < elements; ++i) {
    double e = qrt_element(expected, dtype, i);
    double f = qrt_element(found, dtype, i);
    bool same = exact ? memcmp((const char *)expected + i * size, (const char *)found + i * size,
                               (size_t)size) == 0
                      : qrt_close(e, f, (double)tolerance * largest);
    if (!same)
      return (qrt_difference){i, e, f};
  }
  return (qrt_difference){-1, 0, 0};
}

// Allocates the outputs of test `index` and points the inputs at its data.
static int32_t qrt_open_vector(const qrt_model_desc *model, int32_t index, qrt_vector *vector) {
  const qrt_self_test *test = &model->self_tests[index];
  int32_t count = model->num_inputs + model->num_outputs;
  vector->tensors = calloc((size_t)count + 1, sizeof *vector->tensors);
  vector->shapes = calloc((size_t)count + 1, sizeof *vector->shapes);
  if (!vector->tensors || !vector->shapes)
    return QRT_OUT_OF_MEMORY;
  for (int32_t i = 0; i < count; ++i) {
    bool is_input = i < model->num_inputs;
    int32_t k = is_input ? i : i - model->num_inputs;
    qrt_tensor *tensor = &vector->tensors[i];
    int64_t bytes = qrt_fill_tensor(tensor, vector->shapes[i],
                                    is_input ? &model->inputs[k] : &model->outputs[k], test->dims);
    // Inputs are read only, but qrt_tensor serves both directions.
    tensor->data = is_input ? (void *)test->inputs[k] : calloc((size_t)bytes + 1, 1);
    if (!tensor->data)
      return QRT_OUT_OF_MEMORY;
  }
  return QRT_OK;
}

static void qrt_close_vector(const qrt_model_desc *model, qrt_vector *vector) {
  for (int32_t i = 0; vector->tensors && i < model->num_outputs; ++i)
    free(vector->tensors[model->num_inputs + i].data);
  free(vector->tensors);
  free(vector->shapes);
}

static int32_t qrt_compare_outputs(const qrt_model_desc *model, int32_t index,
                                   const qrt_tensor *outputs, char *message, size_t size) {
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    int64_t elements = 1;
    for (int32_t axis = 0; axis < outputs[i].rank; ++axis)
      elements *= outputs[i].shape[axis];
    qrt_difference difference = qrt_compare(model->self_tests[index].outputs[i], outputs[i].data,
                                            outputs[i].dtype, elements, model->self_test_tolerance);
    if (difference.element < 0)
      continue;
    qrt_format(message, size,
               "vector %d, output '%s', element %lld: expected %.9g, but "
               "found %.9g",
               index, model->outputs[i].name, (long long)difference.element, difference.expected,
               difference.found);
    return QRT_SELF_TEST_FAILED;
  }
  return QRT_OK;
}

static int32_t qrt_run_vector(const qrt_model_desc *model, qrt_context *context, int32_t index,
                              char *message, size_t size) {
  qrt_vector vector = {NULL, NULL};
  int32_t status = qrt_open_vector(model, index, &vector);
  if (status != QRT_OK) {
    qrt_format(message, size, "no memory for the outputs of vector %d", index);
  } else {
    qrt_tensor *outputs = vector.tensors + model->num_inputs;
    status = qrt_run(context, vector.tensors, model->num_inputs, outputs, model->num_outputs);
    if (status == QRT_OK)
      status = qrt_compare_outputs(model, index, outputs, message, size);
    else
      qrt_format(message, size, "vector %d: %s", index,
                 status == QRT_BUSY ? qrt_status_string(status) : context->error);
  }
  qrt_close_vector(model, &vector);
  return status;
}

// A context of one thread, large enough for every vector.
static int32_t qrt_create_for_tests(const qrt_model_desc *model, qrt_context **context,
                                    char *message, int32_t size) {
  int64_t *largest = calloc((size_t)model->num_dims + 1, sizeof *largest);
  if (!largest)
    return QRT_OUT_OF_MEMORY;
  for (int32_t i = 0; i < model->num_self_tests; ++i)
    for (int32_t k = 0; k < model->num_dims; ++k)
      if (model->self_tests[i].dims[k] > largest[k])
        largest[k] = model->self_tests[i].dims[k];
  qrt_options options = {.struct_size = sizeof options,
                         .num_threads = 1,
                         .max_dims = largest,
                         .num_max_dims = model->num_dims,
                         .message = message,
                         .message_size = size};
  int32_t status = qrt_create(model, &options, context);
  free(largest);
  return status;
}

QRT_NOINLINE int32_t qrt_run_self_tests(const qrt_model_desc *model, qrt_context *context,
                                        char *message, int32_t message_size) {
  size_t size = message && message_size > 0 ? (size_t)message_size : 0;
  if (model->num_self_tests == 0) {
    qrt_format(message, size, "the library has no self-test vectors");
    return QRT_NOT_AVAILABLE;
  }
  qrt_context *own = NULL;
  int32_t status = QRT_OK;
  if (!context) {
    status = qrt_create_for_tests(model, &own, message, message_size);
    context = own;
  }
  for (int32_t i = 0; i < model->num_self_tests && status == QRT_OK; ++i)
    status = qrt_run_vector(model, context, i, message, size);
  if (status == QRT_OK)
    qrt_format(message, size, "%d of %d vectors passed", model->num_self_tests,
               model->num_self_tests);
  qrt_destroy(own);
  return status;
}
