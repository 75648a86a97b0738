"""The prover: search, Lean 3 and tactic generators; usable without an editor."""
