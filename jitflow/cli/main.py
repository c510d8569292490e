"""The entry point: reads the command line, runs one command, turns errors into exit codes.

0: done. 2: something that the user gave is wrong, and one message on stderr says what and what
was expected. 1: a fault of jitflow itself, or one that `doctor` found; JITFLOW_DEBUG=1 shows its
traceback.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from jitflow import __version__
from jitflow.cli import build, cache, doctor, dump, nodes, ops, opt, passes, run, time, viz
from jitflow.cli.colour import RED, paint
from jitflow.cli.locate import load
from jitflow.config import settings
from jitflow.errors import JitflowError, UsageError, clip

COMMANDS = (dump, time, viz, nodes, opt, run, build, passes, ops, cache, doctor)
"""Each has `add(subparsers)`, which sets `run(arguments)`; that may return an exit code."""

EXAMPLES = """\
examples:
  jitflow dump examples/digits.py:train_step --args ... --stage opt,llvm
  jitflow dump model:loss --args "f32[512, 4096], f32[]" --grad --stage kernels
  jitflow time model:loss --args "f32[512, 4096], f32[]" --grad
  jitflow viz model:loss --args "f32[512, 4096], f32[]" --grad -o loss.html
  jitflow opt step.jf -p "inline,cse,dce" --print-changed --verify-each
  jitflow run step.jf --inputs "x.npy, f32[32, 10]" --interpret
  jitflow build model:loss --args "f32[512, 4096], f32[]" --target aarch64-linux-gnu
  jitflow passes
  jitflow ops tanh
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line (sys.argv unless given) and returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = _parser().parse_args(argv)
        for file in getattr(arguments, "load", ()):
            load(file)
        code = arguments.run(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return stop.code if isinstance(stop.code, int) else 0
    except JitflowError as error:
        if settings.debug:
            raise
        print(f"{paint('jitflow:', RED, sys.stderr)} {error}", file=sys.stderr)
        if isinstance(error.__cause__, OSError):
            _drop_output()
        return 2
    except BrokenPipeError:  # the reader, `head` for one, has had enough
        _drop_output()
        return 0
    except KeyboardInterrupt:
        return 130
    except MemoryError as error:
        if settings.debug:
            raise
        print(f"{paint('jitflow:', RED, sys.stderr)} {clip(str(error))}", file=sys.stderr)
        return 2
    except Exception as error:
        if settings.debug:
            raise
        print(_internal(error), file=sys.stderr)
        return 1
    return int(code or 0)


def _drop_output() -> None:
    """Keeps Python from writing what is left in stdout when it ends, which would fail again."""
    stdout = sys.__stdout__
    if stdout is not None and sys.stdout is stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


def _internal(error: Exception) -> str:
    return (
        f"jitflow: internal error: {type(error).__name__}: {error}\n"
        "  please report it; JITFLOW_DEBUG=1 shows the traceback"
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n  see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="jitflow",
        description="Shows what jitflow makes of a function, stage by stage.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"jitflow {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser
