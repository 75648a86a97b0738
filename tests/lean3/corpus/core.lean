/-
Statements for core Lean, without imports: true, and without their proofs. No name here is a hint.
-/

/-! Propositional and predicate logic -/

theorem triple_backwards (p q r : Prop) : p ∧ q ∧ r → r ∧ q ∧ p := sorry

theorem one_case_left (p q r : Prop) (h : (p ∨ q) ∨ r) (nq : ¬ q) : r ∨ p := sorry

theorem backwards_chain (p q r s : Prop) (h₁ : p → q) (h₂ : q → r) (h₃ : r → s) : ¬ s → ¬ p :=
sorry

theorem implication_back (p q : Prop) : ((p → q) → p) → p := sorry

theorem never_refuted (p : Prop) : ¬ ¬ (p ∨ ¬ p) := sorry

theorem two_at_a_time (p q r : Prop) : (p ∧ q → r) ↔ (p → q → r) := sorry

theorem sharing_out (p q r : Prop) : p ∧ (q ∨ r) → (p ∧ q) ∨ (p ∧ r) := sorry

theorem everyone_both {α : Type} (p q : α → Prop) :
  (∀ x, p x ∧ q x) ↔ (∀ x, p x) ∧ (∀ x, q x) := sorry

theorem someone_either {α : Type} (p q : α → Prop) :
  (∃ x, p x ∨ q x) → (∃ x, p x) ∨ (∃ x, q x) := sorry

theorem one_for_all {α β : Type} (r : α → β → Prop) (h : ∃ x, ∀ y, r x y) : ∀ y, ∃ x, r x y :=
sorry

theorem village_barber {α : Type} (shaves : α → α → Prop) (b : α) :
  ¬ ∀ x, shaves b x ↔ ¬ shaves x x := sorry

theorem in_the_pub {α : Type} (a : α) (drinks : α → Prop) : ∃ x, drinks x → ∀ y, drinks y := sorry

theorem somewhere_related {α : Type} (r : α → α → Prop) (sym : ∀ x y, r x y → r y x)
  (trans : ∀ x y z, r x y → r y z → r x z) (a : α) (h : ∃ b, r a b) : r a a := sorry

/-! Equality -/

theorem long_way_round {α : Type} (a b c d e : α) (h₁ : a = b) (h₂ : c = b) (h₃ : c = d)
  (h₄ : e = d) : a = e := sorry

theorem there_and_back {α β : Type} (f : α → β) (g : β → α) (a : α) (b : β) (h : f a = b)
  (back : ∀ x, g (f x) = x) : g b = a := sorry

theorem three_and_five {α : Type} (f : α → α) (a : α) (h₃ : f (f (f a)) = a)
  (h₅ : f (f (f (f (f a)))) = a) : f a = a := sorry

/-! Natural numbers -/

theorem inner_swap (a b c d : nat) : (a + b) + (c + d) = (a + c) + (b + d) := sorry

theorem same_rest (a b c d : nat) (h : c + (a + b) = (c + a) + d) : b = d := sorry

theorem smaller_part (a b c : nat) (h : a + b ≤ c) : a ≤ c := sorry

theorem no_room_between (n m : nat) (h₁ : n < m) (h₂ : m < n + 2) : m = n + 1 := sorry

theorem not_its_own_next (n : nat) : n ≠ nat.succ n := sorry

theorem right_triangle : ∃ a b : nat, a * a + b * b = 25 ∧ 0 < a ∧ a < b := sorry

def sum_to : nat → nat
| 0 := 0
| (n + 1) := sum_to n + (n + 1)

theorem sum_to_closed (n : nat) : 2 * sum_to n = n * (n + 1) := sorry

def odds : nat → nat
| 0 := 0
| (n + 1) := odds n + (2 * n + 1)

theorem odds_closed (n : nat) : odds n = n * n := sorry

def doubling : nat → nat
| 0 := 1
| (n + 1) := doubling n + doubling n

theorem doubling_grows (n : nat) : n < doubling n := sorry

/-! Lists and options -/

theorem either_order_length {α : Type} (xs ys : list α) :
  (xs ++ ys).length = (ys ++ xs).length := sorry

theorem one_pass {α β γ : Type} (f : α → β) (g : β → γ) (xs : list α) :
  (xs.map f).map g = xs.map (λ x, g (f x)) := sorry

def turned {α : Type} : list α → list α
| [] := []
| (x :: xs) := turned xs ++ [x]

theorem turned_joined {α : Type} (xs ys : list α) :
  turned (xs ++ ys) = turned ys ++ turned xs := sorry

theorem turned_twice {α : Type} (xs : list α) : turned (turned xs) = xs := sorry

theorem in_two_steps {α β γ : Type} (o : option α) (f : α → option β) (g : β → option γ) :
  (o >>= f) >>= g = o >>= λ x, f x >>= g := sorry

theorem nothing_from_nothing {α β : Type} (f : α → β) (o : option α) :
  o.map f = none ↔ o = none := sorry

/-! Types and definitions of this file -/

inductive tree (α : Type)
| leaf : tree
| node : tree → α → tree → tree

namespace tree

def mirror {α : Type} : tree α → tree α
| leaf := leaf
| (node l x r) := node (mirror r) x (mirror l)

def size {α : Type} : tree α → nat
| leaf := 0
| (node l x r) := size l + 1 + size r

theorem mirrored_twice {α : Type} (t : tree α) : t.mirror.mirror = t := sorry

theorem mirrored_size {α : Type} (t : tree α) : t.mirror.size = t.size := sorry

end tree

inductive pairs_up : nat → Prop
| none : pairs_up 0
| more (n : nat) : pairs_up n → pairs_up (n + 2)

theorem pairs_up_together (m n : nat) (hm : pairs_up m) (hn : pairs_up n) : pairs_up (m + n) :=
sorry

theorem one_is_left : ¬ pairs_up 1 := sorry

inductive light
| red | amber | green

def light.next : light → light
| light.red := light.green
| light.green := light.amber
| light.amber := light.red

theorem full_circle (l : light) : l.next.next.next = l := sorry

def separates {α β : Type} (f : α → β) : Prop := ∀ x y, f x = f y → x = y

theorem separates_after {α β γ : Type} (f : α → β) (g : β → γ) (hf : separates f)
  (hg : separates g) : separates (λ x, g (f x)) := sorry

theorem separates_undone {α β : Type} (f : α → β) (g : β → α) (h : ∀ x, g (f x) = x) :
  separates f := sorry

theorem either_bit (a b c : bool) : (a && b || c) = ((a || c) && (b || c)) := sorry

theorem same_either_way {α : Type} (p : Prop) [decidable p] (f : α → nat) (a b : α)
  (h : f a = f b) : f (if p then a else b) = f a := sorry
