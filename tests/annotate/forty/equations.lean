/-! Equations between variables. -/

section
variables {α : Type} {a b c d : α}

theorem there_and_back (h₁ : a = b) (h₂ : c = b) : a = c := sorry

theorem long_way (h₁ : a = b) (h₂ : b = c) (h₃ : c = d) : a = d :=

theorem through_a_map {β : Type} (f : α → β) (h : a = b) : f a = f b := sorry

theorem unequal (h : a ≠ b) : b ≠ a := begin sorry end
end
