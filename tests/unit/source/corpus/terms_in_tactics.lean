-- A tactic's arguments are terms, and a comma in them is not always the tactic's end.
lemma a (p : Prop) : p := begin exact sorry end
--                                    ^^^^^ term
lemma b (p q : Prop) : p ∧ q := begin refine ⟨_, sorry⟩, sorry end
--                                               ^^^^^ term
--                                                       ^^^^^ tactic
lemma c (p : Prop) : p := begin exact λ x, sorry, sorry end
--                                         ^^^^^ term
--                                                ^^^^^ tactic
lemma d (p : Prop) : p := begin exact λ x y, λ z, sorry, sorry end
--                                                ^^^^^ term
--                                                       ^^^^^ tactic
lemma e (p : Prop) : p := begin have : ∀ x, q x, sorry, sorry end
--                                               ^^^^^ tactic
--                                                      ^^^^^ tactic
lemma f (p : Prop) : p := begin have h : ∃ x ∈ s, p x, from sorry, sorry end
--                                                          ^^^^^ term
--                                                                 ^^^^^ tactic
lemma g (p : Prop) : p := begin have h : p := sorry, sorry end
--                                            ^^^^^ term
--                                                   ^^^^^ tactic
lemma h (p : Prop) : p := begin have h : p, { sorry }, have h' : p, by sorry, sorry end
--                                            ^^^^^ tactic             ^^^^^ tactic!
--                                                                            ^^^^^ tactic
lemma i (p : Prop) : p := begin rw (sorry : a = b), sorry end
--                                  ^^^^^ term      ^^^^^ tactic
lemma j (p : Prop) : p := begin rw [foo, show a = b, from sorry, bar], sorry end
--                                                        ^^^^^ term   ^^^^^ tactic
lemma k (p : Prop) : p := begin rw show a = b, by sorry, sorry end
--                                                ^^^^^ tactic!
--                                                       ^^^^^ tactic
lemma l (p : Prop) : p := begin obtain ⟨x, hx⟩ : ∃ x, p x := sorry, sorry end
--                                                           ^^^^^ term
--                                                                  ^^^^^ tactic
lemma m (p : Prop) : p := begin show p, from sorry end
--                                           ^^^^^ term
lemma n (p : Prop) : p := begin suffices : ∀ x, p x, from sorry, sorry end
--                                                        ^^^^^ term
--                                                               ^^^^^ tactic
lemma o (p : Prop) : p := begin let x : ℕ := sorry, exact let y := 1, z := 2 in sorry, sorry end
--                                           ^^^^^ term                         ^^^^^ term
--                                                                                     ^^^^^ tactic
lemma p (p : Prop) : p := begin simp [sorry, foo], exacts [sorry, sorry], sorry end
--                                    ^^^^^ term           ^^^^^ term     ^^^^^ tactic
--                                                                ^^^^^ term
lemma q (p : Prop) : p := begin exact (by sorry), exact by sorry, sorry end
--                                        ^^^^^ tactic!    ^^^^^ tactic!
--                                                                ^^^^^ tactic
lemma r (p : Prop) : p := begin exact foo begin simp, sorry end bar, sorry end
--                                                    ^^^^^ tactic   ^^^^^ tactic
lemma s (p : Prop) : p := begin exact assume h, have h : p, from sorry, sorry, sorry end
--                                                               ^^^^^ term    ^^^^^ tactic
--                                                                      ^^^^^ term
lemma t (p : Prop) : p := begin assume x y, sorry end
--                                          ^^^^^ tactic
lemma u (p : Prop) : p := begin exact if h : p then by sorry else sorry, sorry end
--                                                     ^^^^^ tactic!     ^^^^^ tactic
--                                                                ^^^^^ term
lemma v (p : Prop) : p := begin (sorry), sorry end
--                               ^^^^^ term
--                                       ^^^^^ tactic
lemma w (p : Prop) : p := begin have h : a = ∑ x in s, f x, sorry, use ⋃ i, t i, sorry end
--                                                          ^^^^^ tactic         ^^^^^ tactic
lemma x (p : Prop) : p := begin have h : a = ∑' x, f x, sorry, rw h at ⊢, sorry end
--                                                      ^^^^^ tactic      ^^^^^ tactic
lemma y (p : Prop) : p := begin rcases h with ⟨x, rfl | h⟩ | h, sorry, haveI := sorry, sorry end
--                                                              ^^^^^ tactic    ^^^^^ term
--                                                                                     ^^^^^ tactic
lemma z (p : Prop) : p := begin specialize h sorry, use sorry, lift n to ℕ using sorry, sorry end
--                                           ^^^^^ term ^^^^^ term               ^^^^^ term
--                                                                                      ^^^^^ tactic
