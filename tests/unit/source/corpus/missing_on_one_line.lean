-- Commands need no line of their own.
theorem a : p := theorem b : p := namespace n theorem c : p := sorry end n theorem d : p := /-- doc -/ lemma e : p := #check 1
--              ^ missing        ^ missing                     ^^^^^ term                  ^ missing                 ^ missing
