-- Strings and characters hold no sorry, and may hold quotes of comments.
def a : string := "sorry"
def b : string := "\" sorry"
def c : string := "\\" ++ sorry
--                        ^^^^^ term
def d : string := "-- " ++ sorry
--                         ^^^^^ term
def e : string := "/- " ++ sorry
--                         ^^^^^ term
def f : string := "lemma x : p :=
theorem sorry :=" ++ sorry
--                   ^^^^^ term
def g : char := '"'
def h : char := sorry
--              ^^^^^ term
def i : char := '\''
def j : char := sorry
--              ^^^^^ term
def k : list char := ['\n', 'a', '\x41', '\u0041', '-', '`', '«'] ++ sorry
--                                                                   ^^^^^ term
def l : char := '𝕜'
