"""`jitflow build`: an object file and its C header. Owns the arguments of the command."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.output import add_json, json_text
from jitflow.cli.subjects import add_subject, subject
from jitflow.export.objects import build


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "build",
        help="make an object file and a C header",
        description="Compiles a function for C programs, of this machine or another one: an"
        " object that needs no Python, and the header that declares its function.",
        allow_abbrev=False,
    )
    add_subject(parser)
    parser.add_argument(
        "--target", default="", metavar="TRIPLE",
        help="such as aarch64-linux-gnu, wasm32-unknown-unknown (default: this machine)",
    )  # fmt: skip
    parser.add_argument(
        "--cpu", default="", metavar="NAME",
        help="LLVM's name, such as x86-64-v3 (default: every CPU of the target)",
    )  # fmt: skip
    parser.add_argument(
        "--features", default="", metavar="LIST", help="LLVM's text, such as +avx2,+fma"
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="STEM",
        help="writes STEM.o and STEM.h; the C function is called so (default: the function's name)",
    )  # fmt: skip
    add_json(parser)
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    found = subject(arguments)
    name = found.function.name
    stem = arguments.output or re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "function"
    with calling(arguments.subject):
        built = build(
            stem, found.archive(), target=arguments.target, cpu=arguments.cpu,
            features=arguments.features,
        )  # fmt: skip
    if arguments.json:
        facts = {"object": str(built.object), "header": str(built.header)}
        size, imports = built.workspace_bytes, list(built.imports)
        write_text("-", json_text({**facts, "workspace_bytes": size, "imports": imports}))
    else:
        write_text("-", f"wrote {built.object} and {built.header}\n")
        if "fma" in built.lacks:
            has_it = ", as --cpu x86-64-v3 has" if "wasm" not in arguments.target else ""
            sys.stderr.write(f"note: products are slow without fused multiply-add{has_it}\n")
