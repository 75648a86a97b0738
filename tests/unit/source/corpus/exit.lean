-- Lean stops reading at `#exit`.
lemma a : p := sorry
--             ^^^^^ term
#exit
lemma b : p := sorry
lemma c : p :=
