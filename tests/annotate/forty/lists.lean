open list

variables {α : Type} (a : α) (l : list α)

theorem nothing_before : [] ++ l = l := sorry

theorem nothing_after : l ++ [] = l := sorry

theorem of_length_one : length [a] = 1 :=

theorem first_is_in : a ∈ a :: l := begin sorry end
