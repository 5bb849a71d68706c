# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Caps on memory of losses of layers and of rotations learned by a network's loss: `calib_memory.py QUANTC FOLDER`."""

import os
import re
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import same_bytes  # noqa: E402


class Step:
    """Runs of a command that writes a file, and the purpose that its step's refusal names."""

    def __init__(self, command, file, purpose):
        self.command, self.file, self.purpose = command, file, purpose

    def run(self, *more):
        """What the file holds, or nothing, and what was said."""
        if os.path.exists(self.file):
            os.remove(self.file)
        said = subprocess.run([*self.command, *more], capture_output=True, text=True).stderr
        if not os.path.exists(self.file):
            return None, said
        with open(self.file, "rb") as file:
            return file.read(), said

    def needed(self, cap):
        """The bytes that a refused cap asks for."""
        written, said = self.run("--calib-memory", str(cap))
        found = re.search(rf"at least (\d+) bytes for {self.purpose}, but found {cap}\n", said)
        assert written is None and found, said
        return int(found[1])

    def check(self):
        free, said = self.run()
        assert free, said
        needed = self.needed(1)
        assert self.needed(needed - 1) == needed
        least, said = self.run("--calib-memory", str(needed))
        assert least == free, said
        print(f"{self.purpose}: {needed} bytes")


def main():
    quantc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)  # noqa: E731
    np.savez(path("m.npz"), **same_bytes.convolutional(path("m.onnx")))
    same_bytes.language_model(path("l.onnx"))
    np.savez(path("l.npz"), x=np.random.default_rng(7).integers(0, same_bytes.KINDS, (32, same_bytes.TOKENS)))
    common = ["--report", path("r.json"), "--allow-float", "--quiet"]

    # Ranges from a file: the step that collects them has a need of its own.
    images = [quantc, path("m.onnx"), "--calibrate", path("m.npz"), *common, "--set", "equalize-depthwise=false", "--set", "equalize-residual=false"]
    subprocess.run([*images, "--to", "quantized", "--emit", "mlirbc", "-o", path("m.mlirbc"), "--save-statistics", path("ranges.json")], check=True)
    images += ["--statistics", path("ranges.json"), "--effective-bits", "6", "--set", "allocation-loss=noise", "--save-sensitivity", path("s.json")]
    Step(images, path("s.json"), "the inputs of one layer").check()
    rounded = "rounded weights of all layers and the moments of one"
    Step([*images, "--set", "weight-rounding=gptq"], path("s.json"), rounded).check()

    tokens = [quantc, path("l.onnx"), "--recipe", "w4a4-rotated", "--calibrate", path("l.npz"), "--to", "observed", "--emit", "mlirbc",
              "-o", path("l.mlirbc"), *common]  # fmt: skip
    for setting in ("weight-rounding=nearest", "weight-format=int4:g8:sym", "activation-group=0", "rotate-steps=6"):
        tokens += ["--set", setting]
    for loss in ("mse", "kl-top"):
        learn = ["--set", f"rotate-learn={loss}", "--set", f"rotations={path('r.npz')}"]
        Step([*tokens, *learn], path("r.npz"), "rotations, their gradients and the outputs of one run").check()


if __name__ == "__main__":
    main()
