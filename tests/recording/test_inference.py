"""What is known of shapes before they are: nothing that may be otherwise, nothing valid refused."""

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import JitflowError, ShapeError

CASES = {
    "q + 1": (None, 3),
    "q + np.ones((5, 3), np.float32)": (5, 3),
    "q + np.ones((7, 3), np.float32)": (7, 3),
    "np.sum(p)": (),
    "np.sum(p, axis=0)": None,
    "p[0]": None,
    "p + q": None,
    "p * p": None,
    "q.reshape(6)": (None,),
    "q.reshape(-1)": (None,),
    "q.reshape(-1, 3)": (None, 3),
    "np.reshape(p, (2, 3))": None,
    "q @ q": (None, None),
    "q @ q.T": (None, None),
    "q @ np.ones((3, 4), np.float32)": (None, 4),
    "q[:1]": (None, 3),
    "q[:2]": (None, 3),
    "q[4]": (3,),
    "np.outer(r, r)": (None, None),
    "np.max(r)": (),
    "np.broadcast_to(r, (5,))": (5,),
    "np.concatenate([q, np.ones((2, 3), np.float32)])": (None, 3),
    "np.tile(r, 3)": (None,),
    "np.sum(b, axis=(0, 1))": (3,),
    "np.argmax(q, axis=1)": (None,),
}


@pytest.mark.parametrize("call", CASES)
def test_shapes(call):
    with g.Graph().as_default():
        given = {
            "p": g.placeholder(g.float32), "q": g.placeholder(g.float32, [None, 3]),
            "r": g.placeholder(g.float32, [None]), "b": g.placeholder(g.float32, [None, None, 3]),
        }  # fmt: skip
        found = eval(call, {"np": np, **given})
    assert found.shape == CASES[call]


def test_a_run_has_the_shape_that_was_told():
    with g.Graph().as_default():
        q = g.placeholder(g.float32, [None, 3])
        nodes = [q[:2], q[:1], q.reshape(-1), np.sum(q, axis=0), g.shape(q), g.size(q), g.rank(q)]
        with g.Session() as sess:
            for n in (0, 1, 2, 7, 11):
                results = sess.run(nodes, {q: np.ones((n, 3))})
                for node, result in zip(nodes, results, strict=True):
                    assert len(node.shape) == result.ndim
                    told = zip(node.shape, result.shape, strict=True)
                    assert all(a in (None, b) for a, b in told)
                assert results[4].tolist() == [n, 3]
                assert results[5:] == [3 * n, 2]


def test_what_never_fits_is_refused():
    with g.Graph().as_default():
        q = g.placeholder(g.float32, [None, 3])
        with pytest.raises(ShapeError, match=r"shapes: \(\?, 3\), \(5, 6\); what is not known"):
            q @ np.ones((5, 6), np.float32)
        with pytest.raises(JitflowError):
            np.sum(q, axis=2)


def test_results_keep_their_structure():
    with g.Graph().as_default(), g.Session() as sess:
        found = np.linalg.eigh(g.constant(np.eye(2)))
        assert sess.run(found.eigenvalues).tolist() == [1, 1]
        assert type(np.split(g.constant([1, 2]), 2)) is list
        assert np.shape(found.eigenvectors) == (2, 2)
