-- `⋃₀` and `⋂₀` take no binder, so the comma after them is the tactic's.
lemma a (p : Prop) : p := begin have h : t = ⋃₀ s, sorry, have h : t = ⋂₀ s, sorry end
--                                                 ^^^^^ tactic              ^^^^^ tactic
lemma b (p : Prop) : p := begin have h : t = ⋃ i, s i, sorry, exact ⋂ i, sorry end
--                                                     ^^^^^ tactic      ^^^^^ term
