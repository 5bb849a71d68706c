# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled model through its C interface (include/quantc/Runtime/ModelABI.h), with ctypes and NumPy."""

import ctypes

import numpy as np

DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 11: np.float64}


GPU_MISSING = range(16, 20)  # QRT_GPU_NO_DRIVER to QRT_GPU_TOO_OLD


class Unavailable(RuntimeError):
    """The machine lacks the GPU that the library runs on."""


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64))]  # fmt: skip


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("scale", ctypes.c_float), ("zero_point", ctypes.c_int32)]  # fmt: skip


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("num_threads", ctypes.c_int32), ("profile", ctypes.c_int32),
                ("parallel_for", ctypes.c_void_p), ("parallel_for_user", ctypes.c_void_p),
                ("max_dims", ctypes.POINTER(ctypes.c_int64)), ("num_max_dims", ctypes.c_int32),
                ("message_size", ctypes.c_int32), ("message", ctypes.c_char_p)]  # fmt: skip


class ModelLibrary:
    """A model.so with static shapes."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name in ("name", "version", "cpu_level", "certificate", "step_name", "step_kind", "error_string", "last_error"):
            getattr(self.c, f"quantc_model_{name}").restype = ctypes.c_char_p
        for name in ("input", "output"):
            getattr(self.c, f"quantc_model_{name}").restype = ctypes.POINTER(TensorInfo)
        self.c.quantc_model_last_error.argtypes = [ctypes.c_void_p]

    def level(self):
        return self.c.quantc_model_cpu_level().decode()

    def steps(self):
        """[(ONNX node name, kind)] of the steps of a run."""
        count = self.c.quantc_model_step_count()
        return [(self.c.quantc_model_step_name(i).decode(), self.c.quantc_model_step_kind(i).decode()) for i in range(count)]

    def self_test(self):
        """(passed, what the library says)."""
        message = ctypes.create_string_buffer(512)
        status = self.c.quantc_model_self_test(None, message, len(message))
        return status == 0, message.value.decode()

    def context(self, threads=1, profile=False):
        return Context(self, threads, profile)


class Context:
    """One context; buffers are kept, so that `run` costs what the C call costs."""

    def __init__(self, library, threads, profile):
        self.c, self.handle = library.c, ctypes.c_void_p()
        message = ctypes.create_string_buffer(512)
        options = Options(ctypes.sizeof(Options), threads, int(profile), None, None, None, 0, 512)
        options.message = ctypes.cast(message, ctypes.c_char_p)
        status = self.c.quantc_model_create(ctypes.byref(options), ctypes.byref(self.handle))
        if status:
            raise (Unavailable if status in GPU_MISSING else RuntimeError)(message.value.decode())
        self.outputs = [self.array(self.c.quantc_model_output(i)) for i in range(self.c.quantc_model_output_count())]
        self.output_tensors = (Tensor * len(self.outputs))(*map(self.tensor, self.outputs))
        self.inputs = self.input_tensors = None

    @staticmethod
    def array(info):
        info = info.contents
        return np.empty([info.shape[i] for i in range(info.rank)], DTYPES[info.dtype])

    @staticmethod
    def tensor(array):
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        code = next(code for code, dtype in DTYPES.items() if array.dtype == dtype)
        return Tensor(array.ctypes.data, code, array.ndim, shape)

    def run_at(self, inputs, outputs):
        """Runs on the memory at these addresses; of the host, or of the GPU that the library runs on."""
        arrays = [(Tensor * len(addresses))() for addresses in (inputs, outputs)]
        for array, addresses, get in zip(arrays, (inputs, outputs), (self.c.quantc_model_input, self.c.quantc_model_output), strict=True):
            for i, address in enumerate(addresses):
                info = get(i).contents
                array[i] = Tensor(address, info.dtype, info.rank, info.shape)
        status = self.c.quantc_model_run(self.handle, arrays[0], len(inputs), arrays[1], len(outputs))
        if status:
            raise RuntimeError(self.c.quantc_model_last_error(self.handle).decode())

    def run(self, *inputs):
        """Outputs for C-contiguous inputs; the arrays are overwritten by the next run."""
        if self.inputs is None or any(a is not b for a, b in zip(inputs, self.inputs, strict=True)):
            self.inputs = inputs
            self.input_tensors = (Tensor * len(inputs))(*map(self.tensor, inputs))
        status = self.c.quantc_model_run(self.handle, self.input_tensors, len(self.inputs), self.output_tensors, len(self.outputs))
        if status:
            raise RuntimeError(self.c.quantc_model_last_error(self.handle).decode())
        return self.outputs

    def profile(self):
        """Nanoseconds of each step of the last run."""
        count = self.c.quantc_model_step_count()
        times = (ctypes.c_int64 * count)()
        if self.c.quantc_model_profile(self.handle, times, count):
            raise RuntimeError("no profile")
        return list(times)

    def __del__(self):
        self.c.quantc_model_destroy(self.handle)
