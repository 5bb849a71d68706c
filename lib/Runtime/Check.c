//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything a run asks of its arguments, before any step touches a buffer.
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"

// Which tensor a message speaks of.
typedef struct qrt_place {
  qrt_context *context;
  const qrt_tensor_info *info;
  const char *kind; // "input" or "output"
} qrt_place;

static int32_t qrt_check_count(qrt_context *context, const char *kind, const qrt_tensor *tensors,
                               int32_t expected, int32_t found) {
  if (expected != found) {
    qrt_format(context->error, sizeof context->error, "expected %d %ss, but found %d", expected,
               kind, found);
    return QRT_INVALID_COUNT;
  }
  if (expected > 0 && !tensors) {
    qrt_format(context->error, sizeof context->error,
               "expected an array of %ss, but found a null pointer", kind);
    return QRT_NULL_POINTER;
  }
  return QRT_OK;
}

static int32_t qrt_fail_shape(const qrt_place *place, int32_t axis, const char *relation,
                              int64_t expected, int64_t found) {
  qrt_format(place->context->error, sizeof place->context->error,
             "%s '%s', axis %d: expected %s%lld, but found %lld", place->kind, place->info->name,
             axis, relation, (long long)expected, (long long)found);
  return QRT_SHAPE_MISMATCH;
}

// Compares one extent with the model's, binding a dynamic dimension where it
// occurs first.
static int32_t qrt_check_extent(const qrt_place *place, int32_t axis, int64_t found) {
  int64_t expected = place->info->shape[axis];
  if (expected >= 0)
    return found == expected ? QRT_OK : qrt_fail_shape(place, axis, "", expected, found);
  int64_t *bound = &place->context->dims[-1 - expected];
  int64_t largest = place->context->max_dims[-1 - expected];
  if (*bound != 0)
    return found == *bound ? QRT_OK : qrt_fail_shape(place, axis, "", *bound, found);
  if (found < 1)
    return qrt_fail_shape(place, axis, "at least ", 1, found);
  if (found > largest)
    return qrt_fail_shape(place, axis, "at most ", largest, found);
  *bound = found;
  return QRT_OK;
}

// Bytes of a checked tensor.
static int64_t qrt_tensor_bytes(const qrt_tensor *tensor) {
  int64_t bytes = qrt_dtype_size(tensor->dtype);
  for (int32_t i = 0; i < tensor->rank; ++i)
    bytes *= tensor->shape[i];
  return bytes;
}

static int32_t qrt_check_tensor(const qrt_place *place, const qrt_tensor *tensor) {
  const qrt_tensor_info *info = place->info;
  char *error = place->context->error;
  if (tensor->dtype != info->dtype) {
    qrt_format(error, QRT_MESSAGE_SIZE, "%s '%s': expected type %s, but found %s (%d)", place->kind,
               info->name, qrt_dtype_name(info->dtype), qrt_dtype_name(tensor->dtype),
               tensor->dtype);
    return QRT_DTYPE_MISMATCH;
  }
  if (tensor->rank != info->rank) {
    qrt_format(error, QRT_MESSAGE_SIZE, "%s '%s': expected rank %d, but found %d", place->kind,
               info->name, info->rank, tensor->rank);
    return QRT_RANK_MISMATCH;
  }
  if (info->rank > 0 && !tensor->shape) {
    qrt_format(error, QRT_MESSAGE_SIZE, "%s '%s': expected a shape, but found a null pointer",
               place->kind, info->name);
    return QRT_NULL_POINTER;
  }
  for (int32_t axis = 0; axis < info->rank; ++axis) {
    int32_t status = qrt_check_extent(place, axis, tensor->shape[axis]);
    if (status != QRT_OK)
      return status;
  }
  if (!tensor->data && qrt_tensor_bytes(tensor) > 0) {
    qrt_format(error, QRT_MESSAGE_SIZE, "%s '%s': expected data, but found a null pointer",
               place->kind, info->name);
    return QRT_NULL_POINTER;
  }
  int64_t alignment = qrt_dtype_size(info->dtype);
  if (alignment > 1 && (uintptr_t)tensor->data % (uintptr_t)alignment != 0) {
    qrt_format(error, QRT_MESSAGE_SIZE, "%s '%s': expected data aligned to %d bytes, but found %p",
               place->kind, info->name, (int)alignment, tensor->data);
    return QRT_MISALIGNED;
  }
  return QRT_OK;
}

static int32_t qrt_check_tensors(qrt_context *context, const char *kind,
                                 const qrt_tensor_info *infos, const qrt_tensor *tensors,
                                 int32_t count, void **io) {
  for (int32_t i = 0; i < count; ++i) {
    qrt_place place = {context, &infos[i], kind};
    int32_t status = qrt_check_tensor(&place, &tensors[i]);
    if (status != QRT_OK)
      return status;
    io[i] = tensors[i].data;
  }
  return QRT_OK;
}

static bool qrt_overlap(const qrt_tensor *a, const qrt_tensor *b) {
  uintptr_t a_begin = (uintptr_t)a->data, a_end = a_begin + (uintptr_t)qrt_tensor_bytes(a);
  uintptr_t b_begin = (uintptr_t)b->data, b_end = b_begin + (uintptr_t)qrt_tensor_bytes(b);
  // An empty tensor overlaps nothing.
  return a_begin < a_end && b_begin < b_end && a_begin < b_end && b_begin < a_end;
}

// Steps read inputs after other steps have written outputs, so an output may
// share bytes with no other tensor.
static int32_t qrt_check_overlap(qrt_context *context, const qrt_tensor *inputs,
                                 const qrt_tensor *outputs) {
  const qrt_model_desc *model = context->model;
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    for (int32_t j = 0; j < model->num_inputs + i; ++j) {
      bool is_input = j < model->num_inputs;
      int32_t k = is_input ? j : j - model->num_inputs;
      if (!qrt_overlap(&outputs[i], is_input ? &inputs[k] : &outputs[k]))
        continue;
      qrt_format(context->error, sizeof context->error, "output '%s' overlaps %s '%s'",
                 model->outputs[i].name, is_input ? "input" : "output",
                 is_input ? model->inputs[k].name : model->outputs[k].name);
      return QRT_OVERLAP;
    }
  }
  return QRT_OK;
}

int32_t qrt_bind_arguments(qrt_context *context, const qrt_tensor *inputs, int32_t num_inputs,
                           const qrt_tensor *outputs, int32_t num_outputs) {
  const qrt_model_desc *model = context->model;
  int32_t status = qrt_check_count(context, "input", inputs, model->num_inputs, num_inputs);
  if (status == QRT_OK)
    status = qrt_check_count(context, "output", outputs, model->num_outputs, num_outputs);
  if (status != QRT_OK)
    return status;
  for (int32_t i = 0; i < model->num_dims; ++i)
    context->dims[i] = 0;
  status = qrt_check_tensors(context, "input", model->inputs, inputs, num_inputs, context->io);
  if (status == QRT_OK)
    status = qrt_check_tensors(context, "output", model->outputs, outputs, num_outputs,
                               context->io + num_inputs);
  if (status == QRT_OK)
    status = qrt_check_overlap(context, inputs, outputs);
  return status;
}
