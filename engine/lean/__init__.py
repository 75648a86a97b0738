"""The Lean 3 environment: finding it, opening holes in it, applying tactics, checking proofs."""

from engine.lean.hole import LeanHole, TacticResult
from engine.lean.project import Project, find_project
from engine.lean.session import Document, Hole, LeanSession, ProcessSession
from engine.lean.toolchain import Toolchain, find_toolchain

__all__ = [
    "Document",
    "Hole",
    "LeanHole",
    "LeanSession",
    "ProcessSession",
    "Project",
    "TacticResult",
    "Toolchain",
    "find_project",
    "find_toolchain",
]
