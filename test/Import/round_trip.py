# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports ONNX models, exports them again, and compares the messages field by field.

usage: round_trip.py --translate QUANT_TRANSLATE [--run] [--text] [--node-tests] [model.onnx ...]

Each model goes through bytecode, or with `--text` through text. `--node-tests` adds every node test of the installed onnx package,
`--run` also compares outputs in onnxruntime on the stored (or random) inputs. A model that cannot be
imported must say so with a diagnostic and exit code 2; it is counted as refused. The exit code is 1
when a model came back different, or failed in another way.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper


def differing_fields(a, b, path="model"):
    """Names of the fields in which two messages differ."""
    if a == b:
        return []
    if type(a) is not type(b) or not hasattr(a, "ListFields"):
        return [path]
    left, right = ({f.name: v for f, v in m.ListFields()} for m in (a, b))
    result = []
    for name in sorted(left.keys() | right.keys()):
        x, y = left.get(name), right.get(name)
        if x is None or y is None:
            result.append(f"{path}.{name} ({'lost' if y is None else 'added'})")
        elif hasattr(x, "ListFields"):
            result += differing_fields(x, y, f"{path}.{name}")
        elif not isinstance(x, (str, bytes)) and hasattr(x, "__len__"):
            if len(x) != len(y):
                result.append(f"{path}.{name} ({len(x)} became {len(y)} elements)")
            for i, (u, v) in enumerate(zip(x, y)):
                result += differing_fields(u, v, f"{path}.{name}[{i}]")
        elif x != y and not (x != x and y != y):
            result.append(f"{path}.{name}")
    return result


def load(path):
    """The model; what was external no longer says that it is inline now."""
    model = onnx.load(path)
    if any(t.HasField("data_location") for t in onnx.load(path, load_external_data=False).graph.initializer):
        for tensor in model.graph.initializer:
            tensor.ClearField("data_location")
    return model


def dtype_of(value):
    return onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)


def feeds_for(model, folder):
    """Stored inputs of a node test, or random ones."""
    files = sorted(glob.glob(os.path.join(folder, "test_data_set_0", "input_*.pb")))
    initializers = {t.name for t in model.graph.initializer}
    inputs = [v for v in model.graph.input if v.name not in initializers]
    if files:
        tensors = [onnx.load_tensor(f) for f in files]
        return {v.name: numpy_helper.to_array(t) for v, t in zip(inputs, tensors)}
    rng = np.random.default_rng(0)
    shape = lambda v: [d.dim_value or 1 for d in v.type.tensor_type.shape.dim]
    return {v.name: rng.standard_normal(shape(v)).astype(dtype_of(v)) for v in inputs}


def same_outputs(first, second, folder):
    """Whether both models give the same in onnxruntime; None when it cannot run the first."""
    import onnxruntime as ort

    ort.set_default_logger_severity(4)
    results = []
    for path in (first, second):
        try:
            session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
            results.append(session.run(None, feeds_for(onnx.load(first), folder)))
        except Exception:
            if path == second:
                return False
            return None
    return all(
        len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b))
        if isinstance(a, list)
        else np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
        for a, b in zip(*results)
    )


def round_trip(translate, path, scratch, text):
    """(status, detail) with status same, refused, different or failed; leaves again.onnx."""
    module, again = os.path.join(scratch, "m.mlir" if text else "m.mlirbc"), os.path.join(scratch, "again.onnx")
    run = lambda *args: subprocess.run([translate, *args], capture_output=True, text=True, errors="replace")
    imported = run("--import-onnx", path, "-o", module)
    if imported.returncode != 0:
        named = imported.returncode == 2 and "error:" in imported.stderr
        return ("refused" if named else "failed"), imported.stderr.strip()
    exported = run("--export-onnx", module, "-o", again)
    if exported.returncode != 0:
        return "failed", exported.stderr.strip()
    fields = differing_fields(load(path), load(again))
    return ("different", ", ".join(fields[:5])) if fields else ("same", "")

def examine(translate, path, run, text):
    """(status, detail, what running both showed or None) of one model."""
    with tempfile.TemporaryDirectory() as scratch:
        status, detail = round_trip(translate, path, scratch, text)
        if status != "same" or not run:
            return status, detail, None
        same = same_outputs(path, os.path.join(scratch, "again.onnx"), os.path.dirname(path))
    if same is False:
        return "different", "outputs in onnxruntime", "other outputs"
    return status, detail, "not run" if same is None else "equal outputs"


# LLVM's own allocators are not built for the sanitizer, so their poisoning must not count.
os.environ.setdefault("ASAN_OPTIONS", "allow_user_poisoning=0")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--translate", required=True)
    parser.add_argument("--node-tests", action="store_true")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--text", action="store_true")
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    models = list(args.models)
    if args.node_tests:
        data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
        models += sorted(glob.glob(os.path.join(data, "node", "*", "model.onnx")))
    if not models:
        parser.error("no models")
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda path: examine(args.translate, path, args.run, args.text), models)
        for path, (status, detail, ran) in zip(models, outcomes):
            counts[status] += 1
            if ran:
                counts[ran] += 1
            if status != "same":
                print(f"{status}: {path}: {detail}")
    print(f"{len(models)} models: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return 1 if counts["different"] or counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
