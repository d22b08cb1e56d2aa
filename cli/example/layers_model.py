"""Writes a trained network as a tfjs LayersModel, its JSON as tfjs-layers itself would write it."""

import json

import torch

from resnet8 import BATCH_NORM_EPSILON, IMAGE_SIZE, LAYERS

SHARD = "group1-shard1of1.bin"


def initializer(class_name):
    return {"class_name": class_name, "config": {}}


GLOROT_NORMAL = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1, "mode": "fan_avg", "distribution": "normal", "seed": None},
}


def conv_config(filters, size, stride):
    return {
        "filters": filters,
        "kernel_initializer": GLOROT_NORMAL,
        "kernel_regularizer": None,
        "kernel_constraint": None,
        "kernel_size": [size, size],
        "strides": [stride, stride],
        "padding": "same",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "activation": "linear",
        "use_bias": False,
        "bias_initializer": initializer("Zeros"),
        "bias_regularizer": None,
        "activity_regularizer": None,
        "bias_constraint": None,
    }


def batch_norm_config():
    return {
        "axis": -1,
        "momentum": 0.9,
        "epsilon": BATCH_NORM_EPSILON,
        "center": True,
        "scale": True,
        "beta_initializer": initializer("Zeros"),
        "gamma_initializer": initializer("Ones"),
        "moving_mean_initializer": initializer("Zeros"),
        "moving_variance_initializer": initializer("Ones"),
        "beta_regularizer": None,
        "gamma_regularizer": None,
        "beta_constraint": None,
        "gamma_constraint": None,
    }


def dense_config(units):
    return {
        "units": units,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": GLOROT_NORMAL,
        "bias_initializer": initializer("Zeros"),
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }


LAYER_CONFIGS = {
    "Conv2D": conv_config,
    "BatchNormalization": batch_norm_config,
    "Activation": lambda activation: {"activation": activation},
    "Add": dict,
    "GlobalAveragePooling2D": lambda: {"data_format": "channels_last"},
    "Dense": dense_config,
}


def layer_json(layer):
    if layer.kind == "InputLayer":
        shape = [None, IMAGE_SIZE, IMAGE_SIZE, 1]
        config = {"batch_input_shape": shape, "dtype": "float32", "sparse": False}
        config["name"] = layer.name
    else:
        config = LAYER_CONFIGS[layer.kind](**layer.settings)
        config |= {"name": layer.name, "trainable": True}
    return {
        "name": layer.name,
        "class_name": layer.kind,
        "config": config,
        "inbound_nodes": [[[name, 0, 0, {}] for name in layer.inputs]] if layer.inputs else [],
    }


def topology_json(name):
    return {
        "class_name": "Model",
        "config": {
            "name": name,
            "layers": [layer_json(layer) for layer in LAYERS],
            "input_layers": [[LAYERS[0].name, 0, 0]],
            "output_layers": [[LAYERS[-1].name, 0, 0]],
        },
        "keras_version": "tfjs-layers 4.22.0",
        "backend": "tensor_flow.js",
    }


def layer_weights(network, layer):
    """A layer's weights under tfjs' names and in its axis order: HWIO, and [in, out] for dense."""
    if layer.kind == "Conv2D":
        weights = {"kernel": getattr(network, layer.name).weight.permute(2, 3, 1, 0)}
    elif layer.kind == "BatchNormalization":
        norm = getattr(network, layer.name)
        weights = {
            "gamma": norm.weight,
            "beta": norm.bias,
            "moving_mean": norm.running_mean,
            "moving_variance": norm.running_var,
        }
    elif layer.kind == "Dense":
        dense = getattr(network, layer.name)
        weights = {"kernel": dense.weight.T, "bias": dense.bias}
    else:
        weights = {}
    return {f"{layer.name}/{key}": value.detach().numpy() for key, value in weights.items()}


def save_layers_model(network, metadata, folder):
    """Writes model.json and its one shard; the folder's name becomes the model's."""
    weights = {}
    for layer in LAYERS:
        weights |= layer_weights(network, layer)
    specs = [
        {"name": name, "shape": list(values.shape), "dtype": "float32"}
        for name, values in weights.items()
    ]
    model = {
        "format": "layers-model",
        "generatedBy": f"make_example.py with PyTorch {torch.__version__}",
        "convertedBy": None,
        "modelTopology": topology_json(folder.name),
        "userDefinedMetadata": metadata,
        "weightsManifest": [{"paths": [SHARD], "weights": specs}],
    }
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text(json.dumps(model, separators=(",", ":")) + "\n")
    # tobytes() writes row by row whatever the strides, so permuted views come out in tfjs' order.
    (folder / SHARD).write_bytes(b"".join(w.astype("<f4").tobytes() for w in weights.values()))
