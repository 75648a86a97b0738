variables x y z w : nat
theorem thm1 (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :=
