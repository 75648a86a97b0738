-- In quotations nothing is a site.
meta def a : name := `sorry
meta def b : name := ``sorry
meta def c : list name := [`foo.sorry, ``sorry.foo, `begin, `end, `theorem]
meta def d : pexpr := ``(sorry)
meta def e : expr := `(sorry : ℕ)
meta def f : pexpr := ``(foo (by sorry) begin sorry end { x := sorry })
meta def g : tactic unit := `[sorry]
meta def h : tactic unit := `[simp, { sorry }] >> sorry
--                                                ^^^^^ term
meta def i : pexpr := ```(sorry)
notation `sorry` := foo
notation `theorem ` x ` lemma ` := foo x
infixl ` begin `:50 := foo
local notation `«` x `»` := foo x
precedence `end`:50
lemma j : p := sorry
--             ^^^^^ term
