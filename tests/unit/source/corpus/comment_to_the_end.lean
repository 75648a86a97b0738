-- A comment that is not closed runs to the end.
lemma a : p := sorry
--             ^^^^^ term
/- lemma b : p := sorry
/- -/ lemma c : p := sorry
