# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rotations learned on a language model of one layer: `learned_rotation.py QUANTC QUANT_RUN FOLDER`.

Learning lowers what rows lose, its matrices are orthogonal, the float model that takes them up computes what it did, a run that reads
their file repeats the one that learned them, and 1 or 2 threads give the same bytes, with GPTQ and with GPTAQ.
"""

import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import same_bytes  # noqa: E402

LEARN = ["rotate-learn=local", "rotate-learn-heads=true", "activation-clip=0.85", "activation-group=32", "weight-format=int4:g32:sym"]
FIXED = ["rotate-learn=none", *LEARN[1:]]


def run(*command):
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{process.stdout}{process.stderr}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    quantc, quant_run, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    model, data, rotations = (os.path.join(folder, name) for name in ("m.onnx", "m.npz", "r.npz"))
    np.savez(data, **same_bytes.language_model(model))

    def compiled(*options, threads=1):
        """The quantized module and the report of a run."""
        module, report = os.path.join(folder, "m.mlirbc"), os.path.join(folder, "m.json")
        settings = [each for option in options for each in ("--set", option)]
        run(quantc, model, "--recipe", "w4a4-rotated", "--calibrate", data, "--to", "quantized", "--emit", "mlirbc", "-o", module, "--report", report,
            "--quiet", "--threads", str(threads), *settings)  # fmt: skip
        with open(report) as file:
            return read(module), json.load(file)

    learned, report = compiled(*LEARN, f"rotations={rotations}")
    (stream,) = (each for each in report["learned_rotations"] if "stream" in each)
    assert stream["channels"] == same_bytes.WIDTH and stream["loss"] < 0.9 * stream["loss_before"], stream
    (heads,) = (each for each in report["learned_rotations"] if "heads" in each)
    assert heads["channels"] == same_bytes.SIZE and heads["loss"] < heads["loss_before"], heads
    with np.load(rotations) as arrays:
        assert sorted(arrays.files) == [f"heads{heads['heads']}", "stream0"], arrays.files
        for matrix in arrays.values():
            assert np.abs(matrix @ matrix.T - np.eye(len(matrix))).max() < 1e-6
    written = read(rotations)
    again, _ = compiled(*LEARN, f"rotations={rotations}", threads=2)
    assert again == learned and read(rotations) == written, "1 and 2 threads differ"
    taken, _ = compiled(*FIXED, f"rotations={rotations}")
    assert taken == learned, "learning and reading what was learned differ"
    fixed, _ = compiled(*FIXED)
    assert fixed != learned, "the learned rotation was not taken"
    aimed = [compiled(*LEARN, "weight-rounding=gptaq", threads=threads)[0] for threads in (1, 2)]
    assert aimed[0] == aimed[1] and aimed[0] != learned, "GPTAQ"

    settings = [each for option in (*FIXED, f"rotations={rotations}") for each in ("--set", option)]
    run(quantc, model, "--recipe", "w4a4-rotated", "--calibrate", data, "-o", os.path.join(folder, "m.so"), "--quiet", "--verify", *settings)

    outputs = []
    for stage, settings in (("float", []), ("observed", ["rotate=online", f"rotations={rotations}", "activations=float", "weight-format=int4:sym"])):
        module, out = os.path.join(folder, stage + ".mlirbc"), os.path.join(folder, stage + ".npz")
        run(quantc, model, "--calibrate", data, "--to", stage, "--emit", "mlirbc", "-o", module, "--quiet", *(x for s in settings for x in ("--set", s)))
        run(quant_run, module, f"--inputs={data}", f"--outputs={out}")
        with np.load(out) as arrays:
            outputs.append(arrays[arrays.files[0]].astype(np.float64))
    error = np.sqrt(np.mean((outputs[1] - outputs[0]) ** 2) / np.mean(outputs[0] ** 2))
    assert 0 < error < 1e-4, error
    print(f"passed: loss {stream['loss_before']:.4f} -> {stream['loss']:.4f}, float output within {error:.1e}")


if __name__ == "__main__":
    main()
