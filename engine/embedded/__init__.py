"""A very small Lean 3 core in Python, for a first try on a machine without Lean.

From the inside out: ``terms`` and ``kernel``, with the table of inductive types in ``prelude``, are
what must be right; ``syntax`` reads text, ``elaborate`` makes terms of it and solves what is left
open, ``tactics`` proves, ``pretty`` prints; ``document`` reads whole texts; ``session`` is what the
driver sees. What Lean has and the core has not is refused by name: among it ``use``, which is
mathlib's, ``cases`` on equations, universes with names, and definitions without a type. Known
differences from Lean 3.51.1, apart from that: states are never broken into lines of 120 columns,
and the text after the site's declaration is not read.
"""
