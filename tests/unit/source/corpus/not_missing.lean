-- Endings in `:=` that are not a declaration's own.
theorem a : p := let x :=
theorem b : p := begin have h :=
theorem c : p := ⟨λ x, (y :=
theorem d : p := have h :=
variables (x : ℕ :=
notation `foo` :=
constant k : ℕ
axiom l : p
