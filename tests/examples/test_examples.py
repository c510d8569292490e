"""The examples run as they stand, and what they print is true."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jitflow as jf
from jitflow.api.road import LEVELS
from jitflow.graph import Graph
from jitflow.ir.parser import parse_function
from jitflow.ir.verifier import verify

FOLDER = Path(__file__).parents[2] / "examples"
HEADING = re.compile(r"^(\S.*?) ─+$", re.MULTILINE)


def run(*command):
    """What a command prints, run in the root of the project."""
    done = subprocess.run(
        command,
        cwd=FOLDER.parent,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
        timeout=600,
    )
    return done.stdout


def load(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What the demo prints, and its picture."""
    picture = tmp_path_factory.mktemp("digits") / "loss.png"
    return run(sys.executable, "examples/digits.py", "--picture", picture), picture


def test_no_example_is_left_out():
    tested = {
        "black_scholes", "digits", "export_c", "filters", "logistic", "moons", "own_op",
        "regression", "stages", "training",
    }  # fmt: skip
    assert {path.stem for path in FOLDER.glob("*.py")} == tested


def test_examples_are_short():
    """But for the demo, which draws as well."""
    lines = {path.stem: len(path.read_text().splitlines()) for path in FOLDER.glob("*.py")}
    assert {name for name, count in lines.items() if count >= 100} == {"digits"}


def test_digits_are_learned(demo):
    text, picture = demo
    assert "training" in text and f"loss curve: {picture}" in text
    assert float(re.search(r"held-out accuracy ([\d.]+)%", text)[1]) >= 97
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_digits_show_commands_that_work(demo):
    """As printed, in a shell: the gradient of the loss is in the one, every stage in the other."""
    commands = demo[0].partition("Look inside")[2].partition("\n")[2]
    assert commands.count("python") == 2
    text = run("sh", "-c", commands)
    assert "func @grad_loss(" in text and "dot_general" in text
    assert all(f'as_text("{level}")' in text for level in LEVELS)


def test_digits_loss_is_that_of_numpy():
    digits = load("digits")
    (x, labels), _ = digits.load()
    one_hot = np.eye(10, dtype=np.float32)[labels[:50]]
    arguments = digits.init_params(seed=3), x[:50], one_hot
    np.testing.assert_allclose(jf.jit(digits.loss)(*arguments), digits.loss(*arguments), 1e-5)


def test_digits_says_when_it_has_not_learned(monkeypatch, tmp_path):
    digits = load("digits")
    monkeypatch.setattr(sys, "argv", ["digits", "--epochs", "1", "--picture", str(tmp_path / "x")])
    with pytest.raises(SystemExit, match="below 97 %"):
        digits.main()


@pytest.mark.parametrize("option", [(), ("--whole",)])
def test_every_stage_is_shown(option):
    _, *parts = HEADING.split(run(sys.executable, "examples/stages.py", *option))
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    assert len(texts) == len(LEVELS) + 4
    for level in LEVELS:
        sentence, _, text = texts[f'loss.lower(...).as_text("{level}")'].partition("\n\n")
        assert sentence.strip() and text.count("\n") > 20
        assert ("more lines" in text) == (level in ("llvm", "asm") and not option)
        if level in ("graph", "ir", "opt", "kernels"):
            verify(parse_function(text))
    assert "CacheInfo(hits=1, misses=2, size=2)" in texts["calls"]


def test_an_op_and_a_pass_of_ones_own():
    """What it prints is right, and so are the commands, run as printed in a shell."""
    text, _, commands = run(sys.executable, "examples/own_op.py").partition("\nThe op and the pass")
    x = np.linspace(-2, 2, 5)
    bump = np.exp(-x * x)
    for line, wanted in zip(text.splitlines(), (bump, -2 * x * bump), strict=True):
        shown = np.fromstring(re.search(r"\[(.*)\]", line)[1], sep=" ")
        np.testing.assert_allclose(shown, wanted, atol=1e-7)
    text = run("sh", "-c", commands.partition("\n")[2])
    assert "gaussian: e**(-x*x)." in text and "expansion for f32" in text
    assert "result 0: f64[5]" in text


def test_a_pass_of_ones_own_finds_its_pattern(tmp_path):
    load = ("--load", "examples/own_op.py")
    (tmp_path / "f.jf").write_text(EXPONENTS)
    command = (sys.executable, "-m", "jitflow.cli", "opt", str(tmp_path / "f.jf"), *load)
    found = parse_ops(run(*command, "-p", "find_gaussians,dce"))
    assert found == ["gaussian", "mul", "neg", "exp"]
    assert "find_gaussians" in run(sys.executable, "-m", "jitflow.cli", "passes", *load)


EXPONENTS = """\
func @f(%x: f32[2], %y: f32[2]) {
  %0: f32[2] = mul %x, %x
  %1: f32[2] = neg %0
  %2: f32[2] = exp %1
  %3: f32[2] = mul %x, %y
  %4: f32[2] = neg %3
  %5: f32[2] = exp %4
  return %2, %5
}
"""


def parse_ops(text):
    """The names of the ops; not by the parser, which does not know those of the example."""
    return re.findall(r" = (\w+) ", text)


def test_greeks_are_those_of_the_formula():
    """Hull, Options, Futures, and Other Derivatives: closed forms of every greek."""
    from scipy.stats import norm

    example = load("black_scholes")
    options = spot, strike, rate, volatility, time = example.market(1000)
    price, greeks = example.price_and_greeks(*options)
    root = np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + volatility**2 / 2) * time) / (volatility * root)
    d2 = d1 - volatility * root
    later = strike * np.exp(-rate * time) * norm.cdf(d2)
    wanted = {
        "delta": norm.cdf(d1),
        "gamma": norm.pdf(d1) / (spot * volatility * root),
        "vega": spot * norm.pdf(d1) * root,
        "theta": -spot * norm.pdf(d1) * volatility / (2 * root) - rate * later,
        "rho": time * later,
    }
    np.testing.assert_allclose(price, spot * wanted["delta"] - later, rtol=1e-9, atol=1e-11)
    assert set(greeks) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(greeks[name], values, rtol=1e-8, atol=1e-11, err_msg=name)


def test_greeks_are_shown():
    lines = run(sys.executable, "examples/black_scholes.py").splitlines()
    assert lines[0].split()[-5:] == ["delta", "gamma", "vega", "theta", "rho"]
    assert len(lines[1].split()) == 11 and lines[-1] == "... 1000000 options"


def test_filters_are_those_of_numpy(tmp_path):
    filters = load("filters")
    image = filters.load()[100:180, 200:300]
    for name, function in filters.FILTERS.items():
        wanted = function(image)
        np.testing.assert_allclose(jf.jit(function)(image), wanted, 1e-5, 1e-6, err_msg=name)
    text = run(sys.executable, "examples/filters.py", "--folder", str(tmp_path))
    assert all(name in text for name in filters.FILTERS)
    for name in filters.FILTERS:
        assert (tmp_path / f"china_{name}.png").read_bytes().startswith(b"\x89PNG")


def test_filters_do_what_they_say():
    filters = load("filters")
    dot = np.zeros((9, 9), np.float32)
    dot[4, 4] = 1
    assert not jf.jit(filters.denoise)(dot).any()
    assert jf.jit(filters.edges)(dot)[4, 4] == 0 < jf.jit(filters.edges)(dot)[4, 3]
    assert jf.jit(filters.blur, static_argnums=1)(dot, 1.0).sum() == pytest.approx(1)


def test_logistic_regression_finds_the_least_loss():
    logistic = load("logistic")
    x, labels = logistic.load()
    found = [logistic.fit(x, labels, method) for method in ("BFGS", "Newton-CG", "trust-ncg")]
    assert found[0].fun == pytest.approx(found[1].fun) == pytest.approx(found[2].fun)
    assert found[1].nit < found[0].nit / 5
    slope = logistic.value_and_gradient(found[2].x, x, labels)[1]
    assert np.abs(slope).max() < 1e-8


def test_logistic_hessian_is_that_of_differences():
    logistic = load("logistic")
    x, labels = logistic.load()
    random = np.random.default_rng(0)
    weights, direction = random.standard_normal((2, x.shape[1])) / 10
    ahead, behind = (
        logistic.value_and_gradient(weights + step * direction, x, labels)[1]
        for step in (1e-5, -1e-5)
    )
    product = logistic.hessian_product(weights, direction, x, labels)
    np.testing.assert_allclose(product, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-9)


def test_logistic_regression_is_shown():
    lines = run(sys.executable, "examples/logistic.py").splitlines()
    assert [line.split()[0] for line in lines] == ["BFGS", "Newton-CG", "trust-ncg"]
    assert len({line.split("loss")[1] for line in lines}) == 1


def test_a_graph_learns_a_line(capsys):
    with Graph().as_default():
        differences = load("regression").main(100_000)
    assert max(differences) < 1e-4
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 12
    assert float(shown[9].split()[1]) < 1e-9


def test_the_tape_agrees_with_derivatives_by_hand():
    difference, accuracy = load("moons").main(200)
    assert difference < 1e-12
    assert accuracy > 0.95


def test_a_training_goes_on_from_its_checkpoint(capsys):
    assert load("training").main(6) > 0.88
    assert "epoch 6/6" in capsys.readouterr().out


def test_c_trains_to_the_same_bits():
    shown = run(sys.executable, "examples/export_c.py")
    assert "double *out_0,   /* out[0]: f64[4]; may be w */" in shown
    assert "equal bits: True" in shown or "there is no C compiler here" in shown
