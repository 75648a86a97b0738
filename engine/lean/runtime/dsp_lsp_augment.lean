/-
The Lean side of augmentation.

Two tactics that stand around another one in a copy of its file. They run it as it is, so that the
proof goes on as before, and then, on the state that it met, other tactics made from it, each within
a time. What became of these is traced as one line of JSON; no state of theirs is kept.

Imports nothing but the core library, because it stands in front of a file's own imports.
-/
open tactic lean lean.parser interactive interaction_monad.result

namespace dsp_lsp

/-- The states met so far, the last first, printed; and the runs, the last first: which tactic ran on
which state and which state it led to, `-1` where it failed, `-2` where it took too long. -/
meta structure augmented :=
(count : ℕ)
(states : list string)
(runs : list json)

meta def printed (ts : tactic_state) : string := ts.to_format.to_string

meta def augmented.start (ts : tactic_state) : augmented := ⟨1, [printed ts], []⟩

meta def augmented.run (a : augmented) (step source : ℕ) (target : ℤ) : augmented :=
{ runs := json.array [json.of_int step, json.of_int source, json.of_int target] :: a.runs, ..a }

/-- How long a tactic may take. Heartbeats, of which Lean counts thousands, are the same on every
machine; the time is a guard against what has none. -/
meta structure bounds :=
(heartbeats ms : ℕ)

/-- What `t` makes of `ts`: nothing at all where it takes too long. -/
meta def attempt (b : bounds) (t : tactic unit) (ts : tactic_state) :
  option (option tactic_state) :=
match _root_.try_for_time b.ms $ _root_.try_for b.heartbeats (match t ts with
  | success _ ts' := some ts'
  | exception _ _ _ := none
  end) with
| some r := r
| none := none
end

/-- Whether the main goal is closed, where `others` goals stand behind it. -/
meta def main_is_closed (others : ℕ) (ts : tactic_state) : bool :=
match get_goals ts with
| success gs _ := to_bool (gs.length ≤ others)
| exception _ _ _ := tt
end

/-- A tactic that is one of a list, by its number there. -/
meta def step := ℕ × tactic unit

/-- Runs a step and writes it down. The state that it led to comes with its number. -/
meta def take_step (b : bounds) (source : ℕ) (ts : tactic_state) (s : step) (a : augmented) :
  augmented × option (option (ℕ × tactic_state)) :=
match attempt b s.2 ts with
| some (some ts') :=
  (({ count := a.count + 1, states := printed ts' :: a.states, ..a } : augmented).run s.1 source
    a.count, some (some (a.count, ts')))
| some none := (a.run s.1 source (-1), some none)
| none := (a.run s.1 source (-2), none)
end

/-- Runs the steps in order, each on the state that the one before it left, until one fails, takes
too long, or closes the goal. -/
meta def in_order (b : bounds) (others : ℕ) : ℕ → tactic_state → list step → augmented → augmented
| _ _ [] a := a
| source ts (s :: rest) a :=
  match take_step b source ts s a with
  | (a, some (some (target, ts'))) :=
    if main_is_closed others ts' then a else in_order target ts' rest a
  | (a, _) := a
  end

/-- Runs each of the steps on the same state, until one takes too long (`none`); otherwise the first
that succeeded. -/
meta def each_once (b : bounds) (source : ℕ) (ts : tactic_state) :
  list step → option (ℕ × ℕ × tactic_state) → augmented →
  augmented × option (option (ℕ × ℕ × tactic_state))
| [] first a := (a, some first)
| (s :: rest) first a :=
  match take_step b source ts s a with
  | (a, some (some target)) := each_once rest (first <|> some (s.1, target)) a
  | (a, some none) := each_once rest first a
  | (a, none) := (a, none)
  end

/-- Runs each of the steps on the state, then goes on from the first that succeeded, without it.
Where one of `closers` succeeds the end is reached. Step `n` of `closers` goes with step
`n + closers.length` of the others. -/
meta def each_alone (b : bounds) (others shift : ℕ) :
  ℕ → ℕ → tactic_state → list step → list step → augmented → augmented
| 0 _ _ _ _ a := a
| (fuel + 1) source ts closers steps a :=
  match each_once b source ts closers none a with
  | (a, some none) :=
    match each_once b source ts steps none a with
    | (a, some (some (n, target, ts'))) :=
      if main_is_closed others ts' then a
      else each_alone fuel target ts' (closers.filter (λ s, s.1 + shift ≠ n))
        (steps.filter (λ s, s.1 ≠ n)) a
    | (a, _) := a
    end
  | (a, _) := a
  end

/-- Runs `t`, then `search` on the state that `t` met, and traces what it found under `id`. -/
meta def around (id : ℕ) (t : tactic unit)
  (search : ℕ → tactic_state → augmented → augmented) : tactic unit := do
  ts ← read,
  others ← list.length <$> get_goals,
  t,
  let a := search (others - 1) ts (augmented.start ts),
  decl ← decl_name <|> pure name.anonymous,
  trace $ "dsp-lsp-augment " ++ json.unparse (json.object [
    ("place", json.of_int id),
    ("declaration", json.of_string (to_string decl)),
    ("states", json.array (a.states.reverse.map json.of_string)),
    ("runs", json.array a.runs.reverse)])

meta def cons_reflected : reflected_value (tactic unit) → reflected_value (list (tactic unit)) →
  reflected_value (list (tactic unit))
| t ts := @reflected_value.mk _ (t.val :: ts.val)
  ((`(@list.cons (tactic unit)).subst t.reflect).subst ts.reflect)

/-- Blocks in braces, one after the other. -/
meta def blocks_reflected : lean.parser (reflected_value (list (tactic unit))) := do
  ts ← many parser.itactic_reflected,
  pure (ts.foldr cons_reflected ⟨[]⟩)

@[reducible] meta def blocks : lean.parser (list (tactic unit)) := parser.val blocks_reflected

end dsp_lsp

/-- `dsp_lsp_in_order id heartbeats ms { t } { t₁ } { t₂ } …` runs `t`, and `t₁`, `t₂` … as
`dsp_lsp.in_order` says. -/
meta def tactic.interactive.dsp_lsp_in_order (id heartbeats ms : parse small_nat) (t : parse lean.parser.itactic)
  (ts : parse dsp_lsp.blocks) : tactic unit :=
dsp_lsp.around id t $ λ others s, dsp_lsp.in_order ⟨heartbeats, ms⟩ others 0 s ts.enum

/-- `dsp_lsp_each_alone id heartbeats ms n { t } { t₁ } { t₂ } …` runs `t`, and `t₁`, `t₂` …, of which the first
`n` are closers, as `dsp_lsp.each_alone` says. -/
meta def tactic.interactive.dsp_lsp_each_alone (id heartbeats ms closers : parse small_nat)
  (t : parse lean.parser.itactic) (ts : parse dsp_lsp.blocks) : tactic unit :=
dsp_lsp.around id t $ λ others s, dsp_lsp.each_alone ⟨heartbeats, ms⟩ others closers (ts.length + 1) 0 s
  (ts.enum.take closers) (ts.enum.drop closers)
