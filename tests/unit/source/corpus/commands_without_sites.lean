-- Only declarations have sites, and not in their statements.
variables (h : p := sorry)
variable (h : sorry)
constant a : sorry
axiom b : sorry
lemma c (h : p := sorry) : f ⟨0, sorry⟩ = 2 := sorry
--                                             ^^^^^ term
lemma d : (sorry : Prop) := sorry
--                          ^^^^^ term
lemma e : let x := 2 in x = 2 := sorry
--                               ^^^^^ term
lemma f : {x | p x} = s := sorry
--                         ^^^^^ term
lemma g : (λ x, match x with | 0 := 1 | n := 2 end) 0 = 1 := sorry
--                                                           ^^^^^ term
lemma h : by exact p := sorry
--                      ^^^^^ term
run_cmd sorry
#check sorry
#eval (sorry : ℕ)
inductive i : sorry → Type
| a : i sorry
attribute [simp] sorry
