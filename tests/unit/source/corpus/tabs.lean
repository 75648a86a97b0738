-- A tab is one column.
lemma a : p :=
begin
	split,
	{	sorry },
-- ^^^^^ tactic
	exact	sorry,
--     ^^^^^ term
end
