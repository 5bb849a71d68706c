# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX backend interface (onnx.backend.base): `prepare` compiles a model, `run_model` compiles and runs it.

Models run in float through `convert-onnx-to-loops` and LLVM, in this process, on the CPU. A model with an op that quantc does not
have raises `Unsupported` with every such node; data that do not fit (a shape, an index out of range) raise `RuntimeError`.
"""

import ctypes
import functools
import os
import tempfile

import numpy as np
import onnx
from onnx import helper
from onnx.backend.base import Backend, BackendRep, namedtupledict


class Unsupported(RuntimeError):
    """The model holds nodes that quantc does not compile; the text names each with its reason."""


class _Array(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("data", ctypes.c_void_p)]


def _load():
    library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libquantc-c.so"))
    library.quantc_backend_create.restype = ctypes.c_void_p
    library.quantc_backend_create.argtypes = [ctypes.c_char_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    library.quantc_backend_destroy.argtypes = [ctypes.c_void_p]
    for name in ("input", "output"):
        count = getattr(library, f"quantc_backend_{name}_count")
        count.restype, count.argtypes = ctypes.c_int32, [ctypes.c_void_p]
        text = getattr(library, f"quantc_backend_{name}_name")
        text.restype, text.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int32]
    library.quantc_backend_run.restype = ctypes.c_int32
    library.quantc_backend_run.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Array), ctypes.c_int32, ctypes.c_char_p,
                                           ctypes.c_size_t]
    for name, result in (("name", ctypes.c_char_p), ("time", ctypes.c_uint64)):
        step = getattr(library, f"quantc_backend_step_{name}")
        step.restype, step.argtypes = result, [ctypes.c_void_p, ctypes.c_int32]
    library.quantc_backend_step_count.restype, library.quantc_backend_step_count.argtypes = ctypes.c_int32, [ctypes.c_void_p]
    library.quantc_backend_output.restype = _Array
    library.quantc_backend_output.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    return library


_library = None
_ROOM = 1 << 16


def _c():
    global _library
    if _library is None:
        _library = _load()
    return _library


@functools.lru_cache(maxsize=None)
def _code(dtype):
    return helper.np_dtype_to_tensor_dtype(dtype)


@functools.lru_cache(maxsize=None)
def _dtype(code):
    return helper.tensor_dtype_to_np_dtype(code)


def _address(array):
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError, BufferError):  # read-only, empty, or of a type that no buffer has; slower
        return array.__array_interface__["data"][0]


class Model(BackendRep):
    """A compiled model. `model`: a ModelProto, or the path of a file (external data stay beside it). With `profile`, runs take the
    time of every node."""

    def __init__(self, model, profile=False):
        message = ctypes.create_string_buffer(_ROOM)
        # The compiler maps the file; it may go once the model is compiled, for the mapping stays.
        with tempfile.TemporaryDirectory() as folder:
            path = model
            if isinstance(model, onnx.ModelProto):
                path = os.path.join(folder, "model.onnx")
                onnx.save(model, path)
            self._handle = _c().quantc_backend_create(os.fsencode(path), int(profile), message, _ROOM)
        if not self._handle:
            raise Unsupported(message.value.decode(errors="replace").strip())
        self.inputs = self._names("input")
        self.outputs = self._names("output")
        # What a run of a small model would spend most of its time on.
        self._results = namedtupledict("Outputs", self.outputs)
        self._run, self._found, self._message = _c().quantc_backend_run, _c().quantc_backend_output, message

    def _names(self, kind):
        count = getattr(_c(), f"quantc_backend_{kind}_count")(self._handle)
        return [getattr(_c(), f"quantc_backend_{kind}_name")(self._handle, i).decode() for i in range(count)]

    def __del__(self):
        if getattr(self, "_handle", None):
            _c().quantc_backend_destroy(self._handle)

    def run(self, inputs, **kwargs):
        """Outputs as a named tuple. `inputs`: one array, a list in the model's order, or a dict by name."""
        del kwargs
        if isinstance(inputs, dict):
            inputs = [inputs[name] for name in self.inputs]
        elif isinstance(inputs, np.ndarray):
            inputs = [inputs]
        arrays, kept = (_Array * len(inputs))(), []
        for place, value in zip(arrays, inputs):
            if type(value) is not np.ndarray or not value.flags.c_contiguous:
                value = np.ascontiguousarray(value).reshape(np.shape(value))
            shape = (ctypes.c_int64 * value.ndim)(*value.shape)
            kept.append((value, shape))
            place.dtype = _code(value.dtype)
            place.rank, place.shape, place.data = value.ndim, shape, _address(value)
        if self._run(self._handle, arrays, len(inputs), self._message, _ROOM):
            raise RuntimeError(self._message.value.decode(errors="replace"))
        return self._results(*[self._output(i) for i in range(len(self.outputs))])

    def profile(self):
        """[(node, seconds)] of all runs, in the model's order; a node is named by its op and its place: "Conv_12"."""
        count = _c().quantc_backend_step_count(self._handle)
        return [(_c().quantc_backend_step_name(self._handle, i).decode(), _c().quantc_backend_step_time(self._handle, i) * 1e-9)
                for i in range(count)]

    def _output(self, index):
        found = self._found(self._handle, index)
        array = np.empty(found.shape[: found.rank], _dtype(found.dtype))
        if array.size:
            ctypes.memmove(_address(array), found.data, array.nbytes)
        return array


class QuantcBackend(Backend):
    """`onnx.backend.base.Backend` for the CPU."""

    @classmethod
    def is_compatible(cls, model, device="CPU", **kwargs):
        return cls.supports_device(device)

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        if not cls.supports_device(device):
            raise ValueError(f"expected device CPU, but found {device}")
        return Model(model, kwargs.get("profile", False))

    @classmethod
    def run_model(cls, model, inputs, device="CPU", **kwargs):
        return cls.prepare(model, device).run(inputs)

    @classmethod
    def supports_device(cls, device):
        return device.split(":")[0] == "CPU"


is_compatible = QuantcBackend.is_compatible
prepare = QuantcBackend.prepare
run_model = QuantcBackend.run_model
supports_device = QuantcBackend.supports_device
