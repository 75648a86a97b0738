-- `match` closes with an `end` of its own.
lemma a : p := match x with | 0 := sorry | (n+1) := sorry end
--                                 ^^^^^ term       ^^^^^ term
lemma b : p := match x, y with | a, b := by sorry | _, _ := sorry end
--                                          ^^^^^ tactic!   ^^^^^ term
lemma c : p := begin exact match x with | a := by simp | b := sorry end, sorry end
--                                                            ^^^^^ term ^^^^^ tactic
lemma d : p := (match x with ⟨a, b⟩ := begin sorry end end) sorry
--                                           ^^^^^ tactic   ^^^^^ term
lemma e : p := let ⟨x, hx⟩ := sorry in sorry
--                            ^^^^^ term
--                                     ^^^^^ term
