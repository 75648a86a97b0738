"""``dsp-engine bundle``: a trained model as it can be given away, converted, with its card."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003 - the settings' fields are looked up
from typing import TYPE_CHECKING, Any

from engine.generators.models import MANIFEST, read_manifest
from engine.manifest import read_manifest as read_note
from engine.options import add_options, chosen_settings, setting
from engine.protocol import EngineError

if TYPE_CHECKING:
    import argparse

__all__ = ["BundleSettings", "add_parser", "card"]


@dataclass(frozen=True)
class BundleSettings:
    """What is given away, and what is said of it."""

    run: Path = setting(help="what `train` wrote", metavar="FOLDER")
    out: Path = setting(help="where the model goes; must not exist", metavar="FOLDER")
    data: str = setting(
        help="what it was trained on, and its licence, in a sentence", metavar="TEXT"
    )
    name: str = setting("mini", help="of the model", metavar="NAME")
    accuracy: Path | None = setting(None, help="figures that `accuracy` wrote", metavar="FILE")
    notes: Path | None = setting(
        None, help="Markdown that ends the card: proofs found, limits", metavar="FILE"
    )
    quantization: str = setting("int8", help="of the weights", metavar="TYPE")
    max_mib: float = setting(32.0, help="largest size of all files together", metavar="MIB")


def add_parser(commands: Any) -> None:
    """Adds ``bundle`` to the commands of ``dsp-engine``."""
    parser = commands.add_parser(
        "bundle",
        help="a trained model, converted, with its card",
        description="Converts the model of a training from scratch and writes its card beside it: "
        "data, recipe, curve, figures.",
    )
    add_options(parser, BundleSettings)
    parser.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    from engine.generators.convert import convert

    settings = chosen_settings(arguments, BundleSettings)
    model = settings.run / "model"
    note = read_note(model)
    if not note:
        raise EngineError(f"{model} has no manifest.", remedy="Name the folder of a finished run.")
    lines = (settings.run / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    accuracy = json.loads(settings.accuracy.read_text("utf-8")) if settings.accuracy else {}
    notes = settings.notes.read_text(encoding="utf-8") if settings.notes else ""
    text = card(
        settings.name, settings.data, note, [json.loads(line) for line in lines], accuracy, notes
    )
    convert(str(model), quantization=settings.quantization, out=settings.out)
    manifest = read_manifest(settings.out)
    if manifest is None:
        raise EngineError(f"{settings.out} has no manifest.")
    # A path of the machine that made it means nothing elsewhere.
    manifest = replace(manifest, name=settings.name, source="dsp-engine train", fingerprint="")
    (settings.out / MANIFEST).write_text(manifest.text(), encoding="utf-8")
    (settings.out / "README.md").write_text(text, encoding="utf-8")
    size = sum(file.stat().st_size for file in settings.out.iterdir()) / (1 << 20)
    sys.stdout.write(f"{settings.out}: {size:.1f} MiB\n")
    if size > settings.max_mib:
        raise EngineError(
            f"That is more than {settings.max_mib:g} MiB.", remedy="Train a smaller model."
        )
    return 0


def card(
    name: str,
    data: str,
    note: dict[str, Any],
    curve: list[dict[str, Any]],
    accuracy: dict[str, Any],
    notes: str = "",
) -> str:
    """The model card in Markdown, of the note beside the model, its curve and its accuracy."""
    counts, settings = note["counts"], note["settings"]
    shape = settings.get("shape", {})
    told = [f"# {name}: tactics for Lean 3", ""]
    told += [
        f"A byte-level T5 of {counts['weights'] / 1e6:.1f} million weights that reads a tactic "
        "state of Lean 3 and writes a tactic.",
        "",
        "## Data",
        "",
        data,
        "",
        f"{counts['examples']:,} distinct pairs of state and tactic; judged on "
        f"{counts['validation_examples']:,} pairs of theorems that were held out.",
        "",
        "## Recipe",
        "",
        "`dsp-engine train` with",
        "",
        "```toml",
        *(
            f"{key} = {value}"
            for key, value in settings.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ),
        "",
        "[shape]",
        *(f"{key} = {value}" for key, value in shape.items()),
        "```",
        "",
        f"on {counts['device']}: {counts['steps']:,} steps at {counts['pairs_per_second']:,.0f} "
        "pairs a second. What is kept is the running average of the weights with the lowest "
        f"validation loss, that of step {counts['best_step']:,}.",
        "",
        "| step | validation loss (nats a byte) | bytes right |",
        "|---|---|---|",
    ]
    told += [
        f"| {line['step']:,} | {line['validation_loss']:.3f} | {line['validation_accuracy']:.1%} |"
        for line in curve
        if "validation_loss" in line
    ]
    if accuracy:
        told += [
            "",
            "## Accuracy",
            "",
            "How often the tactic that a person wrote, to the letter, is among the first of a "
            "beam, on pairs of held-out theorems, with the 95 % interval:",
            "",
            "| among the first | share | interval | pairs |",
            "|---|---|---|---|",
        ]
        told += [
            f"| {first} | {one['share']:.1%} "
            f"| {one['low']:.1%} to {one['high']:.1%} | {one['of']} |"
            for first, one in accuracy.items()
        ]
    return "\n".join(told) + "\n" + (f"\n{notes.strip()}\n" if notes.strip() else "")
