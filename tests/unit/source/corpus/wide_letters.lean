-- Letters outside the basic plane count as one column.
variables {𝕜 : Type*} (𝓝 : ℕ)
lemma 𝕜𝓝 (h : 𝕜 = 𝓝) : 𝓝 = 𝕜 := sorry
--                              ^^^^^ term
lemma a : 𝓝 ⊓ 𝓟 s = ⊥ ↔ ∃ 𝒰, 𝒰 ≠ 𝓝 := begin rw 𝓝, sorry, exact ⟨𝓝, sorry⟩ end
--                                                ^^^^^ tactic     ^^^^^ term
lemma ℕsorry : p := sorryℕ
lemma b : λsorry = Πsorry := λx, sorry
--                               ^^^^^ term
