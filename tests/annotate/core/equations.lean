variables x y z w : nat

theorem back (h₁ : x = y) (h₂ : z = y) : x = z := sorry

theorem long_way (h₁ : x = y) (h₂ : y = z) (h₃ : z = w) : x = w := sorry

theorem through_a_map (f : nat → nat) (h : x = y) : f x = f y :=
begin
end
