-- Tactics in terms in tactics in terms.
lemma a : p := ⟨by exact ⟨λ x, begin refine ⟨sorry, by { sorry }⟩, sorry end, sorry⟩, sorry⟩
--                                           ^^^^^ term  ^^^^^ tactic         ^^^^^ term
--                                                                 ^^^^^ tactic       ^^^^^ term
lemma b : p :=
begin
  have h : q := begin
    have i : r, by { exact (have s, from begin sorry end, sorry) },
--                                             ^^^^^ tactic
--                                                        ^^^^^ term
    sorry
--  ^^^^^ tactic
  end,
  sorry
--^^^^^ tactic
end
lemma c : p := begin refine foo (λ x hx, _) (assume y, by sorry) _; { intros, exact λ z, sorry }, sorry end
--                                                        ^^^^^ tactic!                  ^^^^^ term
--                                                                                                ^^^^^ tactic
