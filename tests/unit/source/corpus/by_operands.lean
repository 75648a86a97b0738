-- `by` takes one tactic; what follows its end belongs to what is around it.
lemma a : p ∧ q := ⟨by sorry, sorry⟩
--                     ^^^^^ tactic!
--                            ^^^^^ term
lemma b : p := foo (by sorry) sorry
--                     ^^^^^ tactic!
--                            ^^^^^ term
lemma c : p := by split; [sorry, sorry]
--                        ^^^^^ tactic!
--                               ^^^^^ tactic!
lemma d : p := by { simp, exact sorry }
--                              ^^^^^ term
lemma e : p := begin exact by simp; sorry, sorry end
--                                  ^^^^^ tactic!
--                                         ^^^^^ tactic
lemma f : p := by have h : p, from sorry
--                                 ^^^^^ term
lemma g : p := by exact λ x, sorry
--                           ^^^^^ term
lemma h : list p := [by sorry, by { simp }, sorry]
--                      ^^^^^ tactic!       ^^^^^ term
lemma i : p := by cases h with x y; try { sorry }; exact sorry
--                                        ^^^^^ tactic   ^^^^^ term
