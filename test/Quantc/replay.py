# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Replays with quant-opt what quantc does between two stages, by the pipelines that it prints.

    replay.py QUANTC QUANT-OPT FROM.mlir EXPECTED.mlir STAGE,STAGE [--steps FOLDER] OPTION...

Runs the printed pipelines of the STAGEs on FROM and compares the module with EXPECTED. OPTIONs are those of quantc. Summaries
of channels, statistics and biases are those that a run with `--resume FOLDER` kept. The certificate, which names the model and
the recipe, is quantc's own.
"""

import glob
import os
import re
import subprocess
import sys


def main():
    quantc, opt, source, expected, stages, *options = sys.argv[1:]
    kept = {}
    if options[0] == "--steps":
        for name, step in (("CHANNELS.json", "channels"), ("STATISTICS.json", "statistics"), ("BIASES.json", "biases")):
            for path in glob.glob(os.path.join(options[1], step + "-*")):
                kept[name] = path
        options = options[2:]
    printed = subprocess.run([quantc, "--print-pipeline", *options], check=True, capture_output=True, text=True).stdout
    pipelines = dict(re.findall(r"^(\w+): --pass-pipeline='(.*)'$", printed, re.M))
    for name, path in kept.items():
        quoted = f'"{path}"' if " " in path else path
        pipelines = {stage: text.replace(name, quoted) for stage, text in pipelines.items()}
    with open(source, encoding="utf-8") as file:
        module = file.read()
    for stage in stages.split(","):
        command = [opt, "--mlir-print-debuginfo", "--pass-pipeline=" + pipelines[stage]]
        module = subprocess.run(command, input=module, check=True, capture_output=True, text=True).stdout
    with open(expected, encoding="utf-8") as file:
        wanted = re.sub(r', quantc\.certificate = "[^"]*"', "", file.read())
    if module.rstrip() != wanted.rstrip():
        sys.exit("the replayed module is another")
    print(f"replayed {stages}")


if __name__ == "__main__":
    main()
