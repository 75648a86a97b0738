-- `begin end` around blanks and comments.
lemma a : p := begin end
--             ^^^^^^^^^ empty
lemma b : p := begin /- nothing -/ end
--             ^^^^^^^^^^^^^^^^^^^^^^^ empty
lemma c : p :=
begin
--< empty
  -- nothing, not even sorry
end
lemma d : p := ⟨begin end, by begin end⟩
--              ^^^^^^^^^ empty
--                            ^^^^^^^^^ empty
lemma e : p := begin begin end, { sorry }, exact begin end end
--                   ^^^^^^^^^ empty             ^^^^^^^^^ empty
--                                ^^^^^ tactic
instance : foo :=
begin
--< empty

end
