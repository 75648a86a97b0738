/- A header. -/
prelude
import init.core .sibling ..cousin
import data.nat.basic -- not this
  data.int.basic
lemma a : p := sorry
--             ^^^^^ term
import too.late
