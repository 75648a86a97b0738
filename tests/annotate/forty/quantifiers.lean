/-! For all, and for some. -/

variables {α : Type} {P Q : α → Prop}

theorem taken_apart (h : ∀ x, P x ∧ Q x) (x : α) : Q x := sorry

theorem a_witness (a : α) (h : P a) : ∃ x, P x := sorry

theorem carried (h : ∀ x, P x → Q x) (e : ∃ x, P x) : ∃ x, Q x :=

theorem not_for_some (h : ¬ ∃ x, P x) (x : α) : ¬ P x := sorry
