"""``dsp-engine``: data, models and their training, beside proving.

Exit status: 0 done, 2 the input is wrong, 3 the environment is (a missing package, a full disk),
130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data import augment_command, dataset, statements, trace
from engine.evaluation import accuracy, compare, evaluate, figures
from engine.protocol import EngineError, ErrorKind
from engine.training import bundle
from engine.training import command as training

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, BAD_INPUT, BAD_ENVIRONMENT, INTERRUPTED = 0, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except EngineError as error:
        remedy = f"\n  {error.remedy}" if error.remedy else ""
        sys.stderr.write(f"dsp-engine: {error.message}{remedy}\n")
        return BAD_INPUT if error.kind is ErrorKind.INPUT else BAD_ENVIRONMENT
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _convert(arguments: argparse.Namespace) -> int:
    from engine.generators.convert import convert

    folder = convert(arguments.checkpoint, quantization=arguments.quantization, out=arguments.out)
    sys.stdout.write(f"{folder}\n")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dsp-engine", description="Data and models for dsp-lsp.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    convert = commands.add_parser(
        "convert",
        help="make a checkpoint run on the CPU without torch",
        description="Converts a T5, mT5 or ByT5 checkpoint in Hugging Face format, so that "
        "`--model` takes it where there is no torch, and prints the folder. A hub id is downloaded "
        "unless HF_HUB_OFFLINE is set.",
    )
    convert.set_defaults(run=_convert)
    convert.add_argument("checkpoint", metavar="CHECKPOINT", help="a folder or a hub id")
    convert.add_argument(
        "--quantization",
        default="int8",
        metavar="TYPE",
        help="of the weights: int8 (default), int16, float16, bfloat16 or float32",
    )
    convert.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: the user's cache, found by name"
    )
    trace.add_parser(commands)
    augment_command.add_parser(commands)
    statements.add_parser(commands)
    dataset.add_parser(commands)
    evaluate.add_parser(commands)
    compare.add_parser(commands)
    figures.add_parser(commands)
    accuracy.add_parser(commands)
    training.add_parser(commands)
    bundle.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
