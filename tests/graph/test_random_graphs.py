"""Random graphs run as the order of effects is documented: an interpreter of ten lines agrees."""

from contextlib import nullcontext

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import jitflow.graph as g

VARIABLES = 3
OPS = {
    "add": (g.add, np.add), "sub": (g.subtract, np.subtract), "mul": (g.multiply, np.multiply),
    "max": (g.maximum, np.maximum),
}  # fmt: skip
STARTS = [np.array([1.0, -2.0, 0.5]), np.array([0.25, 3.0, -1.0]), np.array([-0.0, 2.0, 1.0])]


@st.composite
def programs(draw):
    """Instructions over the entries before: the first ones are the variables."""
    made = []
    for place in range(VARIABLES, VARIABLES + draw(st.integers(4, 14))):
        any_entry = st.integers(0, place - 1)
        kind = draw(st.sampled_from(["op", "op", "op", "assign", "assign", "gradient"]))
        controls = draw(st.lists(any_entry, max_size=1))
        variable = draw(st.integers(0, VARIABLES - 1))
        if kind == "op":
            name = draw(st.sampled_from(sorted(OPS)))
            made.append((kind, name, draw(any_entry), draw(any_entry), controls))
        elif kind == "assign":
            how = draw(st.sampled_from(["set", "add", "sub"]))
            made.append((kind, how, variable, draw(any_entry), controls))
        else:
            made.append((kind, "", variable, draw(any_entry), controls))
    count = VARIABLES + len(made)
    fetches = st.lists(st.integers(0, count - 1), min_size=1, max_size=4)
    return made, draw(st.lists(fetches, min_size=2, max_size=3))


ASSIGN = {"set": g.assign, "add": g.assign_add, "sub": g.assign_sub}


def build(made):
    """The nodes of the entries; None where there is no gradient."""
    entries = [g.Variable(x, name=f"v{i}") for i, x in enumerate(STARTS)]
    for kind, name, a, b, controls in made:
        nodes = [entries[i] for i in controls if entries[i] is not None]
        with g.control_dependencies(nodes) if nodes else nullcontext():
            operands = entries[a], entries[b]
            if any(x is None for x in operands):
                entries.append(None)
            elif kind == "op":
                entries.append(OPS[name][0](*operands))
            elif kind == "assign":
                entries.append(ASSIGN[name](*operands))
            else:
                entries.append(g.gradients(operands[1], operands[0])[0])
    return entries


def needed(made, entries, fetches):
    """The entries that a run of these fetches needs, in order."""
    pending, found = list(fetches), set()
    while pending:
        place = pending.pop()
        if place in found or place < VARIABLES or entries[place] is None:
            continue
        found.add(place)
        kind, _, a, b, controls = made[place - VARIABLES]
        pending += [b, *controls, *([a] if kind == "op" else [])]
    return sorted(found)


def interpret(made, entries, fetches, state):
    """Each entry in order: a variable is read when it is used, a fetched one at the end."""
    values, slopes = {}, {}

    def value(place):
        return state[place] if place < VARIABLES else values[place]

    def slope(place, variable):
        if place < VARIABLES:
            return np.full(3, float(place == variable))
        return slopes[place][variable]

    for place in needed(made, entries, fetches):
        kind, name, a, b, _ = made[place - VARIABLES]
        slopes[place] = [np.zeros(3)] * VARIABLES
        if kind == "op":
            x, y = value(a), value(b)
            values[place] = OPS[name][1](x, y)
            for v in range(VARIABLES):
                dx, dy = slope(a, v), slope(b, v)
                slopes[place] = [*slopes[place][:v], derived(name, x, y, dx, dy),
                                 *slopes[place][v + 1 :]]
        elif kind == "assign":
            old, new = state[a], value(b)
            state[a] = values[place] = {"set": new, "add": old + new, "sub": old - new}[name]
        else:
            values[place] = slope(b, a)
    return [value(place) for place in fetches]


def derived(name, x, y, dx, dy):
    if name == "mul":
        return x * dy + y * dx
    if name == "max":
        return np.where(x > y, dx, np.where(y > x, dy, (dx + dy) / 2))
    return dx + dy if name == "add" else dx - dy


def uses_gradients(made):
    """Entries that gradients go into: their own slopes are not interpreted here."""
    found = set()
    for place, (kind, _, a, b, _) in enumerate(made, VARIABLES):
        if kind == "gradient" or (kind == "op" and {a, b} & found):
            found.add(place)
    return found


@settings(max_examples=12)
@given(programs())
def test_runs_as_documented(program):
    made, runs = program
    with g.Graph().as_default():
        probe = uses_gradients(made)
        made = [
            ("op", "add", a, b, controls) if kind == "gradient" and b in probe else
            (kind, name, a, b, controls)
            for kind, name, a, b, controls in made
        ]  # gradients of gradients are tested elsewhere
        entries = build(made)
        state = [x.copy() for x in STARTS]
        with g.Session() as sess, np.errstate(all="ignore"):
            sess.run(g.global_variables_initializer())
            for fetches in runs:
                fetches = [i for i in fetches if entries[i] is not None]
                expected = interpret(made, entries, fetches, state)
                found = sess.run([entries[i] for i in fetches])
                for x, y in zip(found, expected, strict=True):
                    np.testing.assert_allclose(x, y, rtol=1e-9)
                np.testing.assert_allclose(sess.run(entries[:VARIABLES]), state, rtol=1e-9)
