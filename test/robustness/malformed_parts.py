# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pieces of models for make_malformed.py: wire format by hand, short builders, external data."""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


def varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, content):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def message(content):
    return content if isinstance(content, bytes) else content.SerializeToString()


def info(name, shape=(2, 3), elem=F):
    return helper.make_tensor_value_info(name, elem, shape)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def tensor(name, array):
    return numpy_helper.from_array(array, name)


def raw(name, elem, dims, data):
    """A TensorProto with any contents."""
    return onnx.TensorProto(name=name, data_type=elem, dims=dims, raw_data=data)


def model(nodes, inputs=None, outputs=None, initializers=(), opsets=(("", 17),), value_info=()):
    """A model; nodes and initializers may be serialised already."""
    done = lambda items: [m for m in items if not isinstance(m, bytes)]
    bare = lambda items: [m for m in items if isinstance(m, bytes)]
    graph = helper.make_graph(done(nodes), "graph", inputs or [info("x")], outputs or [info("y")], done(initializers),
                              value_info=value_info)  # fmt: skip
    result = onnx.ModelProto(ir_version=8, producer_name="malformed", graph=graph)
    result.opset_import.extend(helper.make_opsetid(d, v) for d, v in opsets)
    extra = b"".join(field(1, m) for m in bare(nodes)) + b"".join(field(5, m) for m in bare(initializers))
    return result.SerializeToString() + field(7, extra) if extra else result


def function(name, inputs, outputs, nodes, opset=17):
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("f", 1)]
    return helper.make_function("f", name, inputs, outputs, nodes, imports)


def with_functions(nodes, functions, **keywords):
    result = model(nodes, opsets=[("", 17), ("f", 1)], **keywords)
    result.functions.extend(functions)
    return result


class Writer:
    """A folder with one sub-folder per case of external data."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "outside"), exist_ok=True)
        self.secret = os.path.abspath(os.path.join(folder, "outside", "secret.bin"))
        with open(self.secret, "wb") as file:
            file.write(bytes(4096))

    def place(self, case):
        place = os.path.join(self.folder, "external-" + case)
        os.makedirs(place, exist_ok=True)
        return place

    def data(self, case, size=4096, name="data.bin"):
        with open(os.path.join(self.place(case), name), "wb") as file:
            file.write(bytes(size))

    def link(self, case, target, name, hard=False):
        path = os.path.join(self.place(case), name)
        if os.path.lexists(path):
            os.remove(path)
        (os.link if hard else os.symlink)(target, path)

    def model(self, case, *tensors):
        path = os.path.join(self.place(case), "model.onnx")
        proto = model([node("Add", ["x", "w"], ["y"])], initializers=list(tensors))
        with open(path, "wb") as file:
            file.write(message(proto))
        return case, os.path.relpath(path, self.folder)


def external(name="w", dims=(2, 3), elem=F, **entries):
    """A tensor with external data; entries are its keys."""
    result = onnx.TensorProto(name=name, data_type=elem, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        result.external_data.add(key=key, value=str(value))
    return result


def external_cases(writer):
    """(case, path of the model) for every way to point at the wrong bytes."""
    locations = {"absolute": "/etc/passwd", "windows_absolute": "C:\\data.bin", "parent": "../outside/secret.bin",
                 "hidden_parent": "./sub/../../outside/secret.bin", "missing": "nowhere.bin", "empty": "",
                 "zero_byte": "data.bin\0x", "folder": "sub", "current_folder": "."}  # fmt: skip
    for case, location in locations.items():
        writer.data(case)
        os.makedirs(os.path.join(writer.place(case), "sub"), exist_ok=True)
        yield writer.model(case, external(location=location))
    writer.link("symlink", writer.secret, "data.bin")
    yield writer.model("symlink", external(location="data.bin"))
    writer.data("symlink_inside", name="real.bin")
    writer.link("symlink_inside", "real.bin", "data.bin")
    yield writer.model("symlink_inside", external(location="data.bin"))
    writer.link("symlinked_folder", os.path.dirname(writer.secret), "sub")
    yield writer.model("symlinked_folder", external(location="sub/secret.bin"))
    writer.link("hard_link", writer.secret, "data.bin", hard=True)
    yield writer.model("hard_link", external(location="data.bin"))
    os.makedirs(writer.place("pipe"), exist_ok=True)
    pipe = os.path.join(writer.place("pipe"), "data.bin")
    if not os.path.exists(pipe):
        os.mkfifo(pipe)
    yield writer.model("pipe", external(location="data.bin"))

    ranges = {"negative_offset": dict(offset=-4), "offset_not_a_number": dict(offset="4 bytes"),
              "offset_beyond": dict(offset=1 << 20), "offset_overflows": dict(offset=2**64 - 8),
              "offset_too_large": dict(offset=2**70), "negative_length": dict(length=-24), "length_short": dict(length=20),
              "length_long": dict(length=28), "length_huge": dict(length=2**63), "end_beyond": dict(offset=4080)}  # fmt: skip
    for case, entries in ranges.items():
        writer.data(case)
        yield writer.model(case, external(location="data.bin", **entries))
    writer.data("short_file", size=23)
    yield writer.model("short_file", external(location="data.bin"))
    writer.data("empty_file", size=0)
    yield writer.model("empty_file", external(location="data.bin"))
    writer.data("huge_shape")
    yield writer.model("huge_shape", external(location="data.bin", dims=(2**20, 2**20)))
    yield writer.model("no_location", external(offset=0))
    writer.data("overlap")
    yield writer.model("overlap", external(location="data.bin"), external("v", location="data.bin", offset=20))
    writer.data("overlap_spelt_differently")
    yield writer.model("overlap_spelt_differently", external(location="data.bin", offset=20),
                       external("v", location="./data.bin"))  # fmt: skip
    both = external(location="data.bin")
    both.raw_data = np.zeros(6, np.float32).tobytes()
    writer.data("inline_too")
    yield writer.model("inline_too", both)
    unmarked = external(location="data.bin")
    unmarked.ClearField("data_location")
    writer.data("not_marked")
    yield writer.model("not_marked", unmarked)
    writer.data("strings")
    yield writer.model("strings", external(location="data.bin", elem=TensorProto.STRING))
