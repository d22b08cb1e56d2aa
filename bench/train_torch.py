"""Training steps of a network in PyTorch on one thread, asked for one at a time.

    python3 bench/train_torch.py FOLDER

FOLDER holds network.json, weights.f32, images.f32 and labels.i32 as bench/train_torch.ts writes them. Prints one JSON
object, then one for every line on standard input:

    gradients   reads weights.f32 anew; writes gradients.f32, and exact.f32 computed in f64, in the order of the flat
                weights; the losses
    step        forward, backward, SGD with momentum; its seconds, those of the processor, and its loss

NHWC images become NCHW or channels_last, whatever is faster here, before anything is timed. Gradients are those of NCHW:
in PyTorch 1.13 normalization of channels_last sums in f32, which costs two digits. TensorFlow's SAME padding is uneven
where the stride is 2: it is padded apart then, which takes a share of a step far below the noise.
"""

import json
import platform
import sys
import time

import numpy
import torch
import torch.nn.functional as F

FORMATS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}


class Network:
    """The layers of network.json in training mode, with their weights as one parameter each."""

    def __init__(self, description, flat, dtype, memory_format):
        self.nodes = description["nodes"]
        self.output = description["output"]
        self.input = description["input"]
        self.slots = description["trained"]
        self.parameters, self.statistics = {}, {}
        for slots, place in ((self.slots, self.parameters), (description["statistics"], self.statistics)):
            for slot in slots:
                start = slot["offset"]
                values = flat[start : start + slot["length"]].reshape(slot["shape"])
                tensor = torch.tensor(to_torch(values).copy(), dtype=dtype)
                if tensor.ndim == 4:
                    tensor = tensor.contiguous(memory_format=memory_format)
                place[slot["key"], slot["role"]] = tensor.requires_grad_(place is self.parameters)

    def logits(self, images):
        tensors = {self.input: images}
        for node in self.nodes:
            if node["key"] in tensors:
                continue
            tensors[node["key"]] = self.run(node, [tensors[name] for name in node["inputs"]])
        return tensors[self.output]

    def run(self, node, inputs):
        x, kind, config = inputs[0], node["className"], node["config"]
        weight = lambda role: self.parameters.get((node["key"], role))
        if kind == "Conv2D":
            return convolve(x, weight("kernel"), weight("bias"), config)
        if kind == "DepthwiseConv2D":
            kernel = weight("depthwise_kernel")
            return convolve(x, kernel.transpose(0, 1), weight("bias"), config, kernel.shape[1])
        if kind == "MaxPooling2D":
            return F.max_pool2d(x, config["pool_size"], config["strides"])
        if kind == "BatchNormalization":
            mean, variance = (self.statistics[node["key"], role] for role in ("moving_mean", "moving_variance"))
            momentum = 1 - config["momentum"]
            return F.batch_norm(x, mean, variance, weight("gamma"), weight("beta"), True, momentum, config["epsilon"])
        if kind == "Activation" and config["activation"] in ("relu", "relu6"):
            return F.relu_(x) if config["activation"] == "relu" else F.relu6(x, inplace=True)
        if kind == "Activation" and config["activation"] == "softmax" and node["key"] == self.output:
            return x  # part of the loss
        if kind == "Add":
            return torch.add(*inputs)
        if kind == "GlobalAveragePooling2D":
            return x.mean((2, 3))
        if kind == "Dense":
            return F.linear(x, weight("kernel"), weight("bias"))
        raise ValueError(f"running {node['key']}: found a {kind} layer, which this benchmark does not know")

    def loss(self, images, labels):
        return F.cross_entropy(self.logits(images), labels)

    def gradients(self, images, labels, length):
        """Loss and flat gradients."""
        loss = self.loss(images, labels)
        parameters = [self.parameters[slot["key"], slot["role"]] for slot in self.slots]
        flat = numpy.zeros(length, numpy.float32)
        for slot, gradient in zip(self.slots, torch.autograd.grad(loss, parameters)):
            start = slot["offset"]
            flat[start : start + slot["length"]] = from_torch(gradient.numpy()).ravel()
        return loss.item(), flat


def to_torch(values):
    """HWIO to OIHW, and a Dense kernel to outputs × inputs."""
    return values.transpose(3, 2, 0, 1) if values.ndim == 4 else values.T


def from_torch(values):
    return values.transpose(2, 3, 1, 0) if values.ndim == 4 else values.T


def convolve(x, kernel, bias, config, groups=1):
    pads = []
    for size, extent, stride in zip(x.shape[2:], kernel.shape[2:], config["strides"]):
        is_same = config["padding"] == "same"
        total = max((-(-size // stride) - 1) * stride + extent - size, 0) if is_same else 0
        pads.append((total // 2, total - total // 2))
    if all(before == after for before, after in pads):
        padding = [before for before, _ in pads]
        return F.conv2d(x, kernel, bias, config["strides"], padding, groups=groups)
    padded = F.pad(x, (*pads[1], *pads[0]))
    return F.conv2d(padded, kernel, bias, config["strides"], groups=groups)


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    description = json.load(open(f"{folder}/network.json"))
    read = lambda name, kind: numpy.fromfile(f"{folder}/{name}", kind)
    labels = torch.tensor(read("labels.i32", numpy.int32)).long()
    values = read("images.f32", numpy.float32).reshape(description["shape"]).transpose(0, 3, 1, 2)
    options = description["optimizer"]

    def prepare(name, dtype):
        memory_format = FORMATS[name]
        images = torch.tensor(values.copy(), dtype=dtype).contiguous(memory_format=memory_format)
        return Network(description, read("weights.f32", numpy.float32), dtype, memory_format), images

    def make_step(name):
        network, images = prepare(name, torch.float32)
        groups = {True: [], False: []}
        for slot in network.slots:
            groups[slot["decays"]].append(network.parameters[slot["key"], slot["role"]])
        optimizer = torch.optim.SGD(
            [
                {"params": groups[True], "weight_decay": options["weightDecay"]},
                {"params": groups[False], "weight_decay": 0},
            ],
            lr=options["learningRate"],
            momentum=options["momentum"],
        )

        def step():
            start, spent = time.perf_counter(), time.process_time()
            optimizer.zero_grad(set_to_none=True)
            loss = network.loss(images, labels)
            loss.backward()
            optimizer.step()
            seconds, cpu = time.perf_counter() - start, time.process_time() - spent
            return {"seconds": seconds, "cpu": cpu, "loss": loss.item()}

        return step

    def fastest(name):
        step = make_step(name)
        return min(step()["seconds"] for _ in range(4))

    chosen = min(FORMATS, key=fastest)
    step = make_step(chosen)
    answer = {
        "versions": f"Python {platform.python_version()}, PyTorch {torch.__version__}, "
        f"{chosen}, {torch.get_num_threads()} thread"
    }
    while True:
        print(json.dumps(answer), flush=True)
        command = sys.stdin.readline().strip()
        if command == "step":
            answer = step()
        elif command == "gradients":
            answer = {}
            for name, dtype in (("gradients", torch.float32), ("exact", torch.float64)):
                network, images = prepare("channels first", dtype)
                answer[name], gradients = network.gradients(images, labels, description["length"])
                gradients.tofile(f"{folder}/{name}.f32")
        else:
            break


if __name__ == "__main__":
    main()
