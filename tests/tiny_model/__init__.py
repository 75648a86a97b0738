"""A ByT5 of a few thousand weights that has learnt a dozen tactics by heart.

``converted`` is the result of ``python -m tests.tiny_model``; it lets tests decode for real where
there is no torch.
"""

from pathlib import Path

CONVERTED = Path(__file__).parent / "converted"
