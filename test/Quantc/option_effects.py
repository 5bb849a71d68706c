# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options do what they say: `option_effects.py QUANTC QUANT_RUN FOLDER`.

rotate-runs, rotate-optimizer, migrate-trials, rounding-folds and weight-search=output, each on a small model: with another value the result is
another one in the direction that the option means, and values that mean the same give the same bytes.
"""

import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import same_bytes  # noqa: E402

QUANTC, QUANT_RUN, FOLDER = sys.argv[1:]


def at(name):
    return os.path.join(FOLDER, name)


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def run(*command):
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, f"{' '.join(command)}\n{process.stdout}{process.stderr}"


def quantc(model, stage, *settings, options=()):
    """The report of a run to a stage, whose module is in m.mlir."""
    run(QUANTC, at(model + ".onnx"), "--calibrate", at(model + ".npz"), "--to", stage, "--emit", "mlir", "-o", at("m.mlir"), "--report", at("r.json"),
        "--allow-float", "--quiet", *options, *(x for setting in settings for x in ("--set", setting)))  # fmt: skip
    with open(at("r.json"), encoding="utf-8") as file:
        return json.load(file)


def check_rotations():
    def learned(*settings):
        report = quantc("language", "observed", "weight-rounding=nearest", "rotate-learn=mse", "rotate-steps=8", f"rotations={at('r.npz')}", *settings,
                        options=("--recipe", "w4a4-rotated"))  # fmt: skip
        (stream,) = report["learned_rotations"]
        with np.load(at("r.npz")) as arrays:
            (matrix,) = arrays.values()
        assert np.abs(matrix @ matrix.T - np.eye(len(matrix))).max() < 1e-6, settings
        return matrix, stream

    usual, stream = learned()
    assert stream["loss"] < stream["loss_before"], stream
    assert np.array_equal(learned("rotate-runs=4")[0], usual), "rotate-runs is 4 where it is not given"
    assert not np.array_equal(learned("rotate-runs=2")[0], usual), "rotate-runs"
    every, more = (learned(f"rotate-runs={runs}")[0] for runs in (24, 1000))
    assert np.array_equal(every, more), "rotate-runs: more runs than there are"
    cayley, stream = learned("rotate-optimizer=cayley")
    assert stream["loss"] < stream["loss_before"] and not np.array_equal(cayley, usual), ("rotate-optimizer", stream)


def check_trials():
    """All transforms together lower the score: one trial keeps none of them, a second one keeps half of them."""
    few, more = (quantc("language", "observed", "migrate=smoothquant", f"migrate-trials={trials}")["migration"] for trials in (1, 2))
    assert not any(site["kept"] for site in few["sites"]) and few["sqnr_db_after"] == few["sqnr_db_before"], few
    assert any(site["kept"] for site in more["sites"]) and more["sqnr_db_after"] > more["sqnr_db_before"], more


def check_folds():
    def codes(*settings):
        quantc("network", "quantized", "weight-bits=4", *settings, options=("--recipe", "w8a8-accurate", "--save-codes", at("codes.npz")))
        return read("codes.npz")

    usual, two, one, none = codes(), *(codes(f"rounding-folds={folds}") for folds in (2, 1, 0))
    assert codes("rounding-folds=4") == usual, "rounding-folds is 4 where it is not given"
    assert one == none, "rounding-folds: below 2 nothing is held out"
    assert len({usual, two, none}) == 3, "rounding-folds"


def check_search():
    """Scales that weigh errors by the inputs that meet them lose less at the outputs where inputs differ in size."""
    def outputs(stage, *settings):
        quantc("layer", stage, *settings, options=("--recipe", "w4a16-gptq", "--set", "weight-format=int3:g8:sym"))
        run(QUANT_RUN, at("m.mlir"), f"--inputs={at('layer.npz')}", f"--outputs={at('y.npz')}")
        with np.load(at("y.npz")) as arrays:
            (values,) = arrays.values()
        return values.astype(np.float64)

    wanted = outputs("float")
    error, other = (np.linalg.norm(outputs("quantized", f"weight-search={search}") - wanted) for search in ("output", "mse"))
    assert error < other, (error, other)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    np.savez(at("network.npz"), **same_bytes.convolutional(at("network.onnx")))
    np.savez(at("language.npz"), **same_bytes.language_model(at("language.onnx")))
    net, rng = same_bytes.Net(), np.random.default_rng(7)
    net.save(at("layer.onnx"), "x", same_bytes.TensorProto.FLOAT, ["N", 16], net.linear("x", 16, 24))
    np.savez(at("layer.npz"), x=(rng.normal(size=(8 * 32, 16)) * np.geomspace(0.1, 10, 16)[rng.permutation(16)]).astype(np.float32))
    check_search()
    check_folds()
    check_rotations()
    check_trials()
    print("ok")


if __name__ == "__main__":
    main()
