"""The driver: the only place where search, generators and Lean meet."""

from engine.prove.prover import Prover, create

__all__ = ["Prover", "create"]
