# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a model with several independent problems: make_broken.py FILE."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "robustness"))
from malformed_parts import F, info, model, node, raw  # noqa: E402

conv = node("Conv", ["imagee", "w"], ["c"], name="conv1", group=1)
conv.attribute.append(conv.attribute[0])
nodes = [conv, node("MatMulNBits", ["c"], ["m"], domain="com.microsoft"), node("Relu", ["after"], ["r"], name="late"),
         node("Neg", ["m"], ["after"], name="fine")]  # fmt: skip
weights = [raw("w", F, [1], bytes(4)), raw("short", F, [4], bytes(4))]
broken = model(nodes, inputs=[info("image")], outputs=[info("r"), info("nothing")], initializers=weights)
with open(sys.argv[1], "wb") as file:
    file.write(broken.SerializeToString())
