"""``dsp-engine train``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.manifest import write_manifest
from engine.protocol import EngineError, ErrorKind
from engine.settings import read_settings, to_mapping, write_settings
from engine.training.settings import FineTuneSettings, ScratchSettings

if TYPE_CHECKING:
    import argparse

__all__ = ["RECIPES", "add_parser"]

RECIPES = Path(__file__).parent / "recipes"


def add_parser(commands: Any) -> None:
    """Adds ``train`` to the commands of ``dsp-engine``."""
    parser = commands.add_parser(
        "train",
        help="train a tactic generator",
        description="Trains from a file of settings: a checkpoint further, as in the paper "
        "(paper.toml), or a small model from scratch (mini.toml). A run that was interrupted goes "
        "on when it is started again with the same folder.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "--config",
        type=Path,
        required=True,
        metavar="FILE",
        help="settings in TOML; mini.toml and paper.toml also name those that come along",
    )
    parser.add_argument(
        "--train", type=Path, action="append", metavar="FILE", help="pairs to learn from"
    )
    parser.add_argument(
        "--validation", type=Path, action="append", metavar="FILE", help="pairs to judge on"
    )
    parser.add_argument("--checkpoint", metavar="MODEL", help="paper.toml: what to start from")
    parser.add_argument("--steps", type=int, metavar="N", help="mini.toml: how many steps")
    parser.add_argument("--seed", type=int, metavar="N")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="of the run: models, curve"
    )


def _run(arguments: argparse.Namespace) -> int:
    path: Path = arguments.config
    if not path.exists() and (RECIPES / path.name).exists() and path.parent == Path():
        path = RECIPES / path.name
    names = ("train", "validation", "checkpoint", "steps", "seed")
    changes = {
        name: _plain(getattr(arguments, name))
        for name in names
        if getattr(arguments, name) is not None
    }
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise EngineError(
            "Training needs PyTorch.",
            remedy="Install what training needs: pip install 'dsp-lsp[train]'",
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    if _fine_tunes(path, changes):
        return _fine_tune(read_settings(FineTuneSettings, path, changes), arguments.out)
    return _from_scratch(read_settings(ScratchSettings, path, changes), arguments.out)


def _fine_tunes(path: Path, changes: dict[str, Any]) -> bool:
    """Whether the settings start from a checkpoint."""
    return "checkpoint" in changes or any(
        line.split("=")[0].strip() == "checkpoint"
        for line in (path.read_text(encoding="utf-8").splitlines() if path.exists() else ())
    )


def _plain(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, list) else value


def _from_scratch(settings: ScratchSettings, out: Path) -> int:
    from engine.training.scratch import train

    out.mkdir(parents=True, exist_ok=True)
    write_settings(settings, out / "settings.toml")
    summary = asdict(train(settings, out, _say))
    write_manifest(
        out / "model",
        command="train",
        settings=to_mapping(settings),
        inputs=[*settings.train, *settings.validation],
        counts=summary,
    )
    sys.stderr.write(json.dumps(summary) + "\n")
    sys.stdout.write(f"{out / 'model'}\n")
    return 0


def _fine_tune(settings: FineTuneSettings, out: Path) -> int:
    from engine.training.finetune import train

    folder = train(settings, out)
    sys.stdout.write(f"{folder}\n")
    return 0


def _say(line: dict[str, Any]) -> None:
    def shown(value: Any) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    sys.stderr.write("  ".join(f"{name} {shown(value)}" for name, value in line.items()) + "\n")
    sys.stderr.flush()
