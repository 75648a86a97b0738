/-! Functions, with a definition of our own. -/

def twice {α : Type} (f : α → α) (x : α) : α := f (f x)

theorem twice_is {α : Type} (f : α → α) (x : α) : twice f x = f (f x) := sorry

theorem twice_id {α : Type} (x : α) : twice id x = x := sorry

theorem twice_twice (x : nat) : twice nat.succ x = x + 2 :=

theorem pointwise {α β : Type} (f g : α → β) (h : ∀ x, f x = g x) : f = g := begin sorry end
