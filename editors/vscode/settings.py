"""Writes the settings of ``package.json``: the server's, from its schema, and the extension's own.

``python editors/vscode/settings.py`` after a change of ``dsp_lsp/config.py``. The server answers
"there is no such setting" to what it does not know, so the extension's own are named ``dsp-lsp.``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MANIFEST = Path(__file__).with_name("package.json")

OWN: dict[str, Any] = {
    "dsp-lsp.program": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "Path of the server's program `dsp-lsp`, or of a Python that has it "
        "installed. Empty: the Python chosen in the Python extension, a `.venv` of the workspace, "
        "the `PATH`, `~/.local/bin`, and what *Install the Server* made, in this order.",
    },
    "dsp-lsp.trace.server": {
        "type": "string",
        "enum": ["off", "messages", "verbose"],
        "default": "off",
        "scope": "window",
        "markdownDescription": "What the output channel shows of the talk with the server.",
    },
}


def configuration() -> list[dict[str, Any]]:
    """``contributes.configuration``."""
    sys.path.insert(0, str(MANIFEST.parents[2]))
    from dsp_lsp.config import schema

    return [
        {"title": "DS-Prover", "properties": schema()},
        {"title": "DS-Prover's server", "properties": OWN},
    ]


def _as_npm(value: Any) -> Any:
    """Whole numbers without a point, as npm writes them whenever it touches the file."""
    if isinstance(value, dict):
        return {name: _as_npm(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_npm(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main() -> None:
    """Rewrites the manifest."""
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    manifest["contributes"]["configuration"] = configuration()
    text = json.dumps(_as_npm(manifest), indent=2, ensure_ascii=False) + "\n"
    MANIFEST.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
