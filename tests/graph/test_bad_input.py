"""What nodes, names, shapes and initial values must be; each error names the user's line."""

import copy
import pickle

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.errors import (
    ArgumentError,
    DtypeError,
    JitflowError,
    RangeError,
    ShapeError,
    TraceError,
)


def node(value=(1.0, 2.0, 3.0)):
    return g.constant(list(value))


CASES = {
    "dtype without a name": (lambda: g.placeholder("nope"), DtypeError, "'nope' is not a dtype"),
    "dtype without code": (lambda: g.placeholder(object), DtypeError, "not supported"),
    "text": (lambda: g.constant("abc"), DtypeError, "is no literal"),
    "nothing": (lambda: g.constant(None), DtypeError, "is no literal"),
    "ragged": (lambda: g.constant([[1, 2], [3]]), ShapeError, "inhomogeneous"),
    "too large an int": (lambda: g.constant(2**40), RangeError, "does not fit int32"),
    "larger than any int": (lambda: g.constant(2**70), RangeError, "any integer dtype"),
    "too large a float": (lambda: g.constant(1e300), RangeError, "does not fit float32"),
    "negative for unsigned": (lambda: g.constant(-1, np.uint8), RangeError, "does not fit uint8"),
    "float for ints": (lambda: g.constant(1.5, np.int32), DtypeError, "float numbers, not int32"),
    "complex for floats": (lambda: g.constant(1j, np.float32), DtypeError, "complex numbers"),
    "int beside bools": (lambda: g.constant(True) + 1, DtypeError, "beside an array of bool"),
    "large int beside ints": (lambda: g.constant(1) + 2**40, RangeError, "does not fit int32"),
    "large array beside ints": (
        lambda: g.constant([1]) + np.array([2**40]), RangeError, "does not fit int32",
    ),
    "nodes in a list": (lambda: g.constant([node()]), TraceError, "list of tensors"),
    "node and text": (lambda: node() + "a", (DtypeError, TraceError), "str"),
    "node and nothing": (lambda: node() + None, (DtypeError, TraceError), "NoneType"),
    "node and object": (lambda: node() + object(), DtypeError, "object"),
    "mixed einsum": (
        lambda: np.einsum("i,i", node(), g.constant([1, 2, 3])), DtypeError, "do not mix",
    ),
    "bounds of another kind": (
        lambda: np.clip(g.constant([1]), 0.5, None), DtypeError, "beside an array of int32",
    ),
    "shape of one number": (lambda: g.placeholder(g.float32, 3), ShapeError, "3 is no shape"),
    "shape of floats": (lambda: g.placeholder(g.float32, [2.5]), ShapeError, "is no shape"),
    "shape of nan": (lambda: g.placeholder(g.float32, [float("nan")]), ShapeError, "no shape"),
    "negative size": (lambda: g.get_variable("w", [-3]), ShapeError, "negative size"),
    "unknown size": (lambda: g.get_variable("w", [None]), ShapeError, "not known"),
    "huge shape": (lambda: g.get_variable("w", [10**12] * 2), ShapeError, "more elements"),
    "many axes": (lambda: g.placeholder(g.float32, [1] * 70), ShapeError, "70 axes"),
    "filling": (lambda: g.constant([1, 2, 3], shape=[2]), ShapeError, "does not fill"),
    "initial shape": (
        lambda: g.get_variable("w", [3], initializer=lambda s, d: g.constant([1.0, 2.0])),
        ShapeError, "another shape than the variable",
    ),
    "initial value": (
        lambda: g.get_variable("w", [3], initializer=np.zeros(2)), ShapeError, "another shape",
    ),
    "initial dtype": (
        lambda: g.get_variable("w", [1], initializer=lambda s, d: g.constant([1])),
        DtypeError, "int32, not float32",
    ),
    "name with blanks": (lambda: g.constant(1, name="a b"), ArgumentError, "no name of a node"),
    "empty name": (lambda: g.constant(1, name=""), ArgumentError, "no name of a node"),
    "name of an output": (lambda: g.constant(1, name="a:0"), ArgumentError, "no name"),
    "number as a name": (lambda: g.constant(1, name=3), ArgumentError, "3 is no name"),
    "scope": (lambda: g.name_scope("a/").__enter__(), ArgumentError, "no name of a scope"),
    "assigned to a tensor": (lambda: g.assign(node(), 1.0), ArgumentError, "no variable"),
    "assigned shape": (
        lambda: g.Variable([1.0, 2.0]).assign(2.0), ShapeError, "assigned to Variable:0",
    ),
    "assigned dtype": (
        lambda: g.Variable(1.0).assign(g.constant(1)), DtypeError, "int32, not float32",
    ),
    "controls of a number": (
        lambda: g.control_dependencies(3).__enter__(), ArgumentError, "no list of nodes",
    ),
    "controls of numbers": (
        lambda: g.control_dependencies([3]).__enter__(), ArgumentError, "no node of a graph",
    ),
    "group of a number": (lambda: g.group(3), ArgumentError, "no node of a graph"),
    "gradients of nothing": (lambda: g.gradients([], node()), ArgumentError, "no ys"),
    "gradients of a number": (lambda: g.gradients(3, node()), ArgumentError, "no tensor"),
    "gradients of ints": (
        lambda: (lambda x: g.gradients(x * 2, x))(g.constant(1)), DtypeError, "int32; gradients",
    ),
    "number of weights": (
        lambda: (lambda x: g.gradients(x, x, [1.0, 2.0]))(node()), ArgumentError, "2 grad_ys",
    ),
    "shape of a weight": (
        lambda: (lambda x: g.gradients(x, x, [[1.0, 2.0]]))(node()), ShapeError, "weight of anot",
    ),
    "python bool": (lambda: 1 if node() else 2, TraceError, "Python bool"),
    "python float": (lambda: float(node()), TraceError, "needs numbers"),
    "unknown length": (
        lambda: list(g.placeholder(g.float32, [None])), TraceError, "length that is not known",
    ),
    "unknown shape": (lambda: np.shape(g.placeholder(g.int32)), ShapeError, "not known"),
    "parts of an unknown size": (
        lambda: np.unstack(g.placeholder(g.float32, [None])), ShapeError, "how many results",
    ),
    "written element": (lambda: node().__setitem__(0, 1.0), TraceError, "keeps its value"),
    "sorted in place": (lambda: node().sort(), TraceError, r"use np.sort\(x\)"),
    "filled in place": (lambda: node().fill(1.0), TraceError, "writes in place"),
    "put": (lambda: np.put(node(), [0], [1.0]), TraceError, "writes into an array"),
    "added at": (lambda: np.add.at(node(), [0], 1.0), TraceError, "writes in place"),
    "out": (lambda: np.add(node(), node(), out=np.zeros(3)), TraceError, "out="),
    "effects in a gradient": (
        lambda: jf.grad(lambda x: x * g.assign(g.Variable(1.0), x))(1.0), TraceError, "traced func",
    ),
    "print in a gradient": (
        lambda: jf.grad(lambda x: g.Print(x, [x]))(1.0), TraceError, "traced function",
    ),
    "nodes in jit": (lambda: jf.jit(lambda x: x * node())(1.0), TraceError, "nodes are no part"),
    "arguments of jit": (lambda: jf.jit(lambda x: x)(node()), TraceError, r"jf\.function"),
    "tensors of another kind": (
        lambda: node() * jf.constant(1.0), ArgumentError, r"no tensor of a graph",
    ),
    "pickled": (lambda: pickle.dumps(node()), TraceError, "cannot be pickled"),
    "pickled graph": (lambda: pickle.dumps(g.Graph()), TraceError, "cannot be copied or pickled"),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused(case):
    call, kind, text = CASES[case]
    with pytest.raises(kind, match=text) as caught:
        call()
    shown = str(caught.value)
    assert isinstance(caught.value, JitflowError)
    assert __file__ in shown
    assert len(shown.splitlines()) <= 6


def test_a_failed_node_leaves_no_node(graph):
    x = node()
    before = len(graph)
    for call in (lambda: x @ node((1.0, 2.0)), lambda: x[5], lambda: np.sort(x, axis=3)):
        with pytest.raises(JitflowError):
            call()
    assert len(graph) <= before + 1


def test_a_copy_of_a_node_is_the_node(graph):
    x, v = node(), g.Variable(1.0)
    assert copy.copy(x) is x
    assert copy.deepcopy({"x": [x, v, x.op]}) == {"x": [x, v, x.op]}
    assert len(graph) == len(list(graph))


def test_a_cycle_is_printed(graph):
    x = node()
    y = x + 1
    x.op.controls = (y.op,)
    with pytest.raises(ArgumentError, match="cycle: Const -> add -> Const"):
        g.Session().run(y)


def test_names_alike_are_numbered():
    names = [g.constant(1, name=n).op.name for n in ("n", "n", "n_1", "n", "a/n", None, None)]
    assert names == ["n", "n_1", "n_1_1", "n_2", "a/n", "Const", "Const_1"]
