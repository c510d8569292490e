"""Layers, losses, metrics, and models that train themselves. Re-exports only.

    model = nn.Sequential([nn.Dense(64, nn.relu), nn.Dense(10)])
    model.compile(optim.Adam(1e-3), nn.sparse_categorical_crossentropy, [nn.accuracy])
    model.fit(x, y, epochs=5)
"""

from jitflow.nn.activations import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from jitflow.nn.callbacks import Callback, EarlyStopping, History, SaveCheckpoints
from jitflow.nn.frame import Variables
from jitflow.nn.layer import Layer
from jitflow.nn.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
)
from jitflow.nn.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    hinge,
    huber,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from jitflow.nn.metrics import accuracy, binary_accuracy, top_k_accuracy
from jitflow.nn.model import Model
from jitflow.nn.sequential import Sequential

__all__ = [
    "Activation", "BatchNorm", "Callback", "Dense", "Dropout", "EarlyStopping", "Embedding",
    "Flatten", "History", "Layer", "LayerNorm", "Model", "SaveCheckpoints", "Sequential",
    "Variables", "accuracy", "binary_accuracy", "binary_crossentropy",
    "categorical_crossentropy", "elu", "gelu", "hinge", "huber", "leaky_relu", "log_softmax",
    "mean_absolute_error", "mean_squared_error", "relu", "sigmoid", "silu", "softmax",
    "softplus", "sparse_categorical_crossentropy", "tanh", "top_k_accuracy",
]  # fmt: skip
