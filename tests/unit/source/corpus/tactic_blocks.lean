-- `sorry` and `admit` where tactics stand.
lemma a (p : Prop) : p := begin sorry end
--                              ^^^^^ tactic
lemma b (p : Prop) : p := begin admit end
--                              ^^^^^ tactic
lemma c (p q : Prop) : p ∧ q :=
begin
  split,
  sorry,
--^^^^^ tactic
  sorry,
--^^^^^ tactic
end
lemma d (p q : Prop) : p ∧ q :=
begin
  split,
  { sorry },
--  ^^^^^ tactic
  { intros, admit, },
--          ^^^^^ tactic
end
lemma e (p : Prop) : p :=
begin
  begin
    sorry
--  ^^^^^ tactic
  end
end
lemma f (p : Prop) : p := by { sorry }
--                             ^^^^^ tactic
lemma g (p : Prop) : p := by begin sorry end
--                                 ^^^^^ tactic
lemma h (p : Prop) : p := begin [tactic] sorry end
--                                       ^^^^^ tactic
lemma i (p q : Prop) : p ∧ q := begin split, sorry { simp, ring }, admit begin skip end end
--                                           ^^^^^^^^^^^^^^^^^^^^ tactic
--                                                                 ^^^^^^^^^^^^^^^^^^^^ tactic
lemma j (p q : Prop) : p ∧ q := begin split, sorry {}, sorry end
--                                           ^^^^^^^^ tactic
--                                                     ^^^^^ tactic
