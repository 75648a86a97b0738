/-! Sites of several kinds, each provable, the later ones with the help of the earlier. -/

namespace box
variables {p q : Prop}

theorem first (hp : p) (hq : q) : p ∧ q := sorry

lemma 𝔸fter (h : p ∧ q) : q ∧ p :=
begin
end

theorem in_parts (hp : p) (hq : q) : p ∧ q :=
begin
  split,
  sorry,
  exact hq,
end

theorem short (n : nat) : n + 0 = n := by sorry

example (h : p) : p ∨ q :=

end box
