//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the compiler tells the runtime about a model: one constant global,
// `qrt_model_descriptor`, of type struct qrt_model_desc. The runtime implements
// the functions of ModelABI.h on top of it. quantc::cpu::emitModelDescriptor
// (Target/CPU/ModelInfo.h) writes it; the layout is plain C, pointers are
// 8 bytes. Internal: a descriptor and its runtime always come from one build.
//
// Execution model: a run takes the steps in order. All workers finish a step
// before the next one begins. What a step does for (worker, workers) is a
// static partition: the union over the workers is the same for any `workers`.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_RUNTIME_MODELDESCRIPTOR_H
#define QUANTC_RUNTIME_MODELDESCRIPTOR_H

#include "quantc/Runtime/ModelABI.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step of the model. `arena` is the context's working memory. `io` holds
   the data pointers of the inputs, then of the outputs, then one pointer to
   the values of the dynamic dimensions in this run (int64_t[num_dims], null
   without dynamic dimensions), then the context's qrt_nodes.
   0 <= worker < workers. */
typedef void (*qrt_step_fn)(uint8_t *arena, void *const *io, int64_t worker, int64_t workers);

/* State of the steps that are nodes in loops (docs/Nodes.md): the memory that
   they allocate, kept from run to run, and the way out of a failed check.
   Generated code calls these three with it. */
typedef struct qrt_nodes qrt_nodes;
/* Aligned to 64 bytes and readable for 64 more; ends the run without memory. */
void *qrt_nodes_alloc(qrt_nodes *nodes, uint64_t bytes);
void qrt_nodes_free(qrt_nodes *nodes, void *memory);
/* Ends the run with qrt_model_desc.messages[message]. */
void qrt_nodes_fail(qrt_nodes *nodes, int32_t message);

/* Fills the parts of a fresh, zeroed arena that no step writes (constant
   borders). `dims` holds the largest dimensions. */
typedef void (*qrt_init_fn)(uint8_t *arena, const int64_t *dims);

/* Arena bytes for the largest dimensions `dims`; negative when too large. */
typedef int64_t (*qrt_arena_bytes_fn)(const int64_t *dims);

enum {
  QRT_STEP_SERIAL = 1 /* called once, with worker 0 of 1 */
};

/* A processor other than the CPU that runs the steps of a model. `open` makes
   what a context needs there, in context->device_state, and on failure leaves
   nothing behind but the message; `run` takes the checked arguments of a run
   (context->io); `close` frees what open made. */
typedef struct qrt_device {
  int32_t (*open)(qrt_context *context, char *message, size_t size);
  int32_t (*run)(qrt_context *context);
  void (*close)(qrt_context *context);
} qrt_device;

typedef struct qrt_step {
  qrt_step_fn fn;      /* null where a device runs the step */
  int32_t max_workers; /* at least 1; more workers would find nothing to do */
  int32_t flags;       /* QRT_STEP_* */
  const char *name;    /* names of the ONNX nodes, separated by ", " */
  const char *kind;    /* for reports: "conv", "depthwise", "gemm", ... */
} qrt_step;

/* Instruction sets a model needs: bits of qrt_model_desc.cpu_features. */
enum {
  QRT_CPU_SSE3 = 1 << 0,
  QRT_CPU_SSSE3 = 1 << 1,
  QRT_CPU_SSE4_1 = 1 << 2,
  QRT_CPU_SSE4_2 = 1 << 3,
  QRT_CPU_POPCNT = 1 << 4,
  QRT_CPU_CX16 = 1 << 5,
  QRT_CPU_LAHF = 1 << 6,
  QRT_CPU_AVX = 1 << 7,
  QRT_CPU_AVX2 = 1 << 8,
  QRT_CPU_BMI1 = 1 << 9,
  QRT_CPU_BMI2 = 1 << 10,
  QRT_CPU_F16C = 1 << 11,
  QRT_CPU_FMA = 1 << 12,
  QRT_CPU_LZCNT = 1 << 13,
  QRT_CPU_MOVBE = 1 << 14,
  QRT_CPU_AVX_VNNI = 1 << 15,
  QRT_CPU_AVX512F = 1 << 16,
  QRT_CPU_AVX512BW = 1 << 17,
  QRT_CPU_AVX512CD = 1 << 18,
  QRT_CPU_AVX512DQ = 1 << 19,
  QRT_CPU_AVX512VL = 1 << 20,
  QRT_CPU_AVX512_VNNI = 1 << 21,
  QRT_CPU_FEATURE_COUNT = 22
};

/* The sets of the levels of the x86-64 psABI, and two with VNNI. */
#define QRT_CPU_LEVEL_V1 0
#define QRT_CPU_LEVEL_V2                                                                           \
  (QRT_CPU_SSE3 | QRT_CPU_SSSE3 | QRT_CPU_SSE4_1 | QRT_CPU_SSE4_2 | QRT_CPU_POPCNT |               \
   QRT_CPU_CX16 | QRT_CPU_LAHF)
#define QRT_CPU_LEVEL_V3                                                                           \
  (QRT_CPU_LEVEL_V2 | QRT_CPU_AVX | QRT_CPU_AVX2 | QRT_CPU_BMI1 | QRT_CPU_BMI2 | QRT_CPU_F16C |    \
   QRT_CPU_FMA | QRT_CPU_LZCNT | QRT_CPU_MOVBE)
#define QRT_CPU_LEVEL_V3_VNNI (QRT_CPU_LEVEL_V3 | QRT_CPU_AVX_VNNI)
#define QRT_CPU_LEVEL_V4                                                                           \
  (QRT_CPU_LEVEL_V3 | QRT_CPU_AVX512F | QRT_CPU_AVX512BW | QRT_CPU_AVX512CD | QRT_CPU_AVX512DQ |   \
   QRT_CPU_AVX512VL)
#define QRT_CPU_LEVEL_V4_VNNI (QRT_CPU_LEVEL_V4 | QRT_CPU_AVX512_VNNI)

/* One self-test: dense data of every input and of every expected output. */
typedef struct qrt_self_test {
  const void *const *inputs;  /* num_inputs pointers */
  const void *const *outputs; /* num_outputs pointers */
  const int64_t *dims;        /* num_dims values, null without any */
} qrt_self_test;

struct qrt_model_desc {
  int32_t abi_version; /* QUANTC_MODEL_ABI_VERSION */
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_dims;
  int32_t num_steps;
  int32_t num_self_tests;
  /* 0: float outputs of the self-test must be equal bit for bit. Otherwise
     |got - expected| <= tolerance * max |expected| over the output. */
  float self_test_tolerance;
  uint32_t cpu_features;   /* QRT_CPU_* */
  int64_t arena_bytes;     /* used when arena_bytes_fn is null */
  int64_t arena_alignment; /* a power of two, at least 64 */
  const char *name;        /* of the model */
  const char *version;     /* of the compiler */
  const char *cpu_level;   /* as given to --cpu */
  const char *certificate; /* text, several lines */
  const qrt_tensor_info *inputs;
  const qrt_tensor_info *outputs;
  const char *const *dim_names;
  const qrt_step *steps;
  const qrt_self_test *self_tests;
  qrt_arena_bytes_fn arena_bytes_fn; /* null: arena_bytes holds */
  qrt_init_fn init;                  /* null: nothing to fill */
  const qrt_device *device;          /* null: this CPU runs the steps */
  const void *device_program;        /* what the device runs, e.g. qrt_gpu_program */
  const char *const *messages;       /* of failed checks in nodes; null: no step is a node */
};

/* Defined by the compiler, once a model, with hidden visibility. */
extern const struct qrt_model_desc qrt_model_descriptor __attribute__((visibility("hidden")));

#ifdef __cplusplus
}
#endif

#endif /* QUANTC_RUNTIME_MODELDESCRIPTOR_H */
