"""A very small Lean 3 core in Python, for a first try on a machine without Lean.

From the inside out: ``terms`` and ``kernel`` (with the table in ``inductives``) are what must be
right; ``unify`` solves metavariables; ``syntax`` reads text, ``elaborate`` makes terms of it,
``tactics`` proves, ``pretty`` prints; ``document`` reads whole texts on top of ``prelude``;
``session`` is what the driver sees.

What Lean has and the core has not is refused by name: simp and all automation, type classes,
inductive types of the document, pattern matching, coercions, notation, mathlib's tactics (``use``
is one of them). Known differences from Lean 3.51.1, apart from that: states are never broken into
lines of 120 columns, and the text after the site's declaration is not read.
"""
