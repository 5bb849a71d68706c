# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""odd_nodes.py QUANTC QUANT_OPT [--seed N] [--nodes N]: nodes of every op that has loops, with operands and attributes that do not fit it.

Each op first with 0 to 18 operands of one type and no attributes, then with random operands and with random values of the attributes that its
schema names (ONNX's, and ONNX Runtime's). Each node is converted or refused with its name; nothing else may happen. After a crash the module
that is to blame is printed.
"""

import argparse
import random
import re
import subprocess
import sys

from onnx import defs
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

COUNTS = (0, 1, 2, 3, 5, 8, 12, 18)
TYPES = ("tensor<f32>", "tensor<1xf32>", "tensor<2xf32>", "tensor<2xsi32>", "tensor<3x4xui8>", "tensor<4x3xsi8>", "tensor<2x3x4xf32>",
         "tensor<?x?x?xf32>", "tensor<?x?xui8>", "tensor<1x4x5x5xui8>", "tensor<1x4x5x5xf32>", "tensor<4x4x1x1xsi8>", "tensor<2x1x4x2x3xf32>",
         "tensor<ui8>", "tensor<0x3xf32>", "tensor<2x3xi1>", "tensor<4xsi64>", "tensor<si64>", "tensor<?xsi64>", "tensor<2x3xf64>", "none")
NUMBERS = (0, 1, 2, 3, 4, 8, -1, -7, 16, 2**31, 2**62, -(2**63))
REALS = ("0.0", "1.0", "-2.5", "0x7F800000", "0x7FC00000")
TEXTS = ("", "x", "NHWC", "Relu", "Clip", "bidirectional", "reverse", "SAME_UPPER", "VALID", "linear", "nearest", "cubic", "reflect", "silu", "FLOOR", "CRD")
KINDS = {"INT": lambda r: f"{r.choice(NUMBERS)} : si64", "FLOAT": lambda r: f"{r.choice(REALS)} : f32", "STRING": lambda r: f'"{r.choice(TEXTS)}"',
         "INTS": lambda r: f"array<i64{': ' if (n := r.choice((0, 1, 2, 4))) else ''}{', '.join(str(r.choice(NUMBERS)) for _ in range(n))}>"}


def operators(quantc):
    """(domain, op, opset) of each row of the float path; the newest opset."""
    page, domains = subprocess.run([quantc, "--list-ops"], capture_output=True, text=True, check=True).stdout, []
    for line in page.splitlines():
        if line.startswith("## "):
            domains = ["" if name == "ai.onnx" else name for name in line[3:].split(", ")]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[3] == "loops":
            last = re.match(r"(?:.*-)?(\d+)|from (\d+)", cells[4].split(";")[0])
            for domain in domains:
                yield domain, cells[0], int(last[1] or last[2])


def schemas():
    """{(domain, op): (number of inputs, {attribute: kind})}"""
    quant = {"signed": "INT", "narrow": "INT", "rounding_mode": "STRING", "saturation": "INT", "has_inf": "INT", "data_layout": "STRING"}
    found = {(domain, op): (count, quant) for domain in ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
             for op, count in (("Quant", 4), ("IntQuant", 4), ("Trunc", 6), ("FloatQuant", 6), ("BipolarQuant", 2), ("MultiThreshold", 2))}
    for schema in [*runtime.get_all_operator_schema(), *defs.get_all_schemas()]:
        attributes = {name: str(value.type).rpartition(".")[2] for name, value in schema.attributes.items()}
        found[schema.domain, schema.name] = (len(schema.inputs), attributes)
    return found


def module(domain, op, opset, types, attributes=""):
    arguments = ", ".join(f"%x{i}: {kind}" for i, kind in enumerate(types) if kind != "none")
    operands = ", ".join("%n" if kind == "none" else f"%x{i}" for i, kind in enumerate(types))
    extra = (f', domain = "{domain}"' if domain else "") + (f", onnx_attrs = {{{attributes}}}" if attributes else "")
    return (f"func.func @f({arguments}) -> tensor<*xf32> {{\n  %n = onnx.none\n"
            f'  %y:3 = onnx.node "{op}"({operands}) {{opset = {opset} : i64{extra}, result_names = ["y", "z", "w"]}} : ({", ".join(types)}) -> '
            "(tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)\n  return %y#0 : tensor<*xf32>\n}\n")


def odd_module(rng, row, known):
    count, attributes = known.get(row[:2], (3, {}))
    types = [rng.choice(TYPES) for _ in range(min(count, 18) if rng.random() < 0.8 else rng.randint(0, 6))]
    given = [f"{name} = {KINDS[kind](rng)}" for name, kind in attributes.items() if kind in KINDS and rng.random() < 0.6]
    return module(*row, types, ", ".join(given))


def crashes(tool, texts):
    run = subprocess.run([tool, "-", "--split-input-file", "--convert-onnx-to-loops", "-o", "/dev/null"], input="// -----\n".join(texts),
                         capture_output=True, text=True, check=False)
    return run.returncode not in (0, 1)


def first_crash(tool, texts):
    while len(texts) > 1:
        half = len(texts) // 2
        texts = texts[:half] if crashes(tool, texts[:half]) else texts[half:]
    return texts[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quantc")
    parser.add_argument("quant_opt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=4000)
    options = parser.parse_args()
    rng, rows, known = random.Random(options.seed), list(operators(options.quantc)), schemas()
    texts = [module(*row, [kind] * count) for row in rows for count in COUNTS for kind in ("tensor<f32>", "tensor<?x?x?xf32>")]
    texts += [odd_module(rng, rng.choice(rows), known) for _ in range(options.nodes)]
    if crashes(options.quant_opt, texts):
        print(first_crash(options.quant_opt, texts))
        return 1
    print(f"{len(rows)} operators, {len(texts)} nodes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
