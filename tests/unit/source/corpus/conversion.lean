-- In `conv` and in `[smt]` blocks, `sorry` is a tactic of another monad: no site.
lemma a (p : Prop) : p := begin conv { sorry }, sorry end
--                                              ^^^^^ tactic
lemma b (p : Prop) : p := begin conv begin to_lhs, sorry end, sorry end
--                                                            ^^^^^ tactic
lemma c (p : Prop) : p := begin conv in (a + b) { find (x) { sorry } }, sorry end
--                                                                      ^^^^^ tactic
lemma d (p : Prop) : p := begin conv_lhs { rw (sorry : a = b), { sorry } }, sorry end
--                                             ^^^^^ term                   ^^^^^ tactic
lemma e (p : Prop) : p := begin conv_rhs at h in (x) { congr, skip, sorry }, sorry end
--                                                                           ^^^^^ tactic
lemma f (p : Prop) : p := begin [smt] sorry end
lemma g (p : Prop) : p := begin conv { rw show a = b, by sorry }, conv begin end, sorry end
--                                                       ^^^^^ tactic!            ^^^^^ tactic
