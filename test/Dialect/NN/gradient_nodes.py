# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""gradient_nodes.py QUANT-OPT: compares the nodes that docs/Autodiff.md lists as having a derivative with the program.

Each operator of the installed ONNX becomes a node that reads floats; what the pass says is that it "has no derivative", or something else.
"""

import os
import re
import subprocess
import sys

from onnx import defs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TENSOR = "tensor<2x3xf32>"


def listed():
    """Names of the paragraph, without the limits in brackets."""
    with open(os.path.join(ROOT, "docs", "Autodiff.md"), encoding="utf-8") as file:
        paragraph = re.search(r"^\*\*Nodes\*\* that `nn` does not hold and that have a derivative: (.*?)\.\s", file.read(), re.S | re.M).group(1)
    return {re.sub(r"\s*\(.*", "", name, flags=re.S).strip() for name in re.split(r",(?![^(]*\))", paragraph)}


def module(op, operands):
    values = ["%x"] + ["%c"] * (operands - 1)
    return f"""func.func @main(%x: {TENSOR} {{onnx.name = "x"}}) -> ({TENSOR} {{onnx.name = "y"}}) {{
  %c = nn.constant dense<1.0> : {TENSOR}
  %y = onnx.node "{op}"({", ".join(values)}) {{node_name = "{op}", opset = 21 : i64}} : ({", ".join([TENSOR] * operands)}) -> {TENSOR} loc("{op}")
  return %y : {TENSOR}
}}
"""


def main():
    quant_opt = sys.argv[1]
    ops = sorted({schema.name: schema for schema in defs.get_all_schemas() if schema.domain == "" and schema.max_output > 0 and schema.max_input > 0}.items())
    text = "// -----\n".join(module(name, max(1, schema.min_input)) for name, schema in ops)
    done = subprocess.run([quant_opt, "--split-input-file", "--nn-gradient=wrt=x loss=output", "-"], input=text, capture_output=True, text=True)
    assert done.returncode in (0, 1), f"exit code {done.returncode}: {done.stderr[-2000:]}"
    without = set(re.findall(r"node '\w+' \((\w+), opset 21\) has no derivative", done.stderr))
    names = {name for name, _ in ops}
    assert without <= names and without, without
    print("listed without a derivative:", ", ".join(sorted(listed() & without)) or "none")
    print("not listed:", ", ".join(sorted(names - without - listed())) or "none")
    print("listed, but no operators:", ", ".join(sorted(listed() - names)) or "none")


if __name__ == "__main__":
    main()
