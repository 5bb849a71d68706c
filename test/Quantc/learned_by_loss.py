# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rotations learned by the loss of a language model of one layer: `learned_by_loss.py QUANTC QUANT_RUN FOLDER`.

Learning lowers the loss of runs held out, and the error of the compiled network on data that it never saw; rotations are orthogonal, scales
positive, the float model that takes them up computes what it did; 1 or 2 threads give the same bytes, a run that reads the file
the same module (its names of weights told that a copy had been rotated before).
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import same_bytes  # noqa: E402

ROWS = ["weight-rounding=nearest", "weight-format=int4:g8:sym", "activation-group=0", "activation-clip=0.85", "rotate-learn-heads=true"]
LEARN = ["rotate-learn=mse", "rotate-steps=30"]


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Compiler:
    def __init__(self, quantc, quant_run, folder):
        self.quantc, self.quant_run, self.folder = quantc, quant_run, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def call(self, *command, fails=False):
        process = subprocess.run(command, capture_output=True, text=True)
        if (process.returncode != 0) != fails:
            sys.exit(f"{' '.join(command)}\n{process.stdout}{process.stderr}")
        return process.stderr

    def module(self, stage, *settings, threads=1, model="m.onnx", data="m.npz", fails=False, said_alone=False):
        """What a stage's module has learned, or what was said: when it fails, or when that alone is asked for."""
        module, report = self.path(stage + ".mlirbc"), self.path("m.json")
        said = self.call(self.quantc, self.path(model), "--recipe", "w4a4-rotated", "--calibrate", self.path(data), "--to", stage, "--emit", "mlirbc",
                         "-o", module, "--report", report, "--quiet", "--threads", str(threads),
                         *(x for setting in settings for x in ("--set", setting)), fails=fails)  # fmt: skip
        if fails or said_alone:
            return said
        with open(report) as file:
            return json.load(file)["learned_rotations"]

    def outputs(self, stage, data):
        out = self.path("out.npz")
        self.call(self.quant_run, self.path(stage + ".mlirbc"), f"--inputs={self.path(data)}", f"--outputs={out}")
        with np.load(out) as arrays:
            return arrays[arrays.files[0]].astype(np.float64)


def relative(found, expected):
    return np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2))


def check_top_classes(compiler):
    """KL-Top over all classes is KL by another way; over some it is another loss. Either is lowered, by gradients of its own."""
    steps = [*ROWS, "rotate-steps=30", "rotate-learn-scales=false"]
    (whole, *_), (top, *_), (some, *_) = (
        compiler.module("quantized", *steps, f"rotate-learn={loss}", f"rotate-classes={classes}")
        for loss, classes in (("kl", 1000), ("kl-top", same_bytes.KINDS), ("kl-top", same_bytes.KINDS // 4))
    )
    assert (whole["by"], top["by"]) == ("kl", "kl-top"), (whole, top)
    assert abs(whole["loss_before"] - top["loss_before"]) < 1e-3 * whole["loss_before"], (whole, top)
    assert abs(some["loss_before"] - top["loss_before"]) > 1e-3 * top["loss_before"], (some, top)
    for each in (top, some):
        assert each["loss"] < each["loss_before"], each
    print(f"kl-top: loss {top['loss_before']:.3e} -> {top['loss']:.3e}, of a quarter of the classes {some['loss_before']:.3e} -> {some['loss']:.3e}")


def check_refusals(compiler, tokens):
    np.savez(compiler.path("one.npz"), x=tokens[:1])
    said = compiler.module("observed", *ROWS, *LEARN, data="one.npz", fails=True)
    assert "expected at least two runs of calibration data" in said, said
    model = onnx.load(compiler.path("m.onnx"))
    (output,) = model.graph.output
    model.graph.node.append(helper.make_node("Floor", [output.name], ["whole"], name="steps"))
    output.name = "whole"
    onnx.save(model, compiler.path("steps.onnx"))
    said = compiler.module("observed", *ROWS, *LEARN, model="steps.onnx", fails=True)
    assert "'steps'" in said and "has no derivative" in said, said
    np.savez(compiler.path("images.npz"), **same_bytes.convolutional(compiler.path("c.onnx")))
    # Where no stream is rotated, nothing is learned, by any loss, and no file of rotations is looked for.
    path = compiler.path("none.npz")
    for learn in (LEARN, ["rotate-learn=local"]):
        for rotations in ([], [f"rotations={path}"]):
            said = compiler.module("observed", *ROWS, *learn, *rotations, model="c.onnx", data="images.npz", said_alone=True)
            assert "there is nothing to learn" in said and not os.path.exists(path), said
    # It said that no heads were rotated where they were, but not to be learned.
    for heads, expected in (("true", "no residual stream and no heads are rotated,"), ("false", "no residual stream is rotated, and heads are not learned (")):
        said = compiler.module("observed", *ROWS, *LEARN, f"rotate-learn-heads={heads}", model="c.onnx", data="images.npz", said_alone=True)
        assert expected in said, said


def main():
    quantc, quant_run, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    compiler = Compiler(quantc, quant_run, folder)
    same_bytes.language_model(compiler.path("m.onnx"))
    tokens = np.random.default_rng(7).integers(0, same_bytes.KINDS, (96, same_bytes.TOKENS))
    np.savez(compiler.path("m.npz"), x=tokens[:32])
    np.savez(compiler.path("new.npz"), x=tokens[32:])
    compiler.module("float")
    float_outputs = compiler.outputs("float", "new.npz")

    compiler.module("quantized", *ROWS, "rotate-learn=none")
    fixed = relative(compiler.outputs("quantized", "new.npz"), float_outputs)
    for scales in ("false", "true"):
        file, again = compiler.path("r.npz"), compiler.path("again.npz")
        settings = [*ROWS, *LEARN, f"rotate-learn-scales={scales}"]
        learned = compiler.module("quantized", *settings, f"rotations={file}")
        assert {"stream", "heads"} == {kind for each in learned for kind in ("stream", "heads") if kind in each}, learned
        assert all(each["by"] == "mse" and each["loss"] < each["loss_before"] for each in learned), learned
        error, written = relative(compiler.outputs("quantized", "new.npz"), float_outputs), read(compiler.path("quantized.mlirbc"))
        assert error < fixed, (error, fixed)
        with np.load(file) as arrays:
            assert any(".scales" in name for name in arrays.files) == (scales == "true"), arrays.files
            for name in arrays.files:
                values = arrays[name]
                assert (values > 0).all() if ".scales" in name else np.abs(values @ values.T - np.eye(len(values))).max() < 1e-6, name
        compiler.module("quantized", *settings, f"rotations={again}", threads=2)
        assert read(again) == read(file), "1 and 2 threads differ"
        compiler.module("quantized", *ROWS, "rotate-learn=none", f"rotations={file}")
        assert read(compiler.path("quantized.mlirbc")) == written, "learning and reading what was learned write other bytes"
        compiler.module("observed", "rotate-learn=none", "activations=float", "weight-format=int4:sym", "activation-clip=1", "activation-group=0",
                        f"rotations={file}")  # fmt: skip
        kept = relative(compiler.outputs("observed", "new.npz"), float_outputs)
        assert 0 < kept < 1e-4, kept
        print(f"scales {scales}: error {fixed:.4f} -> {error:.4f}, float output within {kept:.1e}")
    check_top_classes(compiler)
    check_refusals(compiler, tokens)


if __name__ == "__main__":
    main()
