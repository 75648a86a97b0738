"""Training tactic generators: from a checkpoint as in the paper, or a small one from scratch."""
