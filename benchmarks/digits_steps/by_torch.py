"""The digits step in torch: with autograd, by hand, and compiled. Batches enter without a copy."""

from peers import import_torch

from digits_steps.data import DECAY, MOMENTUM

torch = import_torch()


def loss(params, x, one_hot):
    w, b, w_out, b_out = params
    z = torch.addmm(b_out, torch.addmm(b, x, w).relu(), w_out)
    penalty = (w * w).sum() + (w_out * w_out).sum()
    return torch.nn.functional.cross_entropy(z, one_hot) + DECAY * penalty


def tensors(tree):
    """Copies of the weights and biases, in the order of the layers."""
    return [torch.from_numpy(tree[k][n].copy()) for k in ("hidden", "out") for n in ("w", "b")]


def named(tensors):
    w, b, w_out, b_out = tensors
    return {"hidden": {"w": w, "b": b}, "out": {"w": w_out, "b": b_out}}


def update(params, velocity, gradient, rate):
    """Momentum, in place, all tensors in one call each."""
    torch._foreach_mul_(velocity, MOMENTUM)
    torch._foreach_add_(velocity, gradient, alpha=-rate)
    torch._foreach_add_(params, velocity)


def eager(params, velocity):
    """Autograd, and the update in place."""
    params, velocity = [t.requires_grad_() for t in tensors(params)], tensors(velocity)

    def step(x, one_hot, rate):
        value = loss(params, torch.from_numpy(x), torch.from_numpy(one_hot))
        gradient = torch.autograd.grad(value, params)
        with torch.no_grad():
            update(params, velocity, gradient, rate)
        return value.detach(), named(params)

    return step


def by_hand(params, velocity):
    """No autograd: the gradient is written out."""
    params, velocity = tensors(params), tensors(velocity)

    @torch.inference_mode()
    def step(x, one_hot, rate):
        x, one_hot = torch.from_numpy(x), torch.from_numpy(one_hot)
        value, gradient = loss_and_gradient(*params, x, one_hot)
        update(params, velocity, gradient, rate)
        return value, named(params)

    return step


def loss_and_gradient(w, b, w_out, b_out, x, one_hot):
    hidden = torch.addmm(b, x, w).relu_()
    log_p = torch.log_softmax(torch.addmm(b_out, hidden, w_out), 1)
    penalty = torch.dot(w.view(-1), w.view(-1)) + torch.dot(w_out.view(-1), w_out.view(-1))
    value = torch.sum(one_hot * log_p).div_(-len(x)).add_(penalty, alpha=DECAY)
    dz = log_p.exp().sub_(one_hot).div_(len(x))
    dh = (dz @ w_out.T).mul_(hidden > 0)
    return value, (
        torch.addmm(w, x.T, dh, beta=2 * DECAY),
        dh.sum(0),
        torch.addmm(w_out, hidden.T, dz, beta=2 * DECAY),
        dz.sum(0),
    )


def compiled(params, velocity):
    """Forward, gradient and update as one function under torch.compile, state fed back."""
    torch.compiler.reset()  # it keeps what it compiled for the source below
    params, velocity = tensors(params), tensors(velocity)

    def train_step(params, velocity, x, one_hot, rate):
        gradient, value = torch.func.grad_and_value(loss)(params, x, one_hot)
        velocity = [MOMENTUM * v - rate * g for v, g in zip(velocity, gradient, strict=True)]
        return [p + v for p, v in zip(params, velocity, strict=True)], velocity, value

    train_step = torch.compile(train_step)

    def step(x, one_hot, rate):
        nonlocal params, velocity
        params, velocity, value = train_step(
            params, velocity, torch.from_numpy(x), torch.from_numpy(one_hot), torch.tensor(rate)
        )
        return value, named(params)

    return step
