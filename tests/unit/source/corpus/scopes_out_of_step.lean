-- An `end` that names another scope is an error, and Lean stays where it was; scopes may stay open.
namespace a
lemma b : p := sorry
--             ^^^^^ term in a.b
end c
lemma d : p := sorry
--             ^^^^^ term in a.d
end a
lemma e : p := sorry
--             ^^^^^ term in e
end
namespace f
section
lemma g : p := sorry
--             ^^^^^ term in f.g
