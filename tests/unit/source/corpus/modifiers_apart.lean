-- Modifiers that no keyword follows.
noncomputable theory
lemma a : p := sorry
--             ^^^^^ term
open foo (hiding bar) (renaming a -> b)
private
lemma b : p := sorry
--             ^^^^^ term in b
universes u v
section foo
parameters (n : ℕ) {p : Prop}
include n
lemma c : p := sorry
--             ^^^^^ term in c
omit n
end foo
