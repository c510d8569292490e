"""Devices: what there is, where nodes are placed, and what is not there."""

import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.errors import DeviceError
from jitflow.runtime.devices import find_device

PATH = "/job:localhost/replica:0/task:0/device:CPU:0"


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


def test_there_is_the_processor():
    (cpu,) = jf.devices()
    assert (cpu.name, cpu.kind, cpu.index, cpu.path) == ("cpu:0", "cpu", 0, PATH)
    assert repr(cpu) == "<Device cpu:0>" and "vectors of" in cpu.description


@pytest.mark.parametrize(
    "name", ["cpu:0", "cpu", "CPU:0", "/cpu:0", "/device:CPU:0", PATH, None, jf.Device("cpu", 0)]
)
def test_names_of_it(name):
    assert find_device(name) is jf.devices()[0] or find_device(name) == jf.devices()[0]
    with g.device(name) as device:
        x = g.constant(1)
    assert device == x.op.device == jf.devices()[0]
    assert f'_device="{PATH}"' in x.op.node_text


@pytest.mark.parametrize("name", ["gpu:0", "/device:GPU:1", "cpu:1", "tpu", jf.Device("gpu", 0)])
def test_a_device_that_is_absent(name):
    with pytest.raises(DeviceError, match=r"no device .*\n  there is: cpu:0\n  cure") as caught:
        with g.device(name):
            pytest.fail("entered")
    assert str(caught.value).startswith(f"{__file__}:")
    assert g.constant(1).op.device.name == "cpu:0"


@pytest.mark.parametrize("name", ["", "cpu:", ":0", "cpu:-1", 3, "cpu:0 ", "a b"])
def test_what_is_no_name_of_a_device(name):
    with pytest.raises(DeviceError, match=r"is no name of a device\n  there is: cpu:0"):
        g.device(name).__enter__()


def test_errors_name_the_device():
    sess, x = g.Session(), g.placeholder(g.int32)
    with pytest.raises(g.InvalidArgumentError, match=f'_device="{PATH}"'):
        sess.run(x)
