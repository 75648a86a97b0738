"""The sandbox around every Lean: bubblewrap, a system call filter, and limits.

Tactics and documents are programs. A Lean in the sandbox sees, read-only, the system's libraries,
its own toolchain, the modules on its search path and the folder of its document, and nothing else:
no home folder, no temporary folder of others, no network, no other process. It can write to no
file at all; FIFOs that exist in its folder are no files in this sense. It can start no program: a
system call filter leaves it threads, but no processes and no sockets.

It runs on Linux only, and only where unprivileged user namespaces are allowed; whether it works is
found out by running Lean in it once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import platform
import shutil
import signal
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.lean.scratch import scratch
from engine.lean.toolchain import Toolchain, ask, parse_version
from engine.lifetime import tie
from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.protocol import SandboxMode

__all__ = ["Launch", "Sandbox", "Sandboxes", "find_sandbox", "with_limits"]

_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_LIBRARIES: Final = ("/etc/ld.so.cache", "/nix/store", "/gnu/store")
"""Where a program's shared libraries are."""

_DEVICES: Final = ("/dev/null", "/dev/urandom")

VARIABLE: Final = "DSP_LSP_SANDBOX"

FAILED: Final = 125
"""The exit status of a Lean that was never started."""

_PROBE_SECONDS: Final = 20.0

_KEPT_VARIABLES: Final = ("LANG", "LC_ALL", "LC_CTYPE")

_INSTALL: Final = "Install bubblewrap: `apt install bubblewrap`, `dnf install bubblewrap`, …"
_ALLOW: Final = (
    "Allow unprivileged user namespaces for bubblewrap (on Ubuntu 24.04 an AppArmor profile for "
    "/usr/bin/bwrap; in a container, run it with that right)."
)
_WITHOUT: Final = "Or choose `--sandbox off` for texts that you trust."

# -- system calls ----------------------------------------------------------------------------------

_CLONE_THREAD: Final = 0x10000
_ALLOWED: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_X32: Final = 0x40000000

# The number of `clone`, that of `clone3`, and those refused, for each machine: fork, vfork, socket,
# ptrace, unshare, setns, mount, umount2, keyctl, add_key, request_key, bpf, perf_event_open,
# userfaultfd, io_uring_setup, execveat, process_vm_readv, process_vm_writev.
_CALLS: Final = {
    "x86_64": (
        0xC000003E,
        56,
        435,
        (57, 58, 41, 101, 272, 308, 165, 166, 250, 248, 249, 321, 298, 323, 425, 322, 310, 311),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        435,
        (198, 117, 97, 268, 40, 39, 219, 217, 218, 280, 241, 282, 425, 281, 270, 271),
    ),
}


def system_call_filter(machine: str) -> bytes:
    """A seccomp program for ``machine``: threads, but no processes and no sockets.

    Empty where the machine's system calls are not known here. ``clone3`` is answered with ENOSYS,
    because its flags are behind a pointer; libraries then use ``clone``.
    """
    if machine not in _CALLS or sys.byteorder != "little":
        return b""
    architecture, clone, clone3, refused = _CALLS[machine]

    def instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("HBBI", code, then, otherwise, value)

    load, equal, bits, at_least, end = 0x20, 0x15, 0x45, 0x35, 0x06
    refuse = instruction(end, _ERRNO | errno.EPERM)
    program = [
        instruction(load, 4),  # the architecture
        instruction(equal, architecture, then=1),
        refuse,
        instruction(load, 0),  # the number of the call
        instruction(at_least, _X32, otherwise=1),
        refuse,
        instruction(equal, clone3, otherwise=1),
        instruction(end, _ERRNO | errno.ENOSYS),
    ]
    for number in refused:
        program += [instruction(equal, number, otherwise=1), refuse]
    program += [
        instruction(equal, clone, then=1),
        instruction(end, _ALLOWED),
        instruction(load, 16),  # the low half of the first argument
        instruction(bits, _CLONE_THREAD, otherwise=1),
        instruction(end, _ALLOWED),
        instruction(end, _ERRNO | errno.EAGAIN),
    ]
    return b"".join(program)


# -- limits ----------------------------------------------------------------------------------------


def with_limits(before_exec: Callable[[], None] | None, memory_mb: int) -> Callable[[], None]:
    """A ``preexec_fn`` that also sets limits: no core dumps, no large files, bounded memory.

    Lean itself stops at ``memory_mb``; the system's limit, for memory that Lean does not count, is
    as much again and a gigabyte for stacks. Limits are never raised above those of this process.
    """
    import resource

    megabyte = 1 << 20
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 64 * megabyte),
        (resource.RLIMIT_DATA, (2 * memory_mb + 1024) * megabyte),
    ]
    limits = []
    for what, value in wanted:
        hard = resource.getrlimit(what)[1]
        limits.append((what, value if hard == resource.RLIM_INFINITY else min(value, hard)))

    def set_limits() -> None:
        if before_exec is not None:
            before_exec()
        for what, value in limits:
            # Some systems know a limit and do not let it be set.
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(what, (value, value))

    return set_limits


# -- what is seen ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line, its environment, and the descriptors that it must inherit."""

    argv: list[str]
    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that was seen to work. ``bwrap`` is bubblewrap, ``program`` Lean itself: elan's
    shim would look for settings that are not seen inside.
    """

    bwrap: Path
    program: Path
    calls: bytes

    @contextlib.contextmanager
    def launch(
        self,
        arguments: Sequence[str],
        *,
        readable: Iterable[Path],
        folder: Path,
        environment: dict[str, str],
    ) -> Iterator[Launch]:
        """How Lean is started over a file in ``folder`` with modules in ``readable``.

        The descriptors are closed at the end of the block, when Lean has been started.
        """
        argv = [
            str(self.bwrap),
            "--unshare-all",
            "--die-with-parent",
            "--cap-drop",
            "ALL",
            *_view([*_toolchain_folders(self.program), *readable], folder),
            "--chdir",
            str(folder),
        ]
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        environment = {**kept, "HOME": "/", "PATH": "/usr/bin:/bin", **environment}
        if not self.calls:
            yield Launch([*argv, "--", str(self.program), *arguments], environment)
            return
        reading, writing = os.pipe()
        try:
            os.write(writing, self.calls)  # less than a pipe holds
            os.close(writing)
            writing = -1
            argv += ["--seccomp", str(reading), "--", str(self.program), *arguments]
            yield Launch(argv, environment, (reading,))
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    @staticmethod
    def exit_code(code: int, noise: bytes) -> int:
        """Lean's exit status as :mod:`subprocess` has it: a signal is negative. ``FAILED`` where
        bubblewrap did not come to start it; ``noise`` is what was written to standard error.
        """
        if code == 1 and noise.startswith(b"bwrap: "):
            return FAILED
        return 128 - code if 128 < code < 128 + signal.NSIG else code


def _toolchain_folders(program: Path) -> list[Path]:
    real = program.resolve()
    folders = {program.parent, real.parent}
    folders.update(folder.parent / "lib" for folder in tuple(folders))
    return [folder for folder in folders if not _is_wide(folder)]


def _is_wide(folder: Path) -> bool:
    """Whether much more than Lean modules is below ``folder``: it holds the home folder, or the
    one for temporary files.
    """
    real = folder.resolve()
    return any(
        place == real or real in place.parents
        for place in (Path.home().resolve(), Path(tempfile.gettempdir()).resolve())
    )


def _is_lean(name: str) -> bool:
    return name.endswith((".lean", ".olean"))


def _shown(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Places below ``folder`` and how they are made, read-only.

    Of a folder that is wide only the Lean files directly in it are shown. In the others what has
    a name with a dot in front (``.git``, ``.env``) is not.
    """
    wide = _is_wide(folder)
    if not wide:
        yield folder, ["--ro-bind-try", str(folder), str(folder)]
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if wide:
                if _is_lean(entry.name) and entry.is_file():
                    yield Path(entry.path), ["--ro-bind-try", entry.path, entry.path]
            elif entry.name.startswith("."):
                if entry.is_dir():
                    yield Path(entry.path), ["--tmpfs", entry.path]
                else:
                    yield Path(entry.path), ["--ro-bind-try", "/dev/null", entry.path]


def _view(folders: Iterable[Path], folder: Path) -> list[str]:
    """bubblewrap's arguments that make the file system: ``folders`` and the system, read-only."""
    made: dict[Path, list[str]] = {}
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            made[path] = ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            made[path] = ["--ro-bind", name, name]
    for name in _LIBRARIES:
        made[Path(name)] = ["--ro-bind-try", name, name]
    for shown in folders:
        if not any(Path(name) in shown.parents for name in _SYSTEM):
            made.update(_shown(shown))
    made[folder] = ["--ro-bind", str(folder), str(folder)]
    arguments: list[str] = []
    masks = []
    # What is inside another place is made after it.
    for path in sorted(made, key=lambda path: len(path.parts)):
        arguments += made[path]
        if made[path][0] == "--tmpfs":
            masks.append(str(path))
    arguments += ["--proc", "/proc"]
    for device in _DEVICES:
        arguments += ["--dev-bind", device, device]
    for mask in (*masks, "/proc", "/"):
        arguments += ["--remount-ro", mask]
    return arguments


# -- whether it works ------------------------------------------------------------------------------


async def real_program(toolchain: Toolchain) -> Path:
    """Lean itself, where ``toolchain.program`` is elan's shim: elan stands beside it and knows.

    Raises :class:`EngineError` where elan does not say.
    """
    elan = toolchain.program.parent / "elan"
    if not (elan.is_file() and os.access(elan, os.X_OK)):
        return toolchain.program
    return Path((await ask(elan, "which", "lean", cwd=toolchain.folder)).strip())


async def find_sandbox(
    toolchain: Toolchain, mode: SandboxMode
) -> tuple[Sandbox | None, EngineError | None]:
    """The sandbox for ``toolchain``, if ``mode`` asks for one and one works; else why not.

    ``DSP_LSP_SANDBOX`` says what ``auto`` means. Raises :class:`EngineError` where a sandbox is
    required and none works.
    """
    chosen = mode if mode != "auto" else os.environ.get(VARIABLE, mode)
    if chosen == "off":
        return None, None
    try:
        return await _probed(toolchain), None
    except EngineError as error:
        if chosen == "required":
            raise
        return None, error


def _unusable(why: str, remedy: str) -> EngineError:
    return EngineError(
        f"Lean cannot run in a sandbox: {why}.",
        remedy=f"{remedy} {_WITHOUT}",
        kind=ErrorKind.ENVIRONMENT,
    )


async def _probed(toolchain: Toolchain) -> Sandbox:
    if not sys.platform.startswith("linux"):
        raise _unusable("bubblewrap needs Linux", "There is none for this system.")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise _unusable("bubblewrap is not installed", _INSTALL)
    program = await real_program(toolchain)
    sandbox = Sandbox(Path(bwrap), program, system_call_filter(platform.machine()))
    async with scratch() as folder:
        code, out, err = await _run(sandbox, toolchain, folder)
    said = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {code}"]
    if code == FAILED:
        raise _unusable(f"{said[0].removeprefix('bwrap: ')} (bubblewrap)", _ALLOW)
    if code != 0 or parse_version(out.decode("utf-8", "replace")) is None:
        raise _unusable(
            f"{sandbox.program} does not run in it ({said[0]})",
            "Name the program itself with `--lean`, not a script that starts it.",
        )
    return sandbox


async def _run(sandbox: Sandbox, toolchain: Toolchain, folder: Path) -> tuple[int, bytes, bytes]:
    """Has Lean tell its version in the sandbox: (exit status, output, errors)."""
    with sandbox.launch(
        ["--version"], readable=toolchain.search_path, folder=folder, environment={}
    ) as launch:
        tied = tie(launch.argv, watcher=True)
        options: dict[str, Any] = dict(tied.options)
        options["pass_fds"] = (*options["pass_fds"], *launch.descriptors)
        try:
            process = await asyncio.create_subprocess_exec(
                *tied.argv,
                env=launch.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                **options,
            )
        except OSError as error:
            tied.release()
            raise _unusable(f"{sandbox.bwrap}: {error.strerror}", _INSTALL) from error
    tied.started()
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PROBE_SECONDS)
    except asyncio.TimeoutError:
        raise _unusable(f"no answer within {_PROBE_SECONDS:.0f} s", _ALLOW) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        tied.release()
    return sandbox.exit_code(process.returncode or 0, err), out, err


class Sandboxes:
    """The sandboxes of an engine: one for each program, looked for when it is first needed."""

    def __init__(self, mode: SandboxMode) -> None:
        self._mode = mode
        self._found: dict[Toolchain, asyncio.Task[tuple[Sandbox | None, EngineError | None]]] = {}
        self._untold: list[str] = []

    async def of(self, toolchain: Toolchain) -> Sandbox | None:
        """The sandbox for ``toolchain``; None where none is wanted, or none works and it need not.

        Raises :class:`EngineError` where one is required and none works.
        """
        finding = self._found.get(toolchain)
        if finding is None:
            finding = asyncio.create_task(find_sandbox(toolchain, self._mode))
            self._found[toolchain] = finding
            finding.add_done_callback(self._note)
        sandbox, _ = await asyncio.shield(finding)
        return sandbox

    def _note(self, done: asyncio.Task[tuple[Sandbox | None, EngineError | None]]) -> None:
        if not done.cancelled() and done.exception() is None and (error := done.result()[1]):
            self._untold.append(
                f"{error.message} It runs with your rights, and so do the tactics it is given. "
                f"{error.remedy}"
            )

    def notices(self) -> list[str]:
        """What the user should know, each notice once."""
        untold, self._untold = self._untold, []
        return list(dict.fromkeys(untold))
