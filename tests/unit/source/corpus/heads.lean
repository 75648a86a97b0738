-- What may stand before a declaration's name and statement.
theorem {u} a (α : Type u) : p := sorry
--                                ^^^^^ term in a
theorem {u v} b.{w} : p := sorry
--                         ^^^^^ term in b
private theorem c : p := sorry
--                       ^^^^^ term in c
@[simp, to_additive "a ] bracket", priority 100] protected lemma d : p := sorry
--                                                                        ^^^^^ term in d
@[simp] /-- doc -/ lemma e : p := sorry
--                                ^^^^^ term in e
/-- doc -/ @[simp] private noncomputable def f : ℕ := sorry
--                                                    ^^^^^ term in f
meta def g : ℕ := sorry
--                ^^^^^ term in g
local attribute [simp] lemma h : p := sorry
--                                    ^^^^^ term in h
definition i : p := sorry
--                  ^^^^^ term in i
abbreviation j := sorry
--                ^^^^^ term in j
class inductive k | a
def /- comment -/ l -- comment
  : p := sorry
--       ^^^^^ term in l
@[derive [decidable_eq, fintype], instance] def m : ℕ := sorry
--                                                       ^^^^^ term in m
attribute [instance, priority 10] m
attribute [-instance] m
noncomputable instance n : foo := sorry
--                                ^^^^^ term in n
instance [foo] : bar := sorry
--                      ^^^^^ term in -
