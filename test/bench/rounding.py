#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integer libraries of an image classifier in several recipes against the float model: top-1 agreement, SQNR, divergence, time and memory.

    rounding.py MODEL.onnx DATA [--build BUILD] [--threads N] [--limit N] [--views] [--set OPTION=VALUE] [NAME ...]

DATA holds calibration.npz and evaluation.npz, one input each, samples along the first axis. The reference is the model in
onnxruntime. Every row is a library that quantc compiles from the calibration data and quant-run runs on the evaluation
data. --views adds seven views of each evaluation image, mirrored or moved: agreement with the float model needs no
labels, and 365 images order two networks only where they differ by some 3 %. Of every further row the differences to
the first are given with standard errors over images, whose views are no independent samples. NAME selects rows; --set
goes to every row. Prints Markdown.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "test", "integration")]
from harness import cpu_name  # noqa: E402

W4 = ["weight-bits=4"]
W3 = ["weight-bits=3"]
W2 = ["weight-bits=2"]
MIXED = ["effective-bits=5", "allocation-widths=4,8"]
ROWS = {
    "w8a8 nearest": ("w8a8-integer", []),
    "w8a8 accurate": ("w8a8-accurate", []),
    "w4a8 nearest": ("w8a8-integer", W4),
    "w4a8 mse": ("w8a8-integer", [*W4, "weight-rounding=mse"]),
    "w4a8 gptq": ("w8a8-integer", [*W4, "weight-rounding=gptq"]),
    "w4a8 gptaq": ("w4a8-integer", []),
    "w4a8 adaround": ("w8a8-integer", [*W4, "weight-rounding=adaround"]),
    "w4a8 autoround": ("w8a8-integer", [*W4, "weight-rounding=autoround"]),
    "w4a8 brecq": ("w8a8-integer", [*W4, "weight-rounding=brecq"]),
    "w5a8 gptq": ("w8a8-integer", ["weight-bits=5", "weight-rounding=gptq"]),
    "w5a8 gptaq": ("w8a8-integer", ["weight-bits=5", "weight-rounding=gptaq"]),
    "mixed gptq": ("w8a8-integer", ["weight-rounding=gptq", *MIXED]),
    "mixed gptaq searched": ("w8a8-integer", ["weight-rounding=gptaq", *MIXED, "allocation-search=250"]),
    "mixed-hawq": ("mixed-hawq", [], ["--save-curvature", "curvature.json", "--curvature-runs", "8"]),
    "mixed gptaq": ("w8a8-integer", ["weight-rounding=gptaq", *MIXED]),
    "w2a8 nearest": ("w8a8-integer", W2),
    "w2a8 gptaq": ("w8a8-integer", [*W2, "weight-rounding=gptaq"]),
    "w2a8 brecq": ("w8a8-integer", [*W2, "weight-rounding=brecq"]),
    "w3a8 nearest": ("w8a8-integer", W3),
    "w3a8 gptaq": ("w8a8-integer", [*W3, "weight-rounding=gptaq"]),
    "w3a8 brecq": ("w8a8-integer", [*W3, "weight-rounding=brecq"]),
    "w3a8 adaround": ("w8a8-integer", [*W3, "weight-rounding=adaround"]),
    "w3a8 autoround": ("w8a8-integer", [*W3, "weight-rounding=autoround"]),
}


SHIFT = 24  # greatest movement of a view, in pixels


def views_of(images):
    """The images, their mirror images and moved ones (borders are reflected): [views, samples, channels, height, width]."""
    edges = ((0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT))

    def moved(originals, y, x):
        window = np.s_[:, :, SHIFT + y : SHIFT + y + images.shape[2], SHIFT + x : SHIFT + x + images.shape[3]]
        return np.pad(originals, edges, mode="reflect")[window]

    mirrored = images[..., ::-1]
    corners = [moved(images, y, x) for x in (20, -20) for y in (20, -20)]
    return np.stack([images, mirrored, *corners, moved(mirrored, 12, -12), moved(mirrored, -12, 12)])


def logarithms(logits):
    """Of the softmax, in float64."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def measured(command, folder):
    """Seconds, and peak MiB of the process, which runs in `folder`: by time, since a child of this process counts its memory as its own."""
    if not shutil.which("time"):
        raise SystemExit("expected GNU time (Debian package time) to measure memory with")
    begin, peak = time.monotonic(), os.path.join(folder, "peak")
    process = subprocess.run(["time", "-f", "%M", "-o", peak, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{process.stderr}")
    with open(peak) as file:
        return time.monotonic() - begin, int(file.read()) / 1024


def reference_of(model, samples):
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: sample[None]})[0] for sample in samples])


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        with np.load(os.path.join(arguments.data, "evaluation.npz")) as archive:
            (name,) = archive.files
            images = archive[name][: arguments.limit]
        if arguments.views and images.ndim != 4:
            raise SystemExit(f"--views: expected images, [samples, channels, height, width], but found {images.shape}")
        views = views_of(images) if arguments.views else images[None]
        self.shape = (*views.shape[:2], -1)
        samples = views.reshape(-1, *images.shape[1:])
        self.evaluation = os.path.join(folder, "evaluation.npz")
        np.savez(self.evaluation, **{name: samples})
        self.reference = reference_of(arguments.model, samples).reshape(self.shape)

    def row(self, recipe, settings, options=()):
        """(agreement and divergence of each [view, image], SQNR in dB of all and of the images alone, seconds, MiB) of a compilation."""
        tool = lambda name: os.path.abspath(os.path.join(self.arguments.build, "bin", name))  # noqa: E731
        path = lambda name: os.path.join(self.folder, name)  # noqa: E731
        command = [tool("quantc"), os.path.abspath(self.arguments.model), "--recipe", recipe, "--threads", str(self.arguments.threads),
                   "--calibrate", os.path.abspath(os.path.join(self.arguments.data, "calibration.npz")), "--target", "cpu",
                   "-o", path("row.so"), "--quiet"]  # fmt: skip
        for setting in [*settings, *self.arguments.set]:
            command += ["--set", setting]
        seconds, memory = measured([*command, *options], self.folder)
        measured([tool("quant-run"), path("row.so"), "--inputs", self.evaluation, "--outputs", path("row.npz")], self.folder)
        with np.load(path("row.npz")) as archive:
            found = archive[archive.files[0]].reshape(self.reference.shape)
        agreement = (found.argmax(-1) == self.reference.argmax(-1)).astype(np.float64)
        expected = logarithms(self.reference)
        divergence = (np.exp(expected) * (expected - logarithms(found))).sum(-1)
        sqnr = [10 * np.log10((a**2).sum() / ((b - a) ** 2).sum()) for a, b in ((self.reference, found), (self.reference[0], found[0]))]
        return (agreement, divergence), sqnr, seconds, memory


def difference(figures, first):
    """Of the means, with its standard error over images."""
    of_images = (figures - first).mean(0)
    return f"{of_images.mean():+.4f} ({of_images.std(ddof=1) / len(of_images) ** 0.5:.4f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="evaluation samples; default all")
    parser.add_argument("--views", action="store_true", help="seven more views of each evaluation image")
    parser.add_argument("--set", action="append", default=[], help="a recipe option for every row")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_intermixed_args()
    unknown = [name for name in arguments.names if name not in ROWS]
    if unknown:
        parser.error(f"expected rows of {', '.join(ROWS)}, but found {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        print(f"{bench.shape[1]} images, {bench.shape[0]} views of each, {cpu_name()}\n")
        three = ["top-1 agreement", "SQNR dB", "divergence"]
        alone = [f"{name} of the images" for name in three] if arguments.views else []
        columns = ["row", *three, *alone, "agreement to first row", "divergence to first row", "seconds", "peak MiB"]
        print(f"| {' | '.join(columns)} |\n|---{'|---:' * (len(columns) - 1)}|", flush=True)
        first = None
        for name in arguments.names or ROWS:
            figures, sqnr, seconds, memory = bench.row(*ROWS[name])
            first = first or figures
            means = [f"{figures[0].mean():.4f}", f"{sqnr[0]:.2f}", f"{figures[1].mean():.4f}"]
            if arguments.views:
                means += [f"{figures[0][0].mean():.4f}", f"{sqnr[1]:.2f}", f"{figures[1][0].mean():.4f}"]
            differences = [difference(*pair) for pair in zip(figures, first)] if figures is not first else ["", ""]
            print(f"| {' | '.join([name, *means, *differences])} | {seconds:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
