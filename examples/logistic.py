"""Logistic regression by SciPy's optimiser, with our gradient and Hessian-vector product.

Run `python examples/logistic.py`; needs SciPy and scikit-learn. The loss is written once: the
optimiser asks for its value and gradient, and for the Hessian times a vector, which costs about two
gradients and no matrix.
"""

import numpy as np

import jitflow as jf

PENALTY = 1e-3


def load():
    """Breast cancers, malignant or not: scaled features f64[569, 31] and labels of 1 and -1."""
    from sklearn.datasets import load_breast_cancer

    x, labels = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return np.column_stack([x, np.ones(len(x))]), 2.0 * labels - 1


def loss(weights, x, labels):
    """Mean of log(1 + exp(-margin)), with a penalty on the size of the weights."""
    margins = labels * (x @ weights)
    return np.mean(np.logaddexp(0, -margins)) + PENALTY * np.sum(weights * weights)


value_and_gradient = jf.jit(jf.value_and_grad(loss))


@jf.jit
def hessian_product(weights, direction, x, labels):
    """The Hessian of the loss times a direction."""
    return jf.hvp(lambda weights: loss(weights, x, labels), (weights,), (direction,))


@jf.jit
def accuracy(weights, x, labels):
    return np.mean(np.sign(x @ weights) == labels)


def fit(x, labels, method):
    """What SciPy finds from zero weights."""
    from scipy.optimize import minimize

    start = np.zeros(x.shape[1])
    second = {"hessp": hessian_product} if method != "BFGS" else {}
    return minimize(
        value_and_gradient, start, args=(x, labels), jac=True, method=method, tol=1e-10, **second
    )


def main():
    x, labels = load()
    for method in ("BFGS", "Newton-CG", "trust-ncg"):
        found = fit(x, labels, method)
        print(
            f"{method:10} {found.nit:3} steps, {found.nfev:3} gradients,"
            f" {found.get('nhev', 0):3} times the Hessian: loss {found.fun:.8f},"
            f" accuracy {accuracy(found.x, x, labels):.1%}"
        )


if __name__ == "__main__":
    main()
