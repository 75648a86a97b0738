-- A `sorry` where a term stands, in the places terms have.
lemma whole (p : Prop) : p := sorry
--                            ^^^^^ term
lemma own_line (p : Prop) : p :=
sorry
--< term
lemma in_parentheses (p : Prop) : p := (sorry)
--                                      ^^^^^ term
lemma ascribed (p : Prop) : p := (sorry : p)
--                                ^^^^^ term
lemma argument (p : Prop) (f : p → p) : p := f sorry
--                                             ^^^^^ term
lemma two (p q : Prop) : p ∧ q := and.intro sorry sorry
--                                          ^^^^^ term
--                                                ^^^^^ term
lemma anonymous (p q : Prop) : p ∧ q := ⟨sorry, sorry⟩
--                                       ^^^^^ term
--                                              ^^^^^ term
lemma projected (p q : Prop) : p := (sorry : p ∧ q).1
--                                   ^^^^^ term
lemma field_number (p : Prop) : p := sorry.1
--                                   ^^^^^ term
lemma applied (p : Prop) : p := sorry p
--                              ^^^^^ term
lemma under_lambda (p : Prop) : p → p := λ h, sorry
--                                            ^^^^^ term
lemma under_fun (p : Prop) : p → p := fun h, sorry
--                                           ^^^^^ term
lemma under_assume (p : Prop) : p → p := assume h, sorry
--                                                 ^^^^^ term
lemma under_assume_typed (p : Prop) : p → p := assume h : p, sorry
--                                                           ^^^^^ term
lemma branches (p : Prop) [decidable p] : ℕ := if p then sorry else sorry
--                                                       ^^^^^ term ^^^^^ term
lemma named_branches (p : Prop) [decidable p] : ℕ := if h : p then sorry else sorry
--                                                                 ^^^^^ term ^^^^^ term
lemma in_let : ℕ := let x := sorry, y := 2 in sorry
--                           ^^^^^ term       ^^^^^ term
lemma inner_sum (s : finset ℕ) : ℕ := let n := ∑ x in s, x in sorry
--                                                            ^^^^^ term
lemma listed : list ℕ := [sorry, 1, sorry]
--                        ^^^^^ term
--                                  ^^^^^ term
lemma subtype_of : {n : ℕ // n = 0} := ⟨0, sorry⟩
--                                         ^^^^^ term
lemma applied_twice (f : ℕ → ℕ) : ℕ := f $ f <| sorry
--                                              ^^^^^ term
