-- No site outside declarations.
sorry
begin sorry end
:=
