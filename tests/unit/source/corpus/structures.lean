-- Instances of structures, and default values of fields; a structure itself is no site.
instance a : foo ℕ := { x := sorry, y := by sorry, ..sorry }
--                           ^^^^^ term     ^^^^^ tactic!
--                                                   ^^^^^ term
def b : foo := { foo . x := sorry }
--                          ^^^^^ term
def c : foo := { x := 1, with_proof := begin sorry end }
--                                           ^^^^^ tactic
structure d := (x : ℕ) (h : x = 0 := sorry)
--                                   ^^^^^ term
structure e (n : ℕ) extends d :=
(y : ℕ := sorry)
--        ^^^^^ term
(h : y = sorry)
(k : y = 0 . obviously)
class g (α : Type) :=
(z : α → α := λ x, sorry)
--                 ^^^^^ term
(w : p := by sorry)
--           ^^^^^ tactic!
structure nothing :=
