//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface that every model library built by quantc exports. It needs
// nothing but a C99 or C++ compiler and the model's own .so: neither quantc nor
// LLVM. The names are fixed, so a program may link one model directly or load
// any number of them with dlopen and look the names up.
//
// Life of a model: quantc_model_create once, quantc_model_run as often as
// wanted (it allocates nothing), quantc_model_destroy. Contexts of one library
// share the weights; a context serves one run at a time.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_RUNTIME_MODELABI_H
#define QUANTC_RUNTIME_MODELABI_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define QUANTC_MODEL_API __attribute__((visibility("default")))
#else
#define QUANTC_MODEL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a type or function below changes incompatibly. */
#define QUANTC_MODEL_ABI_VERSION 1

/* Largest rank of a tensor and largest number of threads of a context. */
#define QRT_MAX_RANK 8
#define QRT_MAX_THREADS 256

/* Element types; the codes are those of ONNX's TensorProto.DataType. */
typedef enum qrt_dtype {
  QRT_FLOAT32 = 1,
  QRT_UINT8 = 2,
  QRT_INT8 = 3,
  QRT_UINT16 = 4,
  QRT_INT16 = 5,
  QRT_INT32 = 6,
  QRT_INT64 = 7,
  QRT_BOOL = 9,
  QRT_FLOAT16 = 10,
  QRT_FLOAT64 = 11,
  QRT_UINT32 = 12,
  QRT_UINT64 = 13,
  QRT_BFLOAT16 = 16
} qrt_dtype;

/* What a call returns; 0 is success. quantc_model_error_string says it in
   words, quantc_model_last_error gives the details of one failed run. */
typedef enum qrt_status {
  QRT_OK = 0,
  QRT_NULL_POINTER = 1,        /* a required pointer is null */
  QRT_INVALID_COUNT = 2,       /* wrong number of inputs, outputs, dims */
  QRT_DTYPE_MISMATCH = 3,      /* a tensor has the wrong element type */
  QRT_RANK_MISMATCH = 4,       /* a tensor has the wrong rank */
  QRT_SHAPE_MISMATCH = 5,      /* a tensor has a wrong dimension */
  QRT_MISALIGNED = 6,          /* data is not aligned to its element size */
  QRT_OVERLAP = 7,             /* an output overlaps another tensor */
  QRT_BUSY = 8,                /* the context is in use by another thread */
  QRT_OUT_OF_MEMORY = 9,       /* create or self-test could not allocate */
  QRT_UNSUPPORTED_CPU = 10,    /* the CPU lacks an instruction set */
  QRT_INVALID_OPTION = 11,     /* a field of qrt_options is out of range */
  QRT_THREAD_ERROR = 12,       /* a worker thread could not be started */
  QRT_PARALLEL_FOR_ERROR = 13, /* the host's parallel_for broke its contract */
  QRT_SELF_TEST_FAILED = 14,   /* an output differs from its test vector */
  QRT_NOT_AVAILABLE = 15,      /* the library or context lacks what was asked */
  QRT_GPU_NO_DRIVER = 16,      /* libcuda.so.1 cannot be loaded */
  QRT_GPU_NO_SYMBOL = 17,      /* the driver lacks a function */
  QRT_GPU_NO_DEVICE = 18,      /* the driver finds no GPU, or does not start */
  QRT_GPU_TOO_OLD = 19,        /* no GPU is as new as the model's code needs */
  QRT_GPU_ERROR = 20,          /* a call of the driver failed */
  QRT_NODE_ERROR = 21          /* a node found its operands wrong in a run */
} qrt_status;

/* One tensor of a run, owned by the caller: dense, row-major. Where a model runs
   on a GPU, data may also be an address in that GPU's memory. */
typedef struct qrt_tensor {
  void *data;           /* aligned to the element size */
  int32_t dtype;        /* a qrt_dtype */
  int32_t rank;         /* number of entries of `shape` */
  const int64_t *shape; /* may be null when rank is 0 */
} qrt_tensor;

/* What the model wants or gives for one tensor. For an integer tensor that
   stands for real numbers, real = scale * (integer - zero_point); otherwise
   scale is 0. */
typedef struct qrt_tensor_info {
  const char *name;
  int32_t dtype;        /* a qrt_dtype */
  int32_t rank;         /* at most QRT_MAX_RANK */
  const int64_t *shape; /* extent; -1 - k stands for dynamic dimension k */
  float scale;
  int32_t zero_point;
} qrt_tensor_info;

/* One task of a parallel loop, and a parallel loop given by the host: it calls
   task(argument, i) exactly once for each i in [0, count), from any threads
   and in any order, and returns when all calls have returned. */
typedef void (*qrt_task_fn)(void *argument, int64_t index);
typedef void (*qrt_parallel_for_fn)(void *user, int64_t count, qrt_task_fn task, void *argument);

/* Options of a context. Set struct_size to sizeof(qrt_options) and what is not
   wanted to zero. A null pointer to options means: one thread, no profile. */
typedef struct qrt_options {
  size_t struct_size;
  int32_t num_threads; /* 0: one for each CPU the process may use */
  int32_t profile;     /* not 0: keep the time of every step of a run */
  /* The host's threads instead of the library's own pool; may be null. */
  qrt_parallel_for_fn parallel_for;
  void *parallel_for_user;
  /* Largest extent of each dynamic dimension, num_max_dims values; it may be
     null when the model has no dynamic dimension. */
  const int64_t *max_dims;
  int32_t num_max_dims;
  /* Where create writes details when it fails, NUL-terminated; may be null. */
  int32_t message_size;
  char *message;
} qrt_options;

typedef struct qrt_context qrt_context;

/* The ABI version, the model's name, the version of the compiler that built
   it, what it runs on ("x86-64-v3": instruction sets; "cuda:sm_80": the oldest
   GPU, of which create says whether there is one), and the text of the
   certificate: what was proved about its integers. */
QUANTC_MODEL_API int32_t quantc_model_abi_version(void);
QUANTC_MODEL_API const char *quantc_model_name(void);
QUANTC_MODEL_API const char *quantc_model_version(void);
QUANTC_MODEL_API const char *quantc_model_cpu_level(void);
QUANTC_MODEL_API const char *quantc_model_certificate(void);

/* Inputs and outputs; null for an index that does not exist. */
QUANTC_MODEL_API int32_t quantc_model_input_count(void);
QUANTC_MODEL_API int32_t quantc_model_output_count(void);
QUANTC_MODEL_API const qrt_tensor_info *quantc_model_input(int32_t index);
QUANTC_MODEL_API const qrt_tensor_info *quantc_model_output(int32_t index);

/* Dynamic dimensions: how many, and their names. */
QUANTC_MODEL_API int32_t quantc_model_dim_count(void);
QUANTC_MODEL_API const char *quantc_model_dim_name(int32_t index);

/* Bytes of working memory of one context for the given largest dimensions;
   -1 when their number or values are invalid. */
QUANTC_MODEL_API int64_t quantc_model_arena_bytes(const int64_t *max_dims, int32_t num_max_dims);

/* Makes a context. On failure *context is null. Thread safe. */
QUANTC_MODEL_API int32_t quantc_model_create(const qrt_options *options, qrt_context **context);

/* Runs the model on the caller's buffers: checks every argument, then computes
   with round-to-nearest and without flushing denormals, and restores the
   caller's floating-point environment. Allocates nothing. The outputs do not
   depend on the number of threads. While another context uses the library's
   thread pool, the run takes the calling thread only. */
QUANTC_MODEL_API int32_t quantc_model_run(qrt_context *context, const qrt_tensor *inputs,
                                          int32_t num_inputs, const qrt_tensor *outputs,
                                          int32_t num_outputs);

/* Frees a context; null is allowed. It must not be in a run. The last context
   of a library also stops the library's threads. */
QUANTC_MODEL_API void quantc_model_destroy(qrt_context *context);

/* Runs the test vectors in the library and compares the outputs. `context` may
   be null: a temporary one is made. `message` (may be null) receives a sentence
   on the outcome. QRT_NOT_AVAILABLE when the library has no vectors. Unlike
   run, it allocates. */
QUANTC_MODEL_API int32_t quantc_model_self_test(qrt_context *context, char *message,
                                                int32_t message_size);

/* The meaning of a status, and the details of the context's last failed run
   (empty after a good one; unchanged by QRT_BUSY). Valid until the next run. */
QUANTC_MODEL_API const char *quantc_model_error_string(int32_t status);
QUANTC_MODEL_API const char *quantc_model_last_error(const qrt_context *context);

/* The steps that a run consists of: their number, ONNX node names and kind;
   null for an index that does not exist. */
QUANTC_MODEL_API int32_t quantc_model_step_count(void);
QUANTC_MODEL_API const char *quantc_model_step_name(int32_t index);
QUANTC_MODEL_API const char *quantc_model_step_kind(int32_t index);

/* Nanoseconds of each step of the context's last good run; `count` is the
   number of steps. QRT_NOT_AVAILABLE without the option `profile`. */
QUANTC_MODEL_API int32_t quantc_model_profile(const qrt_context *context, int64_t *nanoseconds,
                                              int32_t count);

#ifdef __cplusplus
}
#endif

#endif /* QUANTC_RUNTIME_MODELABI_H */
