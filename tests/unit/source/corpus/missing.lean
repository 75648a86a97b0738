-- Nothing after `:=`, with all sorts of commands after it.
theorem a : p :=
--              ^ missing

theorem b : p := -- a comment
--              ^ missing
/-- A doc comment. -/
theorem c : p :=
--              ^ missing
@[simp] lemma d : p :=
--                    ^ missing
/- a comment -/
@[simp, priority 100] lemma e : p :=
--                                  ^ missing
private lemma f : p :=
--                    ^ missing
protected lemma g : p :=
--                      ^ missing
noncomputable def h : ℕ :=
--                        ^ missing
meta def i : ℕ :=
--               ^ missing
noncomputable theory
def j : ℕ :=
--          ^ missing
attribute [simp] j
abbreviation k : ℕ :=
--                   ^ missing
local attribute [instance] j
instance l : foo :=
--                 ^ missing
instance : foo :=
--               ^ missing
example : p :=
--            ^ missing
namespace n
example : p :=
--            ^ missing
end n
example : p :=
--            ^ missing
section
example : p :=
--            ^ missing
end
example : p :=
--            ^ missing
variables (x : ℕ)
example : p :=
--            ^ missing
open nat
example : p :=
--            ^ missing
/-! A module's doc comment. -/
example : p :=
--            ^ missing
reserve infixl ` ** `:50
example : p :=
--            ^ missing
notation `foo` := 1
example : p :=
--            ^ missing
local notation `bar` := 1
example : p :=
--            ^ missing
precedence `baz`:50
example : p :=
--            ^ missing
universe u
example : p :=
--            ^ missing
set_option pp.all true
example : p :=
--            ^ missing
include x
example : p :=
--            ^ missing
inductive t | a | b
example : p :=
--            ^ missing
mutual def even, odd
with even : ℕ → bool
| 0 := tt
with odd : ℕ → bool
| 0 := ff
example : p :=
--            ^ missing
export nat (succ)
def last : ℕ :=
--             ^ missing
