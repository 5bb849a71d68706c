# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the node tests of the installed onnx package through import, conversion to nn and the interpreter.

usage: node_tests.py --run QUANT_RUN [--constant-operands] [--suite node,...] [--only SUBSTRING] [--verbose]

Cases with an op that `nn` does not hold (docs/SupportedOps.md, docs/Nodes.md) are those of test/conformance: of them every
KEPT_STEP-th runs here. With `--constant-operands` every input but the first becomes an initializer, as exporters write shapes, axes, bounds and
weights; cases with one input are then left out.
A case passes when every stored output is met with the tolerances that the suite itself uses (rtol 1e-3,
atol 1e-7). A case that quantc refuses must say so with a diagnostic that names the reason; anything else (a
wrong value, a crash, silence) is a failure. Prints the counts by op and the exit code 1 after a failure.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

# "node 'x' (Abs, opset 13): unknown op: there is ...", or a kind of model that is not read at all.
REFUSAL = re.compile(r"error: (node '.*' \(.*\): .*: |model: |value '|input '|output '|'onnx\.)")
# quant-run takes finite float32 and integer tensors from the caller.
NOT_RUN = re.compile(r"quant-run: error: .*(expected finite values|host types|expected undefined)|calibration data:")


def expected_outputs(model, folder):
    files = sorted(glob.glob(os.path.join(folder, "output_*.pb")), key=lambda f: int(f.rsplit("_", 1)[1][:-3]))
    return [(v.name, numpy_helper.to_array(onnx.load_tensor(f))) for v, f in zip(model.graph.output, files)]


def difference(expected, actual):
    """Why two arrays are not the same, or None."""
    if expected.shape != actual.shape:
        return f"shape {actual.shape} instead of {expected.shape}"
    if expected.dtype != actual.dtype:
        return f"type {actual.dtype} instead of {expected.dtype}"
    if not np.allclose(expected, actual, rtol=1e-3, atol=1e-7, equal_nan=True):
        return f"largest difference {np.max(np.abs(expected.astype(float) - actual.astype(float)))}"
    return None


def fix_operands(case, scratch):
    """The case with constant operands: paths of model and data, or None when it has one input."""
    model = onnx.load(os.path.join(case, "model.onnx"))
    data = os.path.join(case, "test_data_set_0")
    inputs = list(model.graph.input)
    if len(inputs) < 2:
        return None
    os.makedirs(os.path.join(scratch, "data"))
    for index, value in enumerate(inputs):
        source = os.path.join(data, f"input_{index}.pb")
        if index == 0:
            shutil.copy(source, os.path.join(scratch, "data"))
            continue
        if not value.type.HasField("tensor_type"):
            return None
        tensor = onnx.load_tensor(source)
        tensor.name = value.name
        model.graph.initializer.append(tensor)
        model.graph.input.remove(value)
    path = os.path.join(scratch, "model.onnx")
    onnx.save(model, path)
    return path, os.path.join(scratch, "data")

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "SupportedOps.md")
KEPT_STEP = 40


def held_ops():
    """Ops of the default domain that become nn or qnn ops, or nothing."""
    with open(PAGE) as page:
        rows = [line.split("|") for line in page if line.startswith("| ")]
    return {row[1].strip() for row in rows if "nn." in row[2] or "its input" in row[2]}


def run_case(tool, case, constant_operands):
    """(result, detail) of one folder."""
    path = os.path.join(case, "model.onnx")
    data = os.path.join(case, "test_data_set_0")
    stored = data
    with tempfile.TemporaryDirectory() as scratch:
        if constant_operands:
            fixed = fix_operands(case, scratch)
            if not fixed:
                return "left out", ""
            path, data = fixed
        out = os.path.join(scratch, "out.npz")
        command = [tool, path, "--interpret", "--inputs", data, "--outputs", out]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
        if done.returncode != 0:
            ended = done.returncode in (1, 2)
            refused = ended and REFUSAL.search(done.stderr)
            not_run = ended and NOT_RUN.search(done.stderr)
            return ("refused" if refused else "not run" if not_run else "failed"), done.stderr.strip()
        if not os.path.exists(out):
            return "failed", "no outputs"
        with np.load(out) as arrays:
            for name, expected in expected_outputs(onnx.load(path), stored):
                if name not in arrays:
                    return "failed", f"output '{name}' is missing"
                if (reason := difference(expected, arrays[name])):
                    return "failed", f"output '{name}': {reason}"
    return "passed", ""


def ops_of(case):
    model = onnx.load(os.path.join(case, "model.onnx"))
    return sorted({node.op_type for node in model.graph.node})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="quant-run")
    parser.add_argument("--suite", default="node")
    parser.add_argument("--only", default="")
    parser.add_argument("--constant-operands", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    cases = sorted(c for suite in options.suite.split(",") for c in glob.glob(os.path.join(data, suite, "*"))
                   if options.only in c and os.path.isdir(os.path.join(c, "test_data_set_0")))
    held = held_ops()
    is_held = {case: set(ops_of(case)) <= held for case in cases}
    kept = [case for case in cases if not is_held[case]]
    cases = [case for case in cases if is_held[case]] + kept[::KEPT_STEP]
    counts = collections.Counter()
    passed_ops = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, (result, detail) in zip(cases, pool.map(lambda c: run_case(options.run, c, options.constant_operands), cases)):
            counts[result] += 1
            if result == "passed":
                passed_ops.update(ops_of(case))
            elif result == "failed" or options.verbose:
                print(f"{result}: {os.path.basename(case)}: {detail}")
    for op, count in sorted(passed_ops.items()):
        print(f"passed with {op}: {count}")
    print(f"{len(kept)} cases with other ops, {len(kept[::KEPT_STEP])} of them run")
    print(f"{len(cases) - counts['left out']} cases: {counts['passed']} passed, {counts['refused']} refused, "
          f"{counts['not run']} not run, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
