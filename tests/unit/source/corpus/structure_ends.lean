-- `class` and `structure` with nothing after `:=` are errors of the text, no sites.
class nothing (α : Type) :=
structure less :=
lemma a : p :=
--            ^ missing
inductive none : Type
lemma b : p :=
--            ^ missing
