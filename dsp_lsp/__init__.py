"""The editor's side of DS-Prover: command line and language server."""

__version__ = "0.1.0"
