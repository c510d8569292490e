"""Exported objects for WebAssembly, linked by wasm-ld and run by node, with nothing to import."""

import json
import shutil
import subprocess

import numpy as np

from tests.support.c_programs import outputs_of

TOOLS = ("wasm-ld", "node")

_RUN = """
const fs = require("fs");
const [binary, spec] = process.argv.slice(2);
const {name, parameters, workspace} = JSON.parse(spec);
WebAssembly.instantiate(fs.readFileSync(binary), {}).then(({instance}) => {
  const {memory, __heap_base, [name]: call} = instance.exports;
  let at = (__heap_base.value + 63) & ~63;
  const reserve = size => { const here = at; at = (at + size + 63) & ~63; return here; };
  const input = fs.readFileSync("in.bin");
  let read = 0;
  const args = [], results = [];
  for (const {bytes, result, value} of parameters) {
    const part = input.subarray(read, read + (result ? 0 : bytes));
    read += part.length;
    if (value) {
      const own = new DataView(new Uint8Array(part).buffer);
      args.push(own[`get${value}`](0, true));
      continue;
    }
    const place = reserve(bytes);
    if (at > memory.buffer.byteLength) memory.grow((at - memory.buffer.byteLength >> 16) + 1);
    new Uint8Array(memory.buffer).set(part, place);
    args.push(place);
    if (result) results.push([place, bytes]);
  }
  const space = reserve(workspace);
  if (at > memory.buffer.byteLength) memory.grow((at - memory.buffer.byteLength >> 16) + 1);
  const head = Buffer.alloc(260);
  head.writeInt32LE(call(...args, space));
  const parts = results.map(([place, bytes]) => Buffer.from(memory.buffer, place, bytes));
  fs.writeFileSync("out.bin", Buffer.concat([head, ...parts]));
});
"""

_GETTERS = {
    "bool": "Uint8", "i8": "Int8", "i16": "Int16", "i32": "Int32", "i64": "BigInt64",
    "u8": "Uint8", "u16": "Uint16", "u32": "Uint32", "u64": "BigUint64",
    "f16": "Uint16", "bf16": "Uint16", "f32": "Float32", "f64": "Float64",
}  # fmt: skip


def can_run():
    return all(map(shutil.which, TOOLS))


def call_wasm(built, inputs):
    """(status, message, outputs) of an exported function for arrays and numbers in order."""
    folder, name = built.object.parent, built.object.stem
    binary = folder / f"{name}.wasm"
    subprocess.run(
        ["wasm-ld", "--no-entry", f"--export={name}", "--export=__heap_base",
         built.object, "-o", binary], check=True,
    )  # fmt: skip
    given = [p for p in built.parameters if not p.is_result]
    (folder / "in.bin").write_bytes(
        b"".join(np.asarray(x, p.dtype.numpy).tobytes() for p, x in zip(given, inputs, strict=True))
    )
    (folder / "run.js").write_text(_RUN)
    parameters = [
        {"bytes": int(np.prod(p.shape)) * p.dtype.itemsize, "result": p.is_result,
         "value": _GETTERS[p.dtype.name] if p.by_value else ""}
        for p in built.parameters
    ]  # fmt: skip
    spec = {"name": name, "parameters": parameters, "workspace": built.workspace_bytes}
    subprocess.run(
        ["node", "run.js", binary.name, json.dumps(spec)], check=True, cwd=folder, timeout=600
    )
    return outputs_of(built, (folder / "out.bin").read_bytes())
