"""Exported objects for WebAssembly, linked by wasm-ld and run by node.

The functions of the C library that they import are here in JavaScript: `fma` by exact arithmetic on
big integers, which is slow.
"""

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
const view = new DataView(new ArrayBuffer(8));

function parts(x) {  // x = sign * mantissa * 2 ** exponent
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0), e = Number(bits >> 52n & 2047n);
  const m = bits & ((1n << 52n) - 1n);
  return [(bits >> 63n ? -1n : 1n) * (e ? m | 1n << 52n : m), (e || 1) - 1075];
}
function rounded(m, e, digits, least) {  // to `digits` bits, ties to even
  if (m === 0n) return 0;
  const sign = m < 0n ? -1 : 1; m = m < 0n ? -m : m;
  const drop = Math.max(m.toString(2).length - digits, least - e);
  if (drop > 0) {
    const half = 1n << BigInt(drop - 1), rest = m & ((half << 1n) - 1n);
    m >>= BigInt(drop); e += drop;
    if (rest > half || (rest === half && m & 1n)) m += 1n;
  }
  let x = Number(m);
  for (; e > 0; e -= 1) x *= 2;
  for (; e < 0; e += 1) x /= 2;
  return sign * x;
}
function fusedBy(digits, least) {
  return (x, y, z) => {
    if (![x, y, z].every(Number.isFinite) || x === 0 || y === 0) return x * y + z;
    const [a, ea] = parts(x), [b, eb] = parts(y), [c, ec] = parts(z);
    const e = Math.min(ea + eb, ec);
    const m = (a * b << BigInt(ea + eb - e)) + (c << BigInt(ec - e));
    return rounded(m, e, digits, least);
  };
}
const env = {
  fma: fusedBy(53, -1074), fmaf: fusedBy(24, -149), floor: Math.floor, floorf: Math.floor,
};

WebAssembly.instantiate(fs.readFileSync(binary), {env}).then(({instance}) => {
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
        ["wasm-ld", "--no-entry", f"--export={name}", "--export=__heap_base", "--allow-undefined",
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
        ["node", "run.js", binary.name, json.dumps(spec)], check=True, cwd=folder, timeout=120
    )
    return outputs_of(built, (folder / "out.bin").read_bytes())
