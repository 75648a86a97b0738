-- `sorry` inside names is not a `sorry`.
lemma sorry_foo : p := foo.sorry
lemma a : p := sorry.foo
lemma b : p := x.sorry
lemma c : p := (x).sorry
lemma d : p := sorry'
lemma e : p := sorry₁
lemma f : p := «sorry»
lemma g : p := foo.«sorry».bar
lemma h : p := _sorry
lemma i : p := αsorry sorryα
lemma j : p := begin sorry_foo, admit', exact foo.sorry end
lemma foo.sorry : p := sorry
--                     ^^^^^ term in foo.sorry
lemma «a b» : p := sorry
--                 ^^^^^ term in «a b»
lemma k.«sorry» : p := begin exact k.«theorem lemma», sorry end
--                                                    ^^^^^ tactic
lemma l : p := admit
