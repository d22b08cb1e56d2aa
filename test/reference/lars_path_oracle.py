"""Writes test/reference/lars_path.json: the Lasso path of scikit-learn on a small problem in which variables drop.

    python3 test/reference/lars_path_oracle.py > test/reference/lars_path.json
    deno fmt test/reference/lars_path.json
"""

import json

import numpy
import sklearn
from sklearn.linear_model import lars_path_gram

rng = numpy.random.default_rng(0)
samples, variables = 60, 10
x = rng.normal(size=(samples, variables)) @ (
    numpy.eye(variables) + rng.normal(size=(variables, variables))
)
y = x @ rng.normal(size=variables) + rng.normal(size=samples)
quadratic, linear = x.T @ x, x.T @ y

# scikit-learn divides by the number of samples: with one sample, alpha is our lambda.
alphas, _, coefficients = lars_path_gram(
    Xy=linear, Gram=quadratic, n_samples=1, method="lasso"
)
print(
    json.dumps(
        {
            "scikitLearn": sklearn.__version__,
            "quadratic": quadratic.ravel().tolist(),
            "linear": linear.tolist(),
            "lambdas": alphas.tolist(),
            "coefficients": coefficients.T.tolist(),
        },
        indent=1,
    )
)
