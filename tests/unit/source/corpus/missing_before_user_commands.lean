-- Commands that mathlib defines can follow an empty `:=`.
lemma a : p :=
--            ^ missing
alias a ← b
lemma c : p :=
--            ^ missing
localized "notation `sorry` := foo" in bar
lemma d : p :=
--            ^ missing
library_note "sorry"
lemma e : p :=
--            ^ missing
add_tactic_doc { name := "x", category := doc_category.tactic }
lemma f : p :=
--            ^ missing
run_cmd skip
lemma g : p :=
--            ^ missing
mk_simp_attribute foo none
lemma h : p :=
--            ^ missing
restate_axiom foo
lemma i : p :=
--            ^ missing
assert_not_exists foo
lemma j : p :=
--            ^ missing
initialize_simps_projections foo (x → y)
lemma k : p :=
--            ^ missing
#check k
lemma l : p :=
--            ^ missing
open_locale big_operators
lemma m : p :=
--            ^ missing
@[simps] def n : foo :=
--                     ^ missing
#eval 1
lemma o : p :=
--            ^ missing
protected alias a ↔ _ b
lemma q : p :=
--            ^ missing
add_decl_doc q
lemma r : p :=
--            ^ missing
#lint
