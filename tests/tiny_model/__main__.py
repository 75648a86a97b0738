"""Trains the tiny model and converts it: ``python -m tests.tiny_model``. Needs torch."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from engine.generators.convert import convert
from engine.generators.models import MANIFEST, Manifest
from tests.tiny_model import CONVERTED
from tests.tiny_model.training import train

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "tiny"
        sys.stderr.write(f"loss {train(checkpoint, steps=400):.3f}\n")
        shutil.rmtree(CONVERTED, ignore_errors=True)
        convert(str(checkpoint), out=CONVERTED)
        manifest = json.loads((CONVERTED / MANIFEST).read_text())
        manifest |= {"source": "python -m tests.tiny_model", "fingerprint": ""}
        (CONVERTED / MANIFEST).write_text(Manifest(**manifest).text())
