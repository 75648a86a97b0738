"""A very small Lean 3 core in Python, for a first try on a machine without Lean."""
