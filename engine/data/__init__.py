"""Training data: goal–tactic pairs traced from compiled Lean projects, augmented and split."""
