"""The digits step in JAX: one jitted step, state kept on the device, the batch from NumPy."""

from peers import import_jax

from digits_steps.data import DECAY, MOMENTUM

jax = import_jax()
jnp = jax.numpy


def loss(params, x, one_hot):
    hidden = jax.nn.relu(x @ params["hidden"]["w"] + params["hidden"]["b"])
    z = hidden @ params["out"]["w"] + params["out"]["b"]
    penalty = sum(jnp.sum(p["w"] * p["w"]) for p in params.values())
    return -jnp.mean(jnp.sum(one_hot * jax.nn.log_softmax(z), axis=1)) + DECAY * penalty


def new_step(**options):
    """A jitted step that has not been compiled yet."""

    def train_step(params, velocity, x, one_hot, rate):
        value, gradient = jax.value_and_grad(loss)(params, x, one_hot)
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v - rate * g, velocity, gradient)
        return jax.tree.map(jnp.add, params, velocity), velocity, value

    return jax.jit(train_step, **options)


def jitted(params, velocity, **options):
    params, velocity = jax.device_put((params, velocity))
    train_step = new_step(**options)

    def step(x, one_hot, rate):
        nonlocal params, velocity
        params, velocity, value = train_step(params, velocity, x, one_hot, rate)
        return value, params

    return step


def donated(params, velocity):
    """The new state takes the memory of the old."""
    return jitted(params, velocity, donate_argnums=(0, 1))
