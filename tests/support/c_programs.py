"""Exported objects called from C programs: linked for this machine, or for another one to emulate.

A program reads the inputs of the function from one file, one after the other, and writes status,
message and outputs to another one.
"""

import functools
import shutil
import subprocess

import numpy as np

from jitflow.export.header import C_TYPES

COMPILERS = {
    "": ("cc", ()),
    "x86_64-linux-gnu": ("cc", ()),
    "aarch64-linux-gnu": ("aarch64-linux-gnu-gcc", ("qemu-aarch64",)),
    "riscv64-linux-gnu": ("riscv64-linux-gnu-gcc", ("qemu-riscv64",)),
}
"""The C compiler for a triple, and what runs its programs; "" is this machine."""


@functools.cache
def can_run(triple):
    """Whether programs for a triple can be linked and run here."""
    compiler, emulator = COMPILERS.get(triple, ("", ()))
    return all(shutil.which(name) for name in (compiler, *emulator)) and compiler != ""


def call_c(built, inputs, triple="", name=None):
    """(status, message, outputs) of an exported function for arrays and numbers in order."""
    compiler, emulator = COMPILERS[triple]
    folder = built.object.parent
    name = name or built.object.stem
    source, program = folder / f"{name}_main.c", folder / f"{name}_main"
    source.write_text(_program(name, built.parameters))
    static = ["-static"] if emulator else []
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", *static]
    subprocess.run([*command, source, built.object, "-o", program], check=True)
    given = [p for p in built.parameters if not p.is_result]
    (folder / "in.bin").write_bytes(
        b"".join(np.asarray(x, p.dtype.numpy).tobytes() for p, x in zip(given, inputs, strict=True))
    )
    subprocess.run([*emulator, program], check=True, cwd=folder, timeout=600)
    return outputs_of(built, (folder / "out.bin").read_bytes())


def outputs_of(built, data):
    """(status, message, outputs) of what a program wrote."""
    status = int(np.frombuffer(data[:4], np.int32)[0])
    message, data = data[4:260].rstrip(b"\0").decode(), data[260:]
    outputs = []
    for p in built.parameters:
        if p.is_result:
            size = int(np.prod(p.shape)) * p.dtype.itemsize
            outputs.append(np.frombuffer(data[:size], p.dtype.numpy).reshape(p.shape))
            data = data[size:]
    assert not data
    return status, message, outputs


def _program(name, parameters):
    lines = [
        "#include <stdio.h>", "#include <string.h>", f'#include "{name}.h"', "int main(void) {",
        '    FILE *in = fopen("in.bin", "rb"), *out = fopen("out.bin", "wb");',
        f"    static _Alignas(64) unsigned char space[{name.upper()}_WORKSPACE_BYTES + 1];",
    ]  # fmt: skip
    for k, p in enumerate(parameters):
        size = int(np.prod(p.shape)) * p.dtype.itemsize
        kind = C_TYPES[p.dtype.name]
        lines.append(f"    static _Alignas(16) unsigned char m{k}[{size} + 1];")
        if not p.is_result:
            lines.append(f"    if (fread(m{k}, 1, {size}, in) != {size}) return 1;")
        if p.by_value:
            lines.append(f"    {kind} v{k}; memcpy(&v{k}, m{k}, {size});")
    args = [
        f"v{k}" if p.by_value else f"({C_TYPES[p.dtype.name]} *)m{k}"
        for k, p in enumerate(parameters)
    ]
    lines += [
        f"    int32_t status = {name}({', '.join([*args, 'space'])});",
        "    char text[256] = {0};",
        f"    if (status) strncpy(text, {name}_message(status), 255);",
        "    fwrite(&status, 4, 1, out); fwrite(text, 1, 256, out);",
    ]
    for k, p in enumerate(parameters):
        if p.is_result:
            size = int(np.prod(p.shape)) * p.dtype.itemsize
            lines.append(f"    fwrite(m{k}, 1, {size}, out);")
    return "\n".join([*lines, "    fclose(out);", "    return 0;", "}", ""])
