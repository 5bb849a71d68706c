# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs that are killed and go on: `resume.py QUANTC [MODEL DATA]...`.

For each recipe, the run is killed (SIGKILL) as soon as the file of a new finished step appears; the same command goes on in the same
folder and is killed at the next one, until one comes to its end. Library and report without times must be those of a run that
nobody stopped. Then every file is damaged, which must be noticed and mended. Without models small ones are made.
"""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import same_bytes
from onnx import TensorProto, helper, numpy_helper


def linear(path):
    """Two layers of 8 inputs and 8 outputs with biases."""
    rng = np.random.default_rng(3)
    nodes, weights = [], []
    for i, (x, y) in enumerate((("x", "h"), ("h", "y"))):
        weights += [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in ((f"w{i}", (8, 8)), (f"b{i}", 8))]
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [y], f"layer{i}", transB=1))
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])], weights)  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return {"x": rng.normal(size=(8, 8)).astype(np.float32)}


# Model, options, steps that must be among those that were kept.
RECIPES = {
    "equalized, rounded block after block, biases corrected": (
        same_bytes.convolutional,
        ["--recipe", "w8a8-accurate", "--set", "bias-correction=4", "--allow-float"],
        {"channels": 1, "statistics": 1, "float_means": 1, "codes_": 2, "biases": 1}),
    "blocks learned by the Fisher diagonal": (
        same_bytes.convolutional,
        ["--recipe", "w8a8-integer", "--set", "weight-rounding=brecq", "--set", "rounding-steps=20", "--set", "bias-correction=4", "--allow-float"],
        {"codes_": 2}),
    "allocated and searched": (
        linear,
        ["--recipe", "w8a8-integer", "--allow-float", "--set", "bias-correction=0", "--effective-bits", "6", "--set", "allocation-search=10",
         "--set", "equalize-depthwise=false", "--set", "equalize-residual=false"],
        {"sensitivities": 1, "allocation_search": 1}),
    "gptq, explained": (linear, ["--recipe", "w4a16-gptq", "--set", "weight-format=int4:g4:sym", "--explain", "1"],
                        {"moments": 1, "weight": 2, "explanation_1": 1}),
    # Its report lost what learning said of the rotations that were kept.
    "rotations learned": (
        same_bytes.language_model,
        ["--recipe", "w4a4-rotated", "--set", "weight-format=int4:g16:sym", "--set", "activation-group=16", "--set", "weight-rounding=nearest",
         "--set", "rotate-steps=3"],
        {"learned_rotations": 1, "rotations": 1}),
    "allocated by curvature": (
        linear,
        ["--recipe", "w8a8-integer", "--allow-float", "--set", "bias-correction=0", "--set", "equalize-depthwise=false", "--set", "equalize-residual=false",
         "--minimize", "size", "--max-drop", "0.5", "--set", "allocation-loss=hawq", "--set", "allocation-widths=4,8", "--set", "allocation-runs=2",
         "--save-curvature", "@/curvature.json", "--curvature-runs", "2", "--curvature-probes", "2"],
        {"statistics": 1, "sensitivities": 1, "drop": 2}),
}  # fmt: skip


def steps(folder):
    """Files of finished steps."""
    return sorted(f for f in glob.glob(os.path.join(folder, "*")) if not os.path.basename(f).startswith(("run.json", "unfinished-")))


class Case:
    def __init__(self, quantc, model, data, options, folder):
        self.folder = folder
        self.command = [quantc, model, "--calibrate", data, *(each.replace("@", folder) for each in options), "--quiet"]

    def run(self, resume=None, kill_at=None):
        """(exit code, messages, bytes of library and report); None when the run was killed."""
        result, report = os.path.join(self.folder, "m.so"), os.path.join(self.folder, "m.json")
        for path in (result, report):
            if os.path.exists(path):
                os.remove(path)
        command = [*self.command, "-o", result, "--report", report]
        if resume:
            command += ["--resume", resume]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while kill_at is not None and process.poll() is None:
            if len(steps(resume)) >= kill_at:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                return None
            time.sleep(0.002)
        _, said = process.communicate()
        written = open(result, "rb").read() if os.path.exists(result) else b""
        figures = same_bytes.without_times(json.load(open(report))) if os.path.exists(report) else ""
        return process.returncode, said, written, figures

    def killed_again_and_again(self, folder):
        """What the run that came to its end gave, and the number of kills before it."""
        kills = 0
        while (outcome := self.run(folder, kill_at=len(steps(folder)) + 1)) is None:
            kills += 1
        return outcome, kills


def damage(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


def check(case, expected):
    """What is wrong; empty: nothing."""
    wanted = case.run()
    if wanted[0] != 0 or not wanted[2] or not wanted[3]:
        return f"exit code {wanted[0]}: {wanted[1]}"
    folder = os.path.join(case.folder, "steps")
    outcome, kills = case.killed_again_and_again(folder)
    kept = [os.path.basename(path) for path in steps(folder)]
    if outcome != wanted:
        return f"another result after {kills} kills: {outcome[1]}"
    if not kept or not kills:
        return f"{kills} kills at steps {kept}"
    for name, count in expected.items():
        if sum(each.startswith(name) for each in kept) < count:
            return f"expected {count} steps {name} among {kept}"
    for path in steps(folder):
        damage(path)
    again = case.run(folder)
    if (again[0], again[2:]) != (wanted[0], wanted[2:]) or again[1].count("is damaged; this step is computed again") != len(kept):
        return f"after damage: {again[1]}"
    if case.run(folder) != wanted:
        return "a damaged file was not replaced"
    return ""


def main():
    quantc, given = sys.argv[1], sys.argv[2:]
    failed = 0
    for name, (make, options, expected) in RECIPES.items():
        for model, data in list(zip(given[::2], given[1::2])) or [(None, None)]:
            with tempfile.TemporaryDirectory() as folder:
                if not model:
                    model, data = os.path.join(folder, "model.onnx"), os.path.join(folder, "data.npz")
                    np.savez(data, **make(model))
                wrong = check(Case(quantc, model, data, options, folder), {} if given else expected)
                print(f"FAILED {name}: {wrong}" if wrong else f"passed {name}")
                failed += bool(wrong)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
