-- A string that is not closed runs to the end.
def a : string := "x" ++ sorry
--                       ^^^^^ term
def b : string := "sorry
lemma c : p := sorry
