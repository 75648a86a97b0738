"""Reading and replacing a user's file: strictly, and never by halves."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from engine.protocol import EngineError, ErrorKind

__all__ = [
    "SourceFile",
    "check_writable",
    "decode",
    "read_source",
    "remove_unfinished",
    "replace_file",
    "write_source",
]

_BOM = b"\xef\xbb\xbf"
_UNFINISHED = ".dsp-lsp"
"""Ending of the file that is to take another's place."""
_A_WHILE = 60.0


@dataclass(frozen=True)
class SourceFile:
    """A Lean file as it was read; ``name`` is the path as the user wrote it."""

    name: str
    path: Path
    raw: bytes
    text: str

    @property
    def absolute(self) -> str:
        """The path from the root, symbolic links in it left alone: they may choose the project."""
        return os.path.abspath(self.path)  # noqa: PTH100


def read_source(name: str) -> SourceFile:
    """The file, or an :class:`EngineError` that says why it cannot be one."""
    path = Path(name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise EngineError(f"{name}: no such file.", remedy="Check the path.") from None
    except IsADirectoryError:
        raise EngineError(f"{name} is a folder.", remedy="Name one Lean file inside it.") from None
    except (OSError, ValueError) as error:
        raise EngineError(f"{name} cannot be read: {_reason(error)}.") from error
    return SourceFile(name, path, raw, decode(raw, name))


def decode(raw: bytes, name: str) -> str:
    """The text of ``raw``; Lean reads UTF-8 without byte order mark, and so do we."""
    if raw.startswith(_BOM):
        raise EngineError(
            f"{name} starts with a byte order mark, which Lean 3 takes for an error.",
            remedy="Save it as UTF-8 without BOM, or: sed -i '1s/^\\xef\\xbb\\xbf//' FILE",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise EngineError(
            f"{name} is not UTF-8: byte 0x{raw[error.start]:02x} in line {line}.",
            remedy="Convert it, for instance with: iconv -f latin1 -t utf-8",
        ) from None


def check_writable(path: Path) -> None:
    """Refuses early what :func:`write_source` would refuse after a long search."""
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except OSError as error:
        raise _cannot_write(path, error) from error
    if not stat.S_ISREG(mode):
        raise EngineError(f"{path} is not a regular file.", remedy="Leave out --write.")
    # The mode, too, because everything is writable to root.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise EngineError(
            f"{path} is read-only.",
            remedy=f"Make it writable (chmod u+w {path}), or use --diff.",
            kind=ErrorKind.ENVIRONMENT,
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise EngineError(
            f"The folder {target.parent} is read-only, so {path} cannot be replaced safely.",
            remedy="Make it writable, or use --diff.",
            kind=ErrorKind.ENVIRONMENT,
        )


def write_source(source: SourceFile, text: str) -> None:
    """Replaces the file's text, at once or not at all; refuses if it is not what was read."""
    try:
        current = source.path.read_bytes()
    except OSError as error:
        raise _cannot_write(source.path, error) from error
    if current != source.raw:
        raise EngineError(
            f"{source.name} was changed by somebody else during the search; it was left alone.",
            remedy="Run the command again.",
        )
    replace_file(source.path, text.encode("utf-8"))


def replace_file(path: Path, content: bytes) -> None:
    """Writes beside the file, then renames: whatever fails, the old file or the new is there.

    Follows symbolic links and keeps the mode and, where we may, the owner. Raises
    :class:`EngineError` of kind environment.
    """
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=_UNFINISHED, dir=target.parent
        )
        with os.fdopen(descriptor, "wb") as stream:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            stream.write(content)
            stream.flush()
            _copy_mode(target, stream.fileno())
            os.fsync(stream.fileno())
        os.replace(temporary, target)  # noqa: PTH105
        temporary = None
        _sync_folder(target.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108


def remove_unfinished(path: Path) -> None:
    """Removes what a :func:`replace_file` of this file left that was killed, if anything."""
    target = Path(os.path.realpath(path))
    pattern = f".{glob.escape(target.name)}.*{_UNFINISHED}"
    for file in target.parent.glob(pattern):
        with contextlib.suppress(OSError), file.open("rb") as stream:
            # Whoever is still writing holds the lock; an empty one may be about to take it.
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = os.fstat(stream.fileno())
            if status.st_size or time.time() - status.st_mtime > _A_WHILE:
                file.unlink()


def _copy_mode(target: Path, descriptor: int) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)
        return
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    # Makes the rename last; some file systems cannot, and the file is whole either way.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _cannot_write(path: Path, error: OSError) -> EngineError:
    return EngineError(
        f"{path} cannot be written: {_reason(error)}; what was there is unchanged.",
        remedy="See to that and run the command again.",
        kind=ErrorKind.ENVIRONMENT,
    )
