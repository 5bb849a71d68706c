#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calibration data that no tool may accept: `make_malformed_data.py OUT` writes OUT/<case> and OUT/manifest.json.

The data is for the model OUT/model.onnx, input "x" float32 [N, 4]. Every case is a file or folder to give to
`--calibrate`; the manifest is a list of {"case", "path", "exit"}, exit being the code that quantc must return (2: the
data is not supported). No case is random: a change in one byte would be seen.
"""

import io
import json
import os
import struct
import sys
import zipfile

import numpy as np

GOOD = (np.arange(32, dtype=np.float32).reshape(8, 4) - 16) / 8


def npy(array=GOOD):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_with_header(text, payload=GOOD.tobytes(), version=b"\x01\x00"):
    """An .npy image with a header of our own text."""
    header = text.encode("latin1") + b"\n"
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + payload


def header_text(descr="'<f4'", order="False", shape="(8, 4)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def npz(members, method=zipfile.ZIP_STORED):
    """A zip of (name, bytes) pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def patched(data, offset, replacement):
    offset = offset if offset >= 0 else len(data) + offset
    return data[:offset] + replacement + data[offset + len(replacement) :]


def npy_cases():
    """(name, bytes) of .npy images that are wrong by themselves or for the model."""
    whole = npy()
    yield "empty", b""
    yield "one-byte", b"\x93"
    yield "wrong-magic", patched(whole, 1, b"PYNUM")
    yield "version-9", patched(whole, 6, b"\x09")
    for length in (6, 8, 9, 40, len(whole) - 1):
        yield f"truncated-{length}", whole[:length]
    yield "trailing-bytes", whole + b"\0" * 16
    yield "header-past-end", patched(whole, 8, b"\xff\xff")
    yield "header-4-gib", npy_with_header(header_text(), version=b"\x02\x00")[:8] + b"\xff\xff\xff\xff" + b"{}"
    headers = {
        "not-a-dict": "[1, 2, 3]",
        "empty-dict": "{}",
        "no-descr": "{'fortran_order': False, 'shape': (8, 4), }",
        "no-shape": "{'descr': '<f4', 'fortran_order': False, }",
        "no-order": "{'descr': '<f4', 'shape': (8, 4), }",
        "unterminated-string": "{'descr': '<f4, 'fortran_order': False, 'shape': (8, 4), }",
        "unterminated-tuple": "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 4",
        "deep-nesting": "{'descr': " + "(" * 5000 + ", 'fortran_order': False, 'shape': (8, 4), }",
        "order-is-number": header_text(order="3"),
        "negative-extent": header_text(shape="(-8, 4)"),
        "extent-past-64-bit": header_text(shape="(99999999999999999999999, 4)"),
        "product-overflows": header_text(shape="(4294967296, 4294967296, 4)"),
        "declares-4-tib": header_text(shape="(274877906944, 4)"),
        "shape-of-strings": header_text(shape="('8', '4')"),
        "rank-300": header_text(shape="(" + "1, " * 298 + "8, 4)"),
        "object": header_text("'|O'"),
        "structured": header_text("[('a', '<f4'), ('b', '<i4')]"),
        "unicode": header_text("'<U4'"),
        "big-endian": header_text("'>f4'"),
        "float128": header_text("'<f16'"),
        "unknown-type": header_text("'<q9'"),
        "type-of-no-size": header_text("'<f'"),
    }
    for name, text in headers.items():
        yield f"header-{name}", npy_with_header(text)
    for dtype in (np.float64, np.float16, np.int32, np.uint8, np.bool_, np.complex64):
        yield f"type-{np.dtype(dtype).name}", npy(GOOD.astype(dtype))
    for name, shape in {"no-samples": (0, 4), "no-features": (8, 0), "rank-0": (), "three-features": (8, 3)}.items():
        yield f"shape-{name}", npy(np.zeros(shape, np.float32))
    yield "shape-rank-5", npy(np.zeros((8, 1, 1, 1, 4), np.float32))
    for name, value in {"nan": np.nan, "inf": np.inf, "minus-inf": -np.inf}.items():
        data = GOOD.copy()
        data[5, 2] = value
        yield f"value-{name}", npy(data)


def npz_cases():
    """(name, bytes) of archives."""
    good = npy()
    whole = npz([("x.npy", good)])
    directory = whole.rindex(b"PK\x01\x02")
    end = whole.rindex(b"PK\x05\x06")
    yield "text", b"this is no archive\n" * 20
    yield "zeros", bytes(4096)
    yield "no-members", npz([])
    yield "end-record-only", whole[end:]
    for length in (1, 30, 100, directory, directory + 20, end, end + 10, len(whole) - 1):
        yield f"truncated-{length}", whole[:length]
    yield "other-name", npz([("z.npy", good)])
    yield "extra-array", npz([("x.npy", good), ("z.npy", good)])
    yield "path-traversal", npz([("../../x.npy", good)])
    yield "absolute-path", npz([("/x.npy", good)])
    yield "empty-name", npz([("x.npy", good), (".npy", good)])
    yield "bad-crc", patched(whole, whole.index(good) + 200, b"\xa5\x5a\xa5")
    yield "method-99", patched(patched(whole, 8, b"\x63\0"), directory + 10, b"\x63\0")
    yield "encrypted", patched(patched(whole, 6, b"\x01\0"), directory + 8, b"\x01\0")
    yield "directory-past-end", patched(whole, end + 16, b"\xff\xff\xff\x7f")
    yield "more-entries-than-there-are", patched(patched(whole, end + 8, b"\xff\x7f"), end + 10, b"\xff\x7f")
    yield "local-header-past-end", patched(whole, directory + 42, b"\xff\xff\xff\x7f")
    yield "local-header-elsewhere", patched(whole, directory + 42, b"\x10\0\0\0")
    yield "name-past-end", patched(whole, directory + 28, b"\xff\xff")
    deflated = npz([("x.npy", good)], zipfile.ZIP_DEFLATED)
    entry = deflated.rindex(b"PK\x01\x02")
    yield "declares-4-gib", patched(deflated, entry + 24, b"\xfe\xff\xff\xff")
    yield "deflate-garbage", patched(deflated, 40, b"\xff" * 24)


def pb_field(number, wire, payload):
    return bytes([number << 3 | wire]) + payload


def length_delimited(number, payload):
    return pb_field(number, 2, bytes([len(payload)]) + payload)


def tensor_proto(dims=(1, 4), dtype=1, raw=GOOD[0].tobytes(), name=b"x", extra=b""):
    """A serialized TensorProto; lengths below 128, extents below 2^63."""

    def varint(value):
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes(out) + bytes([value])

    data = b"".join(pb_field(1, 0, varint(extent % 2**64)) for extent in dims)
    data += pb_field(2, 0, varint(dtype % 2**64)) + length_delimited(8, name)
    return data + (length_delimited(9, raw) if raw is not None else b"") + extra


def pb_cases():
    """(name, bytes) of input_0.pb."""
    whole = tensor_proto()
    yield "empty", b""
    yield "garbage", bytes(range(7, 207))
    for length in (1, 5, len(whole) - 9, len(whole) - 1):
        yield f"truncated-{length}", whole[:length]
    yield "negative-extent", tensor_proto(dims=(-1, 4))
    yield "product-overflows", tensor_proto(dims=(2**62, 4))
    yield "declares-4-tib", tensor_proto(dims=(2**38, 4))
    yield "too-little-data", tensor_proto(raw=GOOD[0, :3].tobytes())
    yield "too-much-data", tensor_proto(raw=GOOD[:2].tobytes())
    yield "no-data", tensor_proto(raw=None)
    yield "type-0", tensor_proto(dtype=0)
    yield "type-999", tensor_proto(dtype=999)
    yield "type-negative", tensor_proto(dtype=-1)
    yield "strings", tensor_proto(dtype=8, raw=None, extra=length_delimited(6, b"text"))
    yield "other-type", tensor_proto(dtype=6)
    yield "other-shape", tensor_proto(dims=(2, 2))
    yield "nan", tensor_proto(raw=np.float32([0, np.nan, 0, 0]).tobytes())
    entry = length_delimited(1, b"location") + length_delimited(2, b"../../model.onnx")
    yield "external-data", tensor_proto(raw=None, extra=length_delimited(13, entry) + pb_field(14, 0, b"\x01"))
    yield "segment", tensor_proto(extra=length_delimited(3, b"\x08\x00\x10\x01"))
    yield "varint-of-11-bytes", pb_field(1, 0, b"\xff" * 11) + whole
    yield "field-0", b"\x02\x00" + whole
    yield "open-group", whole + pb_field(15, 3, b"")
    yield "wire-type-7", whole + pb_field(15, 7, b"")


def folder_cases(out):
    """(name, path) of folders that are wrong as a whole."""

    def folder(name, files):
        path = os.path.join(out, f"folder-{name}")
        for file, data in files.items():
            target = os.path.join(path, file)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as handle:
                handle.write(data)
        os.makedirs(path, exist_ok=True)
        return f"folder-{name}", path

    good, archive = npy(), npz([("x.npy", npy())])
    yield folder("empty", {})
    yield folder("no-data-files", {"README.txt": b"nothing here"})
    yield folder("second-npz-truncated", {"00000.npz": archive, "00001.npz": archive[:60]})
    yield folder("second-npz-other-name", {"00000.npz": archive, "00001.npz": npz([("z.npy", good)])})
    yield folder("second-npy-nan", {"a.npy": npy(GOOD[:1]), "b.npy": npy(GOOD[:1] * np.float32(np.nan))})
    yield folder("input-1-only", {"test_data_set_0/input_1.pb": tensor_proto(name=b"")})
    yield folder("one-input-too-many", {f"test_data_set_0/input_{i}.pb": tensor_proto(name=b"") for i in (0, 1)})
    yield folder("second-set-empty", {"test_data_set_0/input_0.pb": tensor_proto(), "test_data_set_1/output_0.pb": b""})
    yield "missing", os.path.join(out, "does-not-exist.npz")
    loop = os.path.join(out, "folder-link-to-itself.npz")
    if not os.path.islink(loop):
        os.symlink(os.path.basename(loop), loop)
    yield "folder-link-to-itself", loop


def write_model(path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [weight],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def main():
    out = os.path.abspath(sys.argv[1])
    os.makedirs(out, exist_ok=True)
    write_model(os.path.join(out, "model.onnx"))
    np.savez(os.path.join(out, "good.npz"), x=GOOD)
    cases = []

    def add(case, path, data):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        cases.append((case, path))

    for name, data in npy_cases():
        add(f"npy-{name}", os.path.join(out, f"npy-{name}", "x.npy"), data)
    for name, data in npy_cases():
        if name.startswith(("header-", "truncated-", "type-", "value-")):
            add(f"npz-npy-{name}", os.path.join(out, f"npz-npy-{name}.npz"), npz([("x.npy", data)]))
    for name, data in npz_cases():
        add(f"npz-{name}", os.path.join(out, f"npz-{name}.npz"), data)
    for name, data in pb_cases():
        path = os.path.join(out, f"pb-{name}", "test_data_set_0", "input_0.pb")
        add(f"pb-{name}", path, data)
        cases[-1] = (cases[-1][0], os.path.join(out, f"pb-{name}"))
    cases += list(folder_cases(out))
    manifest = [{"case": case, "path": path, "exit": 2} for case, path in cases]
    with open(os.path.join(out, "manifest.json"), "w") as file:
        json.dump(manifest, file, indent=1)
    print(f"{len(manifest)} cases in {out}")


if __name__ == "__main__":
    main()
