# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables that are not of the model or of its code, from those that are: `allocation_tables.py FOLDER` with s.json, h.json, l.json."""

import json
import sys

FOLDER = sys.argv[1]


def change(source, target, edit):
    with open(f"{FOLDER}/{source}.json") as file:
        table = json.load(file)
    edit(table)
    with open(f"{FOLDER}/{target}.json", "w") as file:
        json.dump(table, file)


def share_with_themselves(table):
    for layer in table["layers"]:
        layer["shares"] = layer["node"]


def mix(table):
    first, second, third, last = table["layers"]
    first["shares"] = "nobody"
    second["node"] = "Conv_9"
    third.update(parameters=1, channels=2)
    last["macs"] = 9 * 10**17
    table["layers"].append(dict(first))


change("s", "own", share_with_themselves)
change("s", "mixed", mix)
change("s", "tensor", lambda table: table.update(per_channel=False))
change("h", "format", lambda table: table.update(format="x", version=99))
change("h", "weights", lambda table: (table["curvature"]["Conv_0"].update(weights=7), table["curvature"].pop("MatMul_8")))
change("h", "negative", lambda table: table["curvature"]["Conv_0"].update(trace=-3))
change("l", "code", lambda table: table.update(cpu="arm"))
change("l", "threads", lambda table: table.update(threads=77))
change("l", "nodes", lambda table: (table["layers"].pop("Conv_0"), table["layers"].update(Conv_9={"w4": 1, "w8": 1})))
change("l", "times", lambda table: table["layers"]["Conv_0"].update(w4=-1))
change("l", "rest", lambda table: table.update(rest=-1))
