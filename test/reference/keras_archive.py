"""Opens .keras files with h5py and finds every weight by Keras' rules; an oracle that is run by hand.

    python3 test/reference/keras_archive.py MODEL.keras …

Needs h5py alone (Debian: python3-h5py). Prints each layer that has weights, its group, shapes and sums; fails when a
group is missing, an array is no float32, or zip finds a checksum that is wrong.
"""

import json
import re
import sys
import zipfile

import h5py


def group_name(class_name, used):
    """The class in snake case, numbered from its second layer on."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    base = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    used[base] = used.get(base, -1) + 1
    return base if used[base] == 0 else f"{base}_{used[base]}"


def walk(model, group):
    """Prints the layers of a model, whole or nested."""
    layers = model["config"]["layers"]
    if model["class_name"] == "Sequential" and layers[0]["class_name"] == "InputLayer":
        layers = layers[1:]
    used = {}
    for layer in layers:
        inner = group["layers"][group_name(layer["class_name"], used)]
        arrays = [inner["vars"][str(index)] for index in range(len(inner["vars"]))]
        assert all(array.dtype == "float32" for array in arrays), inner.name
        if arrays:
            sums = [f"{array.shape} {array[()].sum():.6g}" for array in arrays]
            print(f"{layer['config']['name']}: {inner.name}: {', '.join(sums)}")
        if layer["class_name"] in ("Sequential", "Functional"):
            walk(layer, inner)


for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        print(f"{path}: Keras {json.loads(archive.read('metadata.json'))['keras_version']}")
        with h5py.File(archive.open("model.weights.h5"), "r") as root:
            assert "vars" in root
            walk(json.loads(archive.read("config.json")), root)
