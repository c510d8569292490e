"""Several threads build one graph and run it: each has its own scopes and controls."""

from concurrent.futures import ThreadPoolExecutor

import jitflow.graph as g


def test_scopes_and_controls_are_each_threads_own(graph):
    def build(k):
        with graph.as_default(), g.name_scope(f"t{k}"):
            v = g.Variable(float(k))
            made = [v]
            with g.control_dependencies([v.assign_add(1.0)]):
                made += [v * n for n in range(100)]
            made.append(g.constant(1))
        return made

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(build, range(4)))
    names = [op.name for op in graph]
    assert len(set(names)) == len(names)
    assert [op.number for op in graph] == list(range(len(graph)))
    for k, (v, *products, last) in enumerate(found):
        assert all(x.op.name.startswith(f"t{k}/") for x in (v, *products, last))
        assert {x.op.controls for x in products} == {(v.op.graph.get_operation(f"t{k}/AssignAdd"),)}
        assert last.op.controls == ()
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        assert [sess.run(products[2]) for _, *products, _ in found] == [2, 4, 6, 8]
