-- Names are qualified by the namespaces around them.
namespace a.b
lemma c : p := sorry
--             ^^^^^ term in a.b.c
namespace d
section e
lemma f.g : p := sorry
--               ^^^^^ term in a.b.d.f.g
end e
end d
lemma h : p := sorry
--             ^^^^^ term in a.b.h
lemma _root_.i : p := sorry
--                    ^^^^^ term in i
instance : foo := sorry
--                ^^^^^ term in -
instance j.k : foo := sorry
--                    ^^^^^ term in a.b.j.k
instance {α : Type} [foo α] : bar α := sorry
--                                     ^^^^^ term in -
@[priority 100] instance l : foo := sorry
--                                  ^^^^^ term in a.b.l
example : p := sorry
--             ^^^^^ term in -
end a.b
lemma m : p := sorry
--             ^^^^^ term in m
section
namespace n
section o
lemma q : p := sorry
--             ^^^^^ term in n.q
end o
end n
end
lemma r : p := sorry
--             ^^^^^ term in r
