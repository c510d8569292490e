"""LLVM text to machine code in memory, through llvmlite: parse, code generation, link.

One process has one engine; every call into LLVM holds `LOCK`. No LLVM IR passes run: the text is
final. Knows no IR and no arrays. An object image can come from here or from a cache alike.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from functools import cache, partial
from typing import Any, NamedTuple

from jitflow.errors import JitflowError, LinkError
from jitflow.passes.timing import measure
from jitflow.runtime.interrupts import Uninterrupted
from jitflow.runtime.loading import Code, Linked, load
from jitflow.runtime.target import Target


class Tier(NamedTuple):
    """How code is made: LLVM's level, whether values keep registers from block to block, and
    whether instructions are put in another order for the CPU's sake.
    """

    level: int
    keeps_registers: bool
    schedules: bool = False

    def options(self, target: Target, text: str) -> dict[str, int]:
        """What LLVM is told otherwise than in `USUAL`, beside the level, for that text.

        Loops on x86 are final: its instructions add indices to addresses, and without LLVM's
        reduction of their strength code takes a quarter less time to make, and as long to run.
        Schedulers compare loads and stores of a block pair by pair, up to some number: at the usual
        one, straight code of 2500 memory operations takes seven times as long. On wasm32 LLVM has
        no scheduler of its own accord.
        """
        found = {} if self.level else {"-optimize-regalloc": int(self.keeps_registers)}
        if self.keeps_registers and (not self.schedules or target.architecture == "wasm32"):
            found["-enable-misched"] = 0
        if self.level and target.is_x86:
            found["-disable-lsr"] = 1
        if self.level and len(text) > LONG_TEXT:
            found["-dag-maps-huge-region"] = 100
        return found


BASELINE, BASELINE_OF_LOOPS, FULL = Tier(0, False), Tier(0, True), Tier(1, True, True)
"""`tiers` says what is made at which. The second takes a third longer than the first; where loops
hand values from step to step, its code takes 1.7, not four, times as long as full code at most.
Level 2 takes a tenth longer than 1, for code that runs no faster."""

USUAL = {
    "-optimize-regalloc": 1, "-enable-misched": 1, "-disable-lsr": 0, "-dag-maps-huge-region": 1000,
}  # fmt: skip
"""What LLVM does by itself where it optimises, and for all others in the process who use it."""

LONG_TEXT = 1 << 15
"""Characters; a block of 400 memory operations has as many, and more."""

_NO_IMPORTS: Mapping[str, int] = {}

LINKS_EACH = 64
"""Libraries of one linker: it keeps nine kilobytes of each, freed code or not, until it goes."""

LOCK = threading.RLock()


class Engine:
    """Compiles for any target that LLVM has, and links what is for this machine.

    `version` is what code depends on beside its text and the target.
    """

    def __init__(self) -> None:
        import llvmlite  # noqa: PLC0415
        import llvmlite.binding as llvm  # noqa: PLC0415

        self.llvm = llvm
        self.binding_lock: Any = getattr(llvm.ffi.lib, "_lock", None) or nullcontext()
        self.version = f"{llvmlite.__version__} {llvm.llvm_version_info}"
        self.machines: dict[tuple[Target, int], Any] = {}
        self.told = {**USUAL, "-optimize-regalloc": 0}
        """The options as they are; until LLVM is told of registers, they follow from the level."""
        self.links = 0
        llvm.initialize_native_target()
        self.linker = llvm.create_lljit_compiler(use_jit_link=True)

    def object_image(
        self, text: str, target: Target, calls: Collection[str] = (), tier: Tier = FULL
    ) -> bytes:
        """The object file of an LLVM module that may call the functions named.

        LinkError where it imports anything else that is not allowed.
        """
        image: bytes = self._emitted(text, target, tier, "emit_object")
        _check_imports(image, calls)
        return image

    def machine_lines(self, target: Target) -> str:
        """What the text of a module says of its machine, where sizes are not this machine's."""
        with LOCK, Uninterrupted():
            layout = str(self._machine(target, FULL.level).target_data)
        return f'target datalayout = "{layout}"\ntarget triple = "{target.triple}"'

    def assembly(self, text: str, target: Target) -> str:
        """The assembly of an LLVM module, as code generation writes it."""
        return str(self._emitted(text, target, FULL, "emit_assembly"))

    def _emitted(self, text: str, target: Target, tier: Tier, method: str) -> Any:
        """What LLVM's machine makes of a module; nobody else calls llvmlite meanwhile."""
        with LOCK, Uninterrupted(), self.binding_lock:
            module, machine = self._parse(text), self._machine(target, tier.level)
            options = self._tell(tier.options(target, text))
            try:
                return getattr(machine, method)(module)
            finally:
                self._tell({name: USUAL[name] for name in options})

    def _tell(self, options: Mapping[str, int]) -> list[str]:
        """Sets options that are otherwise, and gives their names."""
        changed = [name for name, value in options.items() if self.told[name] != value]
        for name in changed:
            self.llvm.set_option("jitflow", f"{name}={options[name]}")
            self.told[name] = options[name]
        return changed

    def link(
        self,
        images: Sequence[bytes],
        symbols: Sequence[str],
        imports: Mapping[str, int] = _NO_IMPORTS,
    ) -> Linked:
        """Loads objects into this process by LLVM; the code lives as long as the result."""
        with LOCK, Uninterrupted():
            library = self.llvm.JITLibraryBuilder()
            for image in images:
                library.add_object_img(image)
            for symbol in symbols:
                library.export_symbol(symbol)
            for symbol, address in imports.items():
                library.import_symbol(symbol, address)
            try:
                tracker = library.link(self._current_linker(), f"{symbols[0]}.{self.links}")
            except RuntimeError as error:
                raise LinkError(f"cannot link @{', @'.join(symbols)}: {error}") from error
            return Linked(partial(_close, tracker), {name: tracker[name] for name in symbols})

    def _current_linker(self) -> Any:
        """A linker for one more library; one that is replaced lives as long as its code."""
        self.links += 1
        if self.links % LINKS_EACH == 0:
            self.linker = self.llvm.create_lljit_compiler(use_jit_link=True)
        return self.linker

    def _parse(self, text: str) -> Any:
        try:
            module = self.llvm.parse_assembly(text, context=self.llvm.create_context())
            module.verify()
        except RuntimeError as error:
            raise JitflowError(f"LLVM refuses the module that jitflow wrote: {error}") from error
        return module

    def _machine(self, target: Target, level: int) -> Any:
        machine = self.machines.get((target, level))
        if machine is None:
            if not self.machines:
                self.llvm.initialize_native_asmprinter()
            machine = self.machines[target, level] = self._new_machine(target, level)
        return machine

    def _new_machine(self, target: Target, level: int) -> Any:
        if target.triple != self.llvm.get_process_triple():
            self.llvm.initialize_all_targets()
            self.llvm.initialize_all_asmprinters()
        return self.llvm.Target.from_triple(target.triple).create_target_machine(
            cpu=target.cpu, features=target.features, opt=level,
            reloc="static" if target.architecture == "wasm32" else "pic", codemodel="small",
            jit=True,
        )


def _close(tracker: Any) -> None:
    with Uninterrupted():
        tracker.close()


def _check_imports(image: bytes, calls: Collection[str]) -> None:
    """Objects from the disk were checked before they came there."""
    from jitflow.runtime.symbols import check_imports  # noqa: PLC0415

    check_imports(image, calls)


@cache
def _engine() -> Engine:
    return Engine()


def _before_fork() -> None:
    """No thread is inside LLVM when the process forks, not even one that frees code."""
    LOCK.acquire()
    if _engine.cache_info().currsize:
        _engine().binding_lock.__enter__()


def _after_fork() -> None:
    if _engine.cache_info().currsize:
        _engine().binding_lock.__exit__(None, None, None)
    LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )


def link(
    codes: Sequence[Code], symbols: Sequence[str], imports: Mapping[str, int] = _NO_IMPORTS
) -> Linked:
    """Loads objects into this process, with LLVM where one needs it; they live as the result does.
    """
    if all([code.content for code in codes]):
        return load(codes, symbols, imports)
    return engine().link([code.image for code in codes], symbols, imports)


def engine() -> Engine:
    """The process's engine, made when first needed."""
    with LOCK:
        if _engine.cache_info().currsize:
            return _engine()
        with Uninterrupted():
            return measure("start LLVM", _engine)
