-- Braces hold tactics, terms, sets, structure instances, configurations or binders.
lemma a (p : Prop) : p := begin try { sorry }, all_goals { sorry }, any_goals { sorry } end
--                                    ^^^^^ tactic         ^^^^^ tactic         ^^^^^ tactic
lemma b (p : Prop) : p := begin iterate 3 { sorry }, repeat { sorry }, focus { sorry } end
--                                          ^^^^^ tactic      ^^^^^ tactic     ^^^^^ tactic
lemma c (p : Prop) : p := begin case foo : a b { sorry }, case or.inl { sorry } end
--                                               ^^^^^ tactic           ^^^^^ tactic
lemma d (p : Prop) : p := begin exact { x := sorry, y := sorry }, sorry end
--                                           ^^^^^ term  ^^^^^ term
--                                                                ^^^^^ tactic
lemma e (p : Prop) : p := begin refine { x := sorry, .. }, sorry end
--                                            ^^^^^ term   ^^^^^ tactic
lemma f (p : Prop) : p := begin refine { ..sorry }, sorry end
--                                         ^^^^^ term
--                                                  ^^^^^ tactic
lemma g (p : Prop) : p := begin use {x | sorry}, simp {contextual := tt}, sorry end
--                                       ^^^^^ term                       ^^^^^ tactic
lemma h (p : Prop) : p := begin have h : foo {a, b} = {c}, sorry, exact foo {sorry} end
--                                                         ^^^^^ tactic      ^^^^^ term
lemma i (p : Prop) : p := begin my_own_tactic { sorry }, my_other { x := sorry }, sorry end
--                                              ^^^^^ tactic             ^^^^^ term
--                                                                                ^^^^^ tactic
lemma j {p : Prop} ⦃q : Prop⦄ : p := foo { x := sorry }
--                                              ^^^^^ term
lemma k (p : Prop) : p := begin work_on_goal 2 { sorry }, solve1 { sorry }, sorry end
--                                               ^^^^^ tactic      ^^^^^ tactic
--                                                                          ^^^^^ tactic
lemma l (p : Prop) : p := begin exact ⟨{ x := sorry }, sorry⟩, sorry end
--                                            ^^^^^ term       ^^^^^ tactic
--                                                     ^^^^^ term
lemma m (p : Prop) : p := begin { sorry }, { { sorry } } end
--                                ^^^^^ tactic ^^^^^ tactic
