theorem good (p : Prop) (h : p) : p := h

theorem bad (n : nat) : n = missing := sorry
