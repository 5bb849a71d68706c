# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeds of the fuzzing targets: small valid files of each format, and the malformed ones of test/robustness."""

import glob
import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
EXTERNAL = "weights.bin"  # what models with external data refer to, in the folder where targets run


def malformed(script, pattern):
    """Contents of the files that a generator of test/robustness writes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, os.path.join(TESTS, "robustness", script), folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for path in sorted(glob.glob(os.path.join(folder, "**", pattern), recursive=True)):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    yield file.read()


def node_tests(pattern):
    """Contents of files of ONNX's node tests."""
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    for path in sorted(glob.glob(os.path.join(folder, "*", "*", "**", pattern), recursive=True)):
        with open(path, "rb") as file:
            yield file.read()


def external_model():
    """A model with elements in EXTERNAL."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": EXTERNAL, "offset": "8", "length": "16"}.items():
        weight.external_data.add(key=key, value=value)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def models():
    yield external_model().SerializeToString()
    yield from node_tests("*.onnx")
    yield from malformed("make_malformed.py", "*.onnx")


def modules():
    """The pieces of the lit tests that are modules of their own, and the functions and designs in them."""
    for path in sorted(glob.glob(os.path.join(TESTS, "**", "*.mlir"), recursive=True)):
        with open(path, "rb") as file:
            for piece in file.read().split(b"// -----"):
                lines = [line for line in piece.split(b"\n") if not line.lstrip().startswith(b"//")]
                module = b"\n".join(lines).strip() + b"\n"
                yield module
                yield from re.split(rb"(?m)^(?=func\.func|hls\.design)", module)[1:]


def arrays():
    values = np.arange(-6, 6)
    for dtype in ("?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"):
        for shape in ((), (12,), (3, 4), (2, 3, 2), (0, 3)):
            array = np.resize(values, shape).astype(dtype)
            yield array
            if len(shape) > 1:
                yield np.asfortranarray(array)


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def npy_files():
    for array in arrays():
        yield npy(array)
    yield npy(np.zeros(4, "<f4"), (2, 0))
    yield npy(np.zeros(4, "<f4"), (3, 0))
    yield from malformed("make_malformed_data.py", "*.npy")


def npz_files():
    some = list(arrays())
    for start in range(0, len(some), 3):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for index, array in enumerate(some[start : start + 3]):
                    archive.writestr(zipfile.ZipInfo(f"{'xyz'[index]}.npy"), npy(array), method)
            yield file.getvalue()
    yield from malformed("make_malformed_data.py", "*.npz")


def tensors():
    yield from node_tests("*.pb")
    for kind in ("FLOAT", "INT32", "INT64", "UINT8", "UINT64", "DOUBLE", "FLOAT16", "BOOL", "INT4"):
        yield helper.make_tensor("typed", getattr(TensorProto, kind), [2, 2], [0, 1, 1, 0]).SerializeToString()
    yield numpy_helper.from_array(np.arange(6, dtype=np.complex64).reshape(2, 3), "c").SerializeToString()
    yield from malformed("make_malformed_data.py", "*.pb")


def problems():
    """Problems of bit allocation, and near misses of them."""

    def problem(groups, widths, resources, **more):
        names = [f"g{i}" for i in range(groups)]
        candidates = [{"label": f"w{w}", "bits": w, "loss": 1 / w, "costs": [w * 8] * resources} for w in widths]
        return {"format": "quantc-allocation", "version": 1, "resources": [{"name": f"r{i}", "unit": "B", "budget": 99} for i in range(resources)],
                "groups": [{"name": name, "candidates": candidates} for name in names], **more}  # fmt: skip

    def coupling(first, second):
        return {"first": first, "second": second, "losses": [[0, 1], [-0.5, 0]], "costs": [[[0, 8], [8, 0]]]}

    whole = problem(3, (4, 8), 1, ties=[["g0", "g2"]], couplings=[coupling("g0", "g1")])
    whole["groups"][1]["pin"] = "w8"
    some = [problem(0, (), 0), problem(1, (4,), 0), problem(2, (2, 4, 8), 2), problem(2, (4.5, 8), 1), whole]
    some += [problem(2, (4, 8), 1, ties=[["g0", "g3"]]), problem(2, (4, 8), 1, couplings=[coupling("g0", "g0")]), {**whole, "version": 2}]
    for value in (None, -1, 1e308, 2**53, "w4", [], {}):
        broken = json.loads(json.dumps(whole))
        broken["groups"][0]["candidates"][0]["loss"] = value
        broken["groups"][2]["candidates"][1]["costs"] = [value]
        some.append(broken)
    for value in some:
        yield json.dumps(value).encode()
        yield json.dumps(value, indent=1).encode()


def choices():
    """Streams of choices: what the bytecode target reads is no file format."""
    source = random.Random(1)
    for length in (4, 8, 16, 32, 64, 128):
        for _ in range(50):
            yield bytes(source.randrange(48) for _ in range(length))


# Target: generator of seeds, longest input.
TARGETS = {
    "npy": (npy_files, 1024),
    "npz": (npz_files, 2048),
    "tensor": (tensors, 1024),
    "allocation": (problems, 2048),
    "onnx": (models, 1024),
    "ir": (modules, 3072),
    "bytecode": (choices, 256),
}


def write_seeds(target, folder):
    """Writes those seeds that a target takes whole; returns their number."""
    generate, longest = TARGETS[target]
    os.makedirs(folder, exist_ok=True)
    for data in generate():
        if 0 < len(data) <= longest:
            with open(os.path.join(folder, hashlib.sha256(data).hexdigest()[:16]), "wb") as file:
                file.write(data)
    return len(os.listdir(folder))
