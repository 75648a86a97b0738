/-! Connectives, each with its small theorem. -/

namespace tiny

/-- In the way of a `do` in this namespace. -/
def bind (p : Prop) : Prop := p

theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=
begin
  cases h with hp hq,
  split,
  { exact hq },
  { exact hp }
end

theorem swap_iff (p q : Prop) : p ∧ q ↔ q ∧ p :=
⟨swap p q, swap q p⟩

theorem either (p q : Prop) (h : p ∨ q) : q ∨ p :=
by { cases h, { right, assumption }, { left, assumption } }

theorem twice (p q : Prop) (h : q ∧ p) : p ∧ q :=
begin
  rw swap_iff at h,
  exact h
end

theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q ∧ true :=
by { exact hq <|> skip, refine ⟨_, _, _⟩; try { assumption }, all_goals { trivial } }

end tiny
