-- Primes are letters of names, parts of notations, or quotes of characters.
lemma a' : f '' s = t := sorry
--                       ^^^^^ term
lemma b'' : f ⁻¹' s = t := sorry
--                         ^^^^^ term
lemma c (h' : p') : f '' s ⊆ g '' t := foo' h' sorry h''
--                                             ^^^^^ term
lemma d : ∑' x', f x' = 'a' := sorry
--                             ^^^^^ term
lemma e : f ⁻¹' t ∩ g ⁻¹' s = '"' := sorry
--                                   ^^^^^ term
lemma f : x'' = x' := begin have : ∑' i', f i' = 2, sorry end
--                                                  ^^^^^ tactic
lemma g (x' y' : ℕ) : (x'+y') = 'x' := sorry
--                                     ^^^^^ term
