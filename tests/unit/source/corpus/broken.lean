-- Text that does not parse loses no more than it must.
lemma a : p := begin exact (foo, sorry end
--                               ^^^^^ term
lemma b : p := begin { simp, sorry end
--                           ^^^^^ tactic
lemma c : p := ⟨foo, (sorry⟩
--                    ^^^^^ term
lemma d : p := begin simp, sorry
--                         ^^^^^ tactic
lemma e : p := ) ] } sorry
--                   ^^^^^ term
lemma f : p := begin , , sorry,, sorry end end
--                       ^^^^^ tactic
--                               ^^^^^ tactic
lemma g p := sorry
--           ^^^^^ term
lemma := sorry
--       ^^^^^ term
def
lemma h : p
lemma i : p begin sorry end
--                ^^^^^ tactic
x y z sorry
--    ^^^^^ term
