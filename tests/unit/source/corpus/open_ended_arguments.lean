-- A term that goes on as far as it can takes `;` and `<|>` with it; a keyword of the tactic ends it.
lemma a : p := begin exact λ x, x; sorry, sorry end
--                                 ^^^^^ term
--                                        ^^^^^ tactic
lemma b : p := begin exact λ x, x <|> sorry, sorry end
--                                    ^^^^^ term
--                                           ^^^^^ tactic
lemma c : p := begin exact show p, from h; sorry, sorry end
--                                         ^^^^^ term
--                                                ^^^^^ tactic
lemma d : p := begin exact have q : p, from h, q; sorry, sorry end
--                                                ^^^^^ term
--                                                       ^^^^^ tactic
lemma e : p := begin exact let x := h in x; sorry, sorry end
--                                          ^^^^^ term
--                                                 ^^^^^ tactic
lemma f : p := begin exact if p then h else h; sorry, sorry end
--                                             ^^^^^ term
--                                                    ^^^^^ tactic
lemma g : p := begin exact (λ x, x); sorry, sorry end
--                                   ^^^^^ tactic!
--                                          ^^^^^ tactic
lemma h : p := begin have : ∀ x, p x; sorry, sorry end
--                                    ^^^^^ term
--                                           ^^^^^ tactic
lemma i : p := begin have : ∀ x, p x := h; sorry, sorry end
--                                         ^^^^^ tactic!
--                                                ^^^^^ tactic
lemma j : p := begin change ∀ x, p x at h; sorry, sorry end
--                                         ^^^^^ tactic!
--                                                ^^^^^ tactic
lemma k : p := begin rcases (λ x, x) with x; sorry, simpa using λ x, x; sorry, sorry end
--                                           ^^^^^ tactic!              ^^^^^ term
--                                                                             ^^^^^ tactic
lemma l : p := begin exact λ x, by simp; sorry, sorry end
--                                       ^^^^^ tactic!
--                                              ^^^^^ tactic
lemma m : p := begin exact show p, by simp; sorry, sorry end
--                                          ^^^^^ tactic!
--                                                 ^^^^^ tactic
lemma n : p := begin cases h; exact λ x, { y := x }, split; sorry end
--                                                          ^^^^^ tactic!
