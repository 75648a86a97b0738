-- Steps of `calc` are terms, also where the `calc` is a tactic.
lemma a : a = c := calc a = b : sorry ... = c : sorry
--                              ^^^^^ term      ^^^^^ term
lemma b : a = d := calc a = b : by sorry
--                                 ^^^^^ tactic!
... = c : by simp; sorry
--                 ^^^^^ tactic!
... = d : begin sorry end
--              ^^^^^ tactic
lemma c : a = c := begin calc a = b : sorry ... = c : by sorry, sorry end
--                                    ^^^^^ term         ^^^^^ tactic!
--                                                              ^^^^^ tactic
lemma d : a = c :=
begin
  exact calc a = b : by simp ... = ∑ x in s, f x : by sorry
--                                                    ^^^^^ tactic!
    ... = c : λ x, sorry,
--                 ^^^^^ term
  sorry
--^^^^^ tactic
end
lemma e : a = c := (calc a = b : sorry).trans $ by sorry
--                               ^^^^^ term        ^^^^^ tactic!
lemma f : a = c := begin have : a = c, calc a = b : sorry  ... = c : foo sorry, sorry end
--                                                  ^^^^^ term           ^^^^^ term
--                                                                              ^^^^^ tactic
