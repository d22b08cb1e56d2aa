"""Channel selection and reconstruction of one layer with scikit-learn, as PocketFlow's ChannelPrunedLearner does it.

    python3 bench/layer_sklearn.py FOLDER SAMPLES CHANNELS OUTPUTS KEPT SEED

FOLDER holds x.f32, y.f32 and w.f32 as bench/layer_bench.ts writes them. Selection: LassoLars on the channels'
contributions to 400 samples, alpha bisected until the count fits. Reconstruction: LinearRegression on all samples.
Reading files is not timed. Prints one JSON object.
"""

import json
import platform
import sys
import time

import numpy
import sklearn
from sklearn.linear_model import LassoLars, LinearRegression

SELECTION_SAMPLES = 400


def select_channels(x, y, w, channels, kept, rng):
    """Boolean mask of `kept` channels."""
    samples, width = x.shape
    outputs = y.shape[1]
    rows = rng.permutation(samples)[:SELECTION_SAMPLES]
    taps = width // channels
    by_channel = x[rows].reshape(-1, taps, channels).transpose(2, 0, 1)
    weights = w.reshape(taps, channels, outputs).transpose(1, 0, 2)
    contributions = numpy.matmul(by_channel, weights).reshape(channels, -1).T
    target = y[rows].reshape(-1)

    def fit(alpha):
        model = LassoLars(alpha=alpha, fit_intercept=False, max_iter=3000)
        model.fit(contributions, target)
        return model.coef_ != 0.0

    right = 1e-5
    while fit(right).sum() > kept:
        right *= 2
    left = right / 2
    for _ in range(60):
        alpha = (left + right) / 2
        mask = fit(alpha)
        if mask.sum() == kept:
            return mask
        if mask.sum() > kept:
            left = alpha
        else:
            right = alpha
    return mask


def main():
    folder = sys.argv[1]
    samples, channels, outputs, kept, seed = map(int, sys.argv[2:])
    read = lambda name, columns: numpy.fromfile(
        f"{folder}/{name}.f32", numpy.float32
    ).reshape(-1, columns)
    y, w = read("y", outputs), read("w", outputs)
    x = read("x", w.shape[0])
    assert x.shape[0] == samples
    start = time.perf_counter()
    mask = select_channels(x, y, w, channels, kept, numpy.random.default_rng(seed))
    selected = time.perf_counter()
    columns = numpy.tile(mask, w.shape[0] // channels)
    model = LinearRegression(fit_intercept=False).fit(x[:, columns], y)
    done = time.perf_counter()
    residual = y - x[:, columns] @ model.coef_.T
    error = float((residual.astype(float) ** 2).sum() / (y.astype(float) ** 2).sum())
    print(
        json.dumps(
            {
                "versions": f"Python {platform.python_version()}, NumPy {numpy.__version__}, "
                f"scikit-learn {sklearn.__version__}",
                "kept": int(mask.sum()),
                "relativeError": error,
                "seconds": {
                    "select": selected - start,
                    "reconstruct": done - selected,
                    "total": done - start,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
