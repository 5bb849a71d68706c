#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Perplexity of a causal language model in several recipes, by compiled code, with time and peak memory.

    language_model.py MODEL.onnx DATA [--build BUILD] [--head NODE] [--limit N] [NAME ...]

DATA holds calibration.npz and evaluation.npz (token ids, [samples, length], named like the model's input) and
labels.npz (`tokens`). The first output is logits [1, length, vocabulary]; token t of a window is scored by the logits
at t - 1, the first token by none; the perplexity is exp of the mean over windows of the window's mean loss. HEAD is
the node of the last layer, which keeps its floats. NAME selects rows; each compiles the model, some 100 s.
Prints Markdown: what was run, perplexity, seconds and peak memory of quantization (quantc) and of evaluation.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

GROUPS, CHANNEL = "int4:g128:sym", "int4:sym"
# 4 bits for both, rotated: a scale a channel and a row, or one for 64 inputs on both sides.
W4A4 = dict(activations="row", bits=4, format=CHANNEL, search="mse", rotate="online")
W4A4_GROUPS = dict(W4A4, format="int4:g64:sym", clip=0.84, group=64)
ROWS = {
    "float": None,
    "w4a16 g128 rtn": dict(activations="float", format=GROUPS),
    "w4a16 g128 mse": dict(activations="float", format=GROUPS, search="mse"),
    "w4a16 g128 gptq": dict(activations="float", format=GROUPS, rounding="gptq"),
    "w4a16 g128 output gptq": dict(activations="float", format=GROUPS, search="output", rounding="gptq"),
    "w4a16 g128 rotated gptq": dict(activations="float", format=GROUPS, rounding="gptq", rotate="fused"),
    "w4a16 channel rtn": dict(activations="float", format=CHANNEL),
    "w4a16 channel gptq": dict(activations="float", format=CHANNEL, rounding="gptq"),
    "w4a16 channel mse gptq": dict(activations="float", format=CHANNEL, search="mse", rounding="gptq"),
    "w4a16 channel output gptq": dict(activations="float", format=CHANNEL, search="output", rounding="gptq"),
    "w4a16 channel mse rotated gptq": dict(
        activations="float", format=CHANNEL, search="mse", rounding="gptq", rotate="fused"
    ),
    "w4a16 g128 float zeros rtn": dict(activations="float", format="uint4:g128:asym-float:f16"),
    "w4a16 g128 float zeros hqq": dict(activations="float", format="uint4:g128:asym-float:f16", search="hqq"),
    "w3a16 g64 float zeros rtn": dict(activations="float", format="uint3:g64:asym-float:f16"),
    "w3a16 g64 float zeros hqq": dict(activations="float", format="uint3:g64:asym-float:f16", search="hqq"),
    "w3a16 g64 float zeros mse": dict(activations="float", format="uint3:g64:asym-float:f16", search="mse"),
    "w3a16 g64 float zeros gptq": dict(activations="float", format="uint3:g64:asym-float:f16", rounding="gptq"),
    "w3a16 g64 float zeros hqq gptq": dict(
        activations="float", format="uint3:g64:asym-float:f16", search="hqq", rounding="gptq"
    ),
    "w2a16 g32 float zeros rtn": dict(activations="float", format="uint2:g32:asym-float:f16"),
    "w2a16 g32 float zeros hqq": dict(activations="float", format="uint2:g32:asym-float:f16", search="hqq"),
    "w4a8 g128 rotated": dict(activations="row", bits=8, format=GROUPS, search="mse", rotate="fused"),
    "w4a4 rtn": dict(activations="row", bits=4, format=CHANNEL),
    "w4a4 rotated rtn": dict(activations="row", bits=4, format=CHANNEL, search="mse", rotate="online"),
    "w4a4 rotated gptq": dict(
        activations="row", bits=4, format=CHANNEL, search="mse", rounding="gptq", rotate="online"
    ),
    "w4a4 clipped rotated gptq": dict(W4A4, clip=0.8, rounding="gptq"),
    "w4a4 clipped learned rtn": dict(W4A4, clip=0.8, learn="local"),
    "w4a4 clipped learned gptq": dict(W4A4, clip=0.8, rounding="gptq", learn="local"),
    "w4a4 clipped learned gptaq": dict(W4A4, clip=0.8, rounding="gptaq", learn="local"),
    "w4a4 g64 rotated rtn": dict(W4A4_GROUPS),
    "w4a4 g64 rotated gptq": dict(W4A4_GROUPS, rounding="gptq"),
    "w4a4 g64 rotated gptaq": dict(W4A4_GROUPS, rounding="gptaq"),
    "w4a4 g64 learned rtn": dict(W4A4_GROUPS, learn="local"),
    "w4a4 g64 R1 learned gptq": dict(W4A4_GROUPS, rounding="gptq", learn="local", heads="false"),
    "w4a4 g64 learned gptq": dict(W4A4_GROUPS, rounding="gptq", learn="local"),
    "w4a4 g64 learned gptaq": dict(W4A4_GROUPS, rounding="gptaq", learn="local"),
}
OPTIONS = {
    "activations": "activations",
    "bits": "activation-bits",
    "clip": "activation-clip",
    "group": "activation-group",
    "format": "weight-format",
    "search": "weight-search",
    "rounding": "weight-rounding",
    "rotate": "rotate",
    "learn": "rotate-learn",
    "heads": "rotate-learn-heads",
}


def run(command):
    """Seconds, and peak MiB of the process."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}\n{errors}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def perplexity(logits, tokens):
    losses = []
    for window, row in zip(logits, tokens):
        x = window.reshape(-1, window.shape[-1])[:-1].astype(np.float64)
        top = x.max(1, keepdims=True)
        scores = x - top - np.log(np.exp(x - top).sum(1, keepdims=True))
        losses.append(-scores[np.arange(len(x)), row[1:]].mean())
    return np.exp(np.mean(losses))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("rows", nargs="*", metavar="NAME", help="; ".join(ROWS))
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--head", default="")
    parser.add_argument("--limit", type=int, default=-1, help="windows to evaluate")
    parser.add_argument("--threads", default="2")
    options = parser.parse_intermixed_args()
    for name in options.rows:
        if name not in ROWS:
            parser.error(f"expected one of {'; '.join(ROWS)}, but found {name}")
    folder, tokens = options.data, np.load(os.path.join(options.data, "labels.npz"))["tokens"]
    print("| what | perplexity | quantize s | MiB | evaluate s | MiB |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        module, outputs = os.path.join(temporary, "q.mlirbc"), os.path.join(temporary, "outputs.npz")
        for name in options.rows or ROWS:
            row = ROWS[name]
            command = [os.path.join(options.build, "bin", "quantc"), options.model, "--emit", "mlirbc", "--quiet"]
            command += ["-o", module, "--threads", options.threads]
            command += ["--calibrate", os.path.join(folder, "calibration.npz"), "--to", "quantized" if row else "float"]
            for key, value in (row or {}).items():
                command += ["--set", f"{OPTIONS[key]}={value}"]
            if row and options.head:
                command += ["--set", f"exclude={options.head}"]
            made = run(command)
            command = [os.path.join(options.build, "bin", "quant-run"), module, "--outputs", outputs]
            command += ["--inputs", os.path.join(folder, "evaluation.npz"), "--threads", options.threads]
            if options.limit > 0:
                command += ["--limit", str(options.limit)]
            ran = run(command)
            arrays = np.load(outputs)
            result = perplexity(arrays[arrays.files[0]], tokens)
            print(f"| {name} | {result:.2f} | {made[0]:.0f} | {made[1]:.0f} | {ran[0]:.0f} | {ran[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
