#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What outlier migration does for a model in static integer code: scores of its task, and its noise.

    migration.py MODEL.onnx DATA [--bits 8,4] [--calibration N] [--samples N] [--length S] [--set K=V] [--build BUILD] [NAME ...]

DATA holds calibration and evaluation (.npz, or a folder of a file for each sample), task.json, which names the scored
output, and labels.npz: with `document_similarity` the output is an embedding of documents, words and sentences
(Pearson correlation of cosines with human similarity of documents, Spearman's of words, cosines to float); without
labels it is a map (correlation with the float model's, intersection over union of what exceeds 0.5). Each row is one
library of recipe w8a8-integer without bias correction, with a number of bits of weights and a method of migration
(NAME, default: all); all answer the same samples, and the float model answers them too. Token sequences are padded to S
with attention mask 0. N takes the first samples; scores that need others are left out. Prints Markdown: places kept,
SQNR in dB over all values of the scored output, the scores, seconds of quantization.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METHODS = {
    "none": [],
    "smoothquant": ["migrate=smoothquant"],
    "smoothquant 0.5": ["migrate=smoothquant", "migrate-alpha=0.5"],
    "os+": ["migrate=os+"],
    "awq": ["migrate=awq"],
    "equalize": ["migrate=equalize"],
    "smoothquant 0.5 unchecked": ["migrate=smoothquant", "migrate-alpha=0.5", "migrate-check=none"],
}


def run(command):
    """Seconds; the child's words where it fails."""
    begin = time.monotonic()
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{process.stderr[-2000:]}")
    return time.monotonic() - begin


def read_feeds(path, count):
    """Samples of a folder of .npz files, or of the leading axis of one, as dictionaries of arrays."""
    if os.path.isdir(path):
        for name in sorted(os.listdir(path))[:count]:
            with np.load(os.path.join(path, name)) as arrays:
                yield dict(arrays)
        return
    with np.load(path + ".npz") as arrays:
        whole = dict(arrays)
    for i in range(len(next(iter(whole.values()))))[:count]:
        yield {name: value[i : i + 1] for name, value in whole.items()}


def padded(feed, length):
    """Token arrays [1, n] as [1, length], zeros behind; others as they are."""
    return {
        name: np.pad(value, [(0, 0), (0, length - value.shape[1])])
        if length and value.ndim == 2 and value.dtype.kind == "i" else value
        for name, value in feed.items()
    }  # fmt: skip


def write_runs(feeds, folder, length):
    os.mkdir(folder)
    for index, feed in enumerate(feeds):
        np.savez(os.path.join(folder, f"{index:05}.npz"), **padded(feed, length))


def read_runs(path, name):
    """The output of each run, flat."""
    with np.load(path) as arrays:
        return list(arrays[name].astype(np.float64))


def sqnr(reference, found):
    signal = sum((r**2).sum() for r in reference)
    return 10 * np.log10(signal / sum(((r - f) ** 2).sum() for r, f in zip(reference, found, strict=True)))


def ranks(values):
    """Ranks, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def embedding_scores(answers, reference, labels):
    unit, unit_reference = (np.stack([np.ravel(a) / np.linalg.norm(a) for a in each]) for each in (answers, reference))
    cosines = (unit * unit_reference).sum(1)
    result = {"cos mean": round(cosines.mean(), 5), "cos min": round(cosines.min(), 5)}
    documents, words, _ = labels["counts"]
    if len(unit) >= documents:
        upper = np.triu_indices(documents, 1)
        found = (unit[:documents] @ unit[:documents].T)[upper]
        result["documents, Pearson"] = round(np.corrcoef(found, labels["document_similarity"][upper])[0, 1], 4)
    if len(unit) >= documents + words:
        found = [unit[documents + a] @ unit[documents + b] for a, b in labels["word_pairs"]]
        result["words, Spearman"] = round(np.corrcoef(ranks(found), ranks(labels["word_similarity"]))[0, 1], 4)
    return result


def map_scores(answers, reference):
    correlations = [np.corrcoef(np.ravel(a), np.ravel(r))[0, 1] for a, r in zip(answers, reference, strict=True)]
    both = sum(((a > 0.5) & (r > 0.5)).sum() for a, r in zip(answers, reference, strict=True))
    either = sum(((a > 0.5) | (r > 0.5)).sum() for a, r in zip(answers, reference, strict=True))
    return {"map Pearson": round(np.mean(correlations), 4), "IoU at 0.5": round(both / max(either, 1), 4)}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.model = options.model
        with open(os.path.join(options.data, "task.json")) as file:
            self.output = json.load(file)["scored_output"]
        labels = os.path.join(options.data, "labels.npz")
        self.labels = dict(np.load(labels)) if os.path.exists(labels) else None
        write_runs(read_feeds(os.path.join(options.data, "calibration"), options.calibration), self.path("calibration"), options.length)  # fmt: skip
        write_runs(read_feeds(os.path.join(options.data, "evaluation"), options.samples), self.path("evaluation"), options.length)  # fmt: skip

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        return os.path.join(self.options.build, "bin", name)

    def answers(self, program):
        run([self.tool("quant-run"), program, "--inputs", self.path("evaluation"), "--outputs", self.path("out.npz"), "--threads", self.options.threads])  # fmt: skip
        return read_runs(self.path("out.npz"), self.output)

    def float_answers(self):
        common = ["--calibrate", self.path("calibration"), "--emit", "mlirbc", "--to", "float", "--quiet"]
        run([self.tool("quantc"), self.model, *common, "-o", self.path("float.mlirbc")])
        return self.answers(self.path("float.mlirbc"))

    def quantized(self, bits, settings):
        """(answers, report, seconds)."""
        command = [self.tool("quantc"), self.model, "--calibrate", self.path("calibration"), "--recipe", "w8a8-integer"]
        for setting in ["bias-correction=0", f"weight-bits={bits}", *self.options.set, *settings]:
            command += ["--set", setting]
        command += ["--allow-float", "--threads", self.options.threads, "--quiet", "--report", self.path("report.json"), "-o", self.path("model.so")]  # fmt: skip
        seconds = run(command)
        with open(self.path("report.json")) as file:
            report = json.load(file)
        return self.answers(self.path("model.so")), report, seconds

    def scores(self, answers, reference):
        if self.labels is None:
            return map_scores(answers, reference)
        return embedding_scores(answers, reference, self.labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(METHODS))
    parser.add_argument("--bits", default="8,4", help="bits of weights")
    parser.add_argument("--calibration", type=int, default=None, help="samples of calibration")
    parser.add_argument("--samples", type=int, default=None, help="samples of evaluation")
    parser.add_argument("--length", type=int, default=0, help="tokens that sequences are padded to")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], help="settings of all rows")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--save", help="folder for the reports of quantc")
    options = parser.parse_intermixed_args()
    for name in options.names:
        if name not in METHODS:
            parser.error(f"expected one of {'; '.join(METHODS)}, but found {name}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        reference = bench.float_answers()
        keys = list(bench.scores(reference, reference))
        print(f"{os.path.basename(options.model)}, {len(reference)} samples\n")
        print("| weights | migration | places kept | SQNR, dB | " + " | ".join(keys) + " | seconds |")
        print("|---" * (5 + len(keys)) + "|")
        floats = " | ".join(str(v) for v in bench.scores(reference, reference).values())
        print(f"| float | | | | {floats} | |", flush=True)
        for bits, name in itertools.product(options.bits.split(","), options.names or METHODS):
            answers, report, seconds = bench.quantized(bits, METHODS[name])
            sites = (report.get("migration") or {"sites": []})["sites"]
            places = f"{sum(site['kept'] for site in sites)} of {len(sites)}" if sites else ""
            values = " | ".join(str(value) for value in bench.scores(answers, reference).values())
            print(f"| {bits} bits | {name} | {places} | {sqnr(reference, answers):.2f} | {values} | {seconds:.0f} |", flush=True)  # fmt: skip
            if options.save:
                os.makedirs(options.save, exist_ok=True)
                with open(os.path.join(options.save, f"{bits}-{name.replace(' ', '-')}.json"), "w") as file:
                    json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
