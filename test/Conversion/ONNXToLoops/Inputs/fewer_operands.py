# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fewer_operands.py QUANTC QUANT_OPT: every op that has loops, with 0 to 18 operands of one rank and type, without attributes.

Each node is converted or refused with its name; nothing else may happen.
"""

import itertools
import re
import subprocess
import sys

TYPES = ("tensor<f32>", "tensor<2xsi64>", "tensor<3x3xui8>", "tensor<?x?x?xf32>", "tensor<1x4x5x5xf32>")
COUNTS = (0, 1, 2, 3, 5, 8, 12, 18)


def operators():
    """(domain, op, opset) of each row of the float path; the newest opset."""
    page, domains = subprocess.run([sys.argv[1], "--list-ops"], capture_output=True, text=True, check=True).stdout, []
    for line in page.splitlines():
        if line.startswith("## "):
            domains = ["" if name == "ai.onnx" else name for name in line[3:].split(", ")]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[3] == "loops":
            last = re.match(r"(?:.*-)?(\d+)|from (\d+)", cells[4].split(";")[0])
            for domain in domains:
                yield domain, cells[0], int(last[1] or last[2])


def module(domain, op, opset, count, kind):
    arguments = ", ".join(f"%x{i}: {kind}" for i in range(count))
    operands, types = ", ".join(f"%x{i}" for i in range(count)), ", ".join([kind] * count)
    extra = f', domain = "{domain}"' if domain else ""
    return (f"func.func @f({arguments}) -> tensor<*xf32> {{\n"
            f'  %y = onnx.node "{op}"({operands}) {{opset = {opset} : i64{extra}, result_names = ["y"]}} : ({types}) -> tensor<*xf32>\n'
            f"  return %y : tensor<*xf32>\n}}\n")


def crashes(texts):
    run = subprocess.run([sys.argv[2], "-", "--split-input-file", "--convert-onnx-to-loops", "-o", "/dev/null"], input="// -----\n".join(texts),
                         capture_output=True, text=True, check=False)
    return run.returncode not in (0, 1), run.stderr


def first_crash(texts):
    while len(texts) > 1:
        half = len(texts) // 2
        texts = texts[:half] if crashes(texts[:half])[0] else texts[half:]
    return texts[0]


def main():
    rows = list(operators())
    texts = [module(*row, count, kind) for row, count, kind in itertools.product(rows, COUNTS, TYPES) if count or kind == TYPES[0]]
    if crashes(texts)[0]:
        print(first_crash(texts))
        return 1
    print(f"{len(rows)} operators, {len(texts)} nodes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
