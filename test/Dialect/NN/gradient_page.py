# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/Autodiff.md names all nodes that loops alone run: those with a derivative, and those without: `gradient_page.py QUANTC`."""

import os
import re
import subprocess
import sys

import gradient_nodes

# Nodes of integers or truth values, of random numbers, made of sizes alone, whose results have a size that a run decides, or (Split)
# that are ops of nn in a gradient.
NONE_OR_RAISED = set(
    """
    ArgMax ArgMin Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Compress ConvInteger DynamicQuantizeLinear EyeLike
    GreaterOrEqual HammingWindow HannWindow IsInf IsNaN LessOrEqual MatMulInteger MelWeightMatrix NonMaxSuppression NonZero OptionalGetElement
    OptionalHasElement RandomNormal RandomNormalLike RandomUniform RandomUniformLike Split TfIdfVectorizer Unique Xor
    """.split()
)

quantc = sys.argv[1]
with open(os.path.join(gradient_nodes.ROOT, "docs", "Autodiff.md"), encoding="utf-8") as file:
    page = file.read()
without = set(re.findall(r"\b[A-Z][A-Za-z0-9]+\b", page[page.index("**Without one** are") : page.index("**Recompute.**")]))
listed = subprocess.run([quantc, "--list-ops"], capture_output=True, text=True, check=True).stdout
own = listed[listed.index("## ai.onnx\n") : listed.index("## ai.onnx.preview")]
loops = {cells[1].strip() for cells in (line.split("|") for line in own.splitlines()) if len(cells) > 5 and cells[2].strip() == "-" and "loops" in cells[4]}
assert without & loops and not without & gradient_nodes.listed(), without & gradient_nodes.listed()
rest = loops - gradient_nodes.listed() - without
assert rest == NONE_OR_RAISED, (sorted(rest - NONE_OR_RAISED), sorted(NONE_OR_RAISED - rest))
