"""ResNet-8, post-activation, for 28x28 images of one channel, as LAYERS and as a PyTorch module.

He et al., "Deep Residual Learning for Image Recognition", 2015, figure 3 and section 4.2.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import nn

IMAGE_SIZE = 28
CLASS_COUNT = 10
BATCH_NORM_EPSILON = 1e-3


class Layer(NamedTuple):
    """One layer: its name, its tfjs class, the names of the layers it reads, its own settings."""

    name: str
    kind: str
    inputs: tuple
    settings: dict = {}


def conv(name, source, filters, size=3, stride=1):
    return Layer(name, "Conv2D", (source,), {"filters": filters, "size": size, "stride": stride})


def batch_norm(name, source):
    return Layer(name, "BatchNormalization", (source,))


def activation(name, source, function="relu"):
    return Layer(name, "Activation", (source,), {"activation": function})


def residual_block(block, source, filters, stride):
    """conv-BN-ReLU-conv-BN beside a shortcut, projected where the shape changes; Add, ReLU."""
    layers = [
        conv(f"{block}_conv1", source, filters, stride=stride),
        batch_norm(f"{block}_bn1", f"{block}_conv1"),
        activation(f"{block}_relu1", f"{block}_bn1"),
        conv(f"{block}_conv2", f"{block}_relu1", filters),
        batch_norm(f"{block}_bn2", f"{block}_conv2"),
    ]
    shortcut = source
    if stride != 1:
        shortcut = f"{block}_projection_bn"
        layers += [
            conv(f"{block}_projection", source, filters, size=1, stride=stride),
            batch_norm(shortcut, f"{block}_projection"),
        ]
    add = Layer(f"{block}_add", "Add", (f"{block}_bn2", shortcut))
    return layers + [add, activation(f"{block}_relu2", add.name)]


LAYERS = [
    Layer("image", "InputLayer", ()),
    conv("conv1", "image", 16),
    batch_norm("bn1", "conv1"),
    activation("relu1", "bn1"),
    *residual_block("block1", "relu1", 16, stride=1),
    *residual_block("block2", "block1_relu2", 32, stride=2),
    *residual_block("block3", "block2_relu2", 64, stride=2),
    Layer("pool", "GlobalAveragePooling2D", ("block3_relu2",)),
    Layer("dense", "Dense", ("pool",), {"units": CLASS_COUNT}),
    activation("softmax", "dense", "softmax"),
]


class Conv2dSame(nn.Conv2d):
    """A bias-free convolution padded as TensorFlow's SAME pads: the odd pixel goes last.

    total = max((ceil(size / stride) - 1) * stride + kernel - size, 0), before = total // 2
    """

    def __init__(self, in_channels, filters, size, stride):
        super().__init__(in_channels, filters, size, stride, bias=False)

    def forward(self, x):
        before, after = self.same_padding(x.shape[-1])
        if before == after:
            return F.conv2d(x, self.weight, None, self.stride, before)
        return F.conv2d(F.pad(x, (before, after, before, after)), self.weight, None, self.stride)

    def same_padding(self, size):
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2


class Network(nn.Module):
    """LAYERS as a module, [batch, 1, 28, 28] to logits [batch, 10]: the softmax is the loss's."""

    def __init__(self):
        super().__init__()
        channels = {"image": 1}
        for layer in LAYERS:
            width = channels[layer.inputs[0]] if layer.inputs else 1
            if layer.kind == "Conv2D":
                self.add_module(layer.name, Conv2dSame(width, **layer.settings))
                width = layer.settings["filters"]
            elif layer.kind == "BatchNormalization":
                self.add_module(layer.name, nn.BatchNorm2d(width, BATCH_NORM_EPSILON))
            elif layer.kind == "Dense":
                self.add_module(layer.name, nn.Linear(width, layer.settings["units"]))
            channels[layer.name] = width

    def forward(self, images):
        outputs = {"image": images}
        for layer in LAYERS[1:-1]:
            inputs = [outputs[name] for name in layer.inputs]
            outputs[layer.name] = self.apply_layer(layer, *inputs)
        return outputs[LAYERS[-2].name]

    def apply_layer(self, layer, x, shortcut=None):
        if layer.kind == "Activation":
            return F.relu(x)
        if layer.kind == "Add":
            return x + shortcut
        if layer.kind == "GlobalAveragePooling2D":
            return x.mean((2, 3))
        return getattr(self, layer.name)(x)
