"""Makes the embedded example: a slice of Fashion-MNIST and a ResNet-8 trained on all of it.

    make_example.py data     writes fashion-mnist/*.gz
    make_example.py train    writes resnet8-fashion-mnist/{model.json,group1-shard1of1.bin}

The images come from Debian's package dataset-fashion-mnist, PyTorch from its python3-torch.
"""

import argparse
import gzip
import struct
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from layers_model import save_layers_model
from resnet8 import IMAGE_SIZE, Network

HERE = Path(__file__).resolve().parent
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
DATA_FOLDER = HERE / "fashion-mnist"
MODEL_FOLDER = HERE / "resnet8-fashion-mnist"
EMBEDDED_COUNTS = {"train": 5000, "t10k": 2000}

IDX_IMAGES_MAGIC, IDX_LABELS_MAGIC = 0x803, 0x801
CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]
PIXEL_MEAN, PIXEL_STD = 72.9, 90.0
METADATA = {
    "preprocess": {
        "mean": [PIXEL_MEAN],
        "std": [PIXEL_STD],
        "inputSize": [IMAGE_SIZE, IMAGE_SIZE],
    },
    "classes": CLASSES,
}
MAX_SHIFT = 2


def check_magic(what, found, wanted):
    if found != wanted:
        raise ValueError(f"reading {what}: found magic {found:#x}, wanted {wanted:#x}")


def read_images(folder, split):
    """Reads an IDX image file as uint8 [count, height, width]."""
    content = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
    magic, count, height, width = struct.unpack_from(">4I", content)
    check_magic(f"{folder}/{split} images", magic, IDX_IMAGES_MAGIC)
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)


def read_labels(folder, split):
    """Reads an IDX label file as uint8 [count]."""
    content = gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())
    magic, count = struct.unpack_from(">2I", content)
    check_magic(f"{folder}/{split} labels", magic, IDX_LABELS_MAGIC)
    return np.frombuffer(content, np.uint8, count, offset=8)


def write_gzip(path, content):
    """Compresses without name or time in the header, so that equal input gives equal files."""
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(content)
    print(f"{path.relative_to(HERE)}: {path.stat().st_size} bytes")


def write_data(source):
    """Writes the first images and labels of both splits as IDX files."""
    DATA_FOLDER.mkdir(exist_ok=True)
    for split, count in EMBEDDED_COUNTS.items():
        images, labels = read_images(source, split)[:count], read_labels(source, split)[:count]
        images_header = struct.pack(">4I", IDX_IMAGES_MAGIC, *images.shape)
        labels_header = struct.pack(">2I", IDX_LABELS_MAGIC, *labels.shape)
        write_gzip(DATA_FOLDER / f"{split}-images-idx3-ubyte.gz", images_header + images.tobytes())
        write_gzip(DATA_FOLDER / f"{split}-labels-idx1-ubyte.gz", labels_header + labels.tobytes())


def preprocess(images):
    """uint8 [count, 28, 28] to the network's input, float32 [count, 1, 28, 28]."""
    return ((images.float() - PIXEL_MEAN) / PIXEL_STD).unsqueeze(1)


def augment(images):
    """Shifts each image by up to MAX_SHIFT black pixels either way and flips half of them."""
    count = len(images)
    padded = F.pad(images, (MAX_SHIFT,) * 4)
    crops = padded.unfold(1, IMAGE_SIZE, 1).unfold(2, IMAGE_SIZE, 1)
    top, left = torch.randint(0, 2 * MAX_SHIFT + 1, (2, count))
    shifted = crops[torch.arange(count), top, left]
    flipped = torch.rand(count) < 0.5
    return torch.where(flipped[:, None, None], shifted.flip(2), shifted)


def compute_logits(network, images):
    network.eval()
    with torch.no_grad():
        return torch.cat([network(preprocess(batch)) for batch in images.split(500)])


def count_correct(network, images, labels):
    return (compute_logits(network, images).argmax(1) == labels).sum().item()


def train_network(images, labels, options, report_epoch):
    """SGD with Nesterov momentum under a one-cycle learning rate.

    `options` holds the flags `epochs`, `batch_size` and `max_rate`. Calls
    `report_epoch(epoch, network, mean_loss)` after each epoch.
    """
    network = Network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(), options.max_rate, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    steps = options.epochs * -(-len(images) // options.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.max_rate, steps, pct_start=0.25, cycle_momentum=False
    )
    for epoch in range(1, options.epochs + 1):
        network.train()
        total_loss = 0.0
        for batch in torch.randperm(len(images)).split(options.batch_size):
            loss = F.cross_entropy(network(preprocess(augment(images[batch]))), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total_loss += loss.item() * len(batch)
        report_epoch(epoch, network, total_loss / len(images))
    return network


def load_split(source, split):
    images = torch.from_numpy(read_images(source, split).copy())
    return images, torch.from_numpy(read_labels(source, split).astype(np.int64))


def train_and_export(arguments):
    start = time.monotonic()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    images, labels = load_split(arguments.source, "train")
    kept = len(images) - arguments.hold_out

    def report_epoch(epoch, network, loss):
        line = f"epoch {epoch}: loss {loss:.4f}, {time.monotonic() - start:.0f} s"
        if arguments.hold_out:
            correct = count_correct(network, images[kept:], labels[kept:])
            line += f", held-out accuracy {correct / arguments.hold_out:.4f}"
        print(line, flush=True)

    network = train_network(images[:kept], labels[:kept], arguments, report_epoch)
    if arguments.hold_out:
        return
    test_images, test_labels = load_split(arguments.source, "t10k")
    for count in (EMBEDDED_COUNTS["t10k"], len(test_images)):
        correct = count_correct(network, test_images[:count], test_labels[:count])
        print(f"test accuracy, first {count} images: {correct / count:.4f} ({correct} right)")
    save_layers_model(network, METADATA, MODEL_FOLDER)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["data", "train"])
    parser.add_argument("--source", type=Path, default=DEBIAN_FOLDER, help="the IDX files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--max-rate", type=float, default=0.1, help="top of the one-cycle schedule")
    parser.add_argument(
        "--hold-out", type=int, default=0,
        help="validate on this many last training images instead of testing and exporting",
    )
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.step == "data":
        write_data(arguments.source)
    else:
        train_and_export(arguments)


if __name__ == "__main__":
    main()
