"""A line learned by a graph: placeholders, variables, a session, an optimizer as a node.

    python examples/regression.py
"""

import numpy as np

import jitflow.graph as g
from jitflow import optim

STEPS = 100_000


def main(steps: int = STEPS) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    true_m, true_b = rng.random(2).astype(np.float32)
    xs = rng.random(steps)

    m = g.get_variable("m", [], initializer=g.constant_initializer(0.0))
    b = g.get_variable("b", [], initializer=g.constant_initializer(0.0))
    init = g.global_variables_initializer()

    x = g.placeholder(g.float32)
    y = g.placeholder(g.float32)
    y_guess = m * x + b
    loss = g.square(y - y_guess)
    train_op = optim.SGD(1e-3).minimize(loss)

    sess = g.Session()
    sess.run(init)
    for i, at in enumerate(xs):
        feeds = {x: at, y: true_m * at + true_b}
        last, _ = sess.run([loss, train_op], feed_dict=feeds)
        if i % (steps // 10) == 0:
            print(f"{i:6d} {last:.3e}")

    learned = sess.run([m, b])
    print(f"True parameters:    m={true_m:.4f}, b={true_b:.4f}")
    print("Learned parameters: m={:.4f}, b={:.4f}".format(*learned))
    return abs(learned[0] - true_m), abs(learned[1] - true_b)


if __name__ == "__main__":
    main()
