-- sorry
/- sorry -/
/- nested /- sorry -/ sorry -/
/-! sorry -/
/-- sorry /- sorry -/ sorry -/
lemma a : p := /- sorry -/ sorry -- sorry
--                         ^^^^^ term
lemma b : p := /--/ sorry -/ sorry
--                           ^^^^^ term
lemma c : p := 4/-2 sorry -/ sorry
--                           ^^^^^ term
lemma d : p := /-/ sorry -/ sorry
--                          ^^^^^ term
lemma e : p := /- -- -/ sorry /- " -/
--                      ^^^^^ term
lemma f : p := /-" sorry /- sorry " -/ "-/ sorry
--                                         ^^^^^ term
lemma g : p := begin -- sorry
  sorry -- begin
--^^^^^ tactic
  /- end -/
end
lemma h /- := -/ : /- | -/ p -- :=
/- := -/ := -- sorry
  sorry
--^^^^^ term
lemma i : p --:= sorry
:= sorry
-- ^^^^^ term
