/-
The Lean side of dsp-lsp.

`dsp_lsp.hole` stands where a proof can go. It reads requests from a FIFO, applies tactics to tactic
states in parallel tasks, and answers on one FIFO a slot. A slot carries one tactic at a time, so
that no two writers ever share a FIFO. Tactic states are immutable: any earlier one can be branched
from.

`dsp_lsp_audit` runs a proof in place and says what its term rests on.

Imports nothing but the core library, because it stands in front of the user's own imports.
-/
import system.io
open native tactic lean lean.parser interaction_monad.result

namespace dsp_lsp

/-! ### Parsing -/

/-- Runs `p` on `s` in a parser made from the tactic state's environment. Whatever `p` leaves unread
is returned. -/
meta def run_on_input {α} (p : lean.parser α) (s : string) : tactic (α × string) :=
λ ts, lean.parser.run
  (do ps ← (λ st, success st st : lean.parser parser_state),
      (λ st, match (tactic.set_env_core ps.env >> (λ ts', match with_input p s ps with
          | success a _ := success a ts'
          | exception f pos _ := exception f pos ts'
          end)) ts with
        | success a _ := success a st
        | exception f pos _ := exception f pos st
        end : lean.parser (α × string))) ts

meta def is_blank (s : string) : bool := s.to_list.all (λ c, to_bool c.is_whitespace)

/-- The tactic that `s` denotes. The line break keeps a comment at the end of `s` from hiding the
bracket. Anything behind the bracket is a failure: `simp } junk` is no tactic. -/
meta def parse_tactic (s : string) : tactic (tactic unit) := do
  (e, rest) ← run_on_input parser.itactic_reflected ("{ " ++ s ++ "\n}"),
  if is_blank rest then eval_expr (tactic unit) (reflected_value.expr e)
  else fail "unexpected text after the tactic"

/-! ### What a tactic says

`library_search` and its like print the tactic that they found. In a hole they are asked through
their programming interface, and hand their findings over in an option of the tactic state. -/

meta def said_option : name := `dsp_lsp.said

meta def say (ss : list string) : tactic unit := do
  o ← get_options,
  set_options (o.set_string said_option (json.unparse (json.array (ss.map json.of_string))))

meta def take_said : tactic string := do
  o ← get_options,
  let s := o.get_string said_option "",
  if s = "" then pure s else set_options (o.set_string said_option "") >> pure s

/-! ### Checking a proof term -/

meta def has_sorry (e : expr) : bool :=
e.fold ff $ λ t _ found, found || t.is_sorry.is_some ||
  t.is_constant_of `undefined_core || t.is_constant_of `undefined

/-- Binds the locals `ls` (outermost first) in value and type; local definitions become `let`. -/
meta def close_over (lc : _root_.local_context) : list expr → expr → expr → expr × expr
| [] v t := (v, t)
| (l :: ls) v t :=
  let (v, t) := close_over ls v t in
  match lc.get_local_decl l.local_uniq_name with
  | some ⟨un, pn, ty, some val, _, _⟩ :=
    (expr.elet pn ty val (v.abstract_local un), expr.elet pn ty val (t.abstract_local un))
  | some ⟨un, pn, ty, none, bi, _⟩ :=
    (expr.lam pn bi ty (v.abstract_local un), expr.pi pn bi ty (t.abstract_local un))
  | none := (v, t)
  end

/-- Fails unless the kernel accepts what is assigned to the goal `g`: no metavariable, no `sorry`,
no `undefined`, and a closed term of the closed type. -/
meta def check_proof (lc : _root_.local_context) (target g : expr) : tactic unit := do
  v ← instantiate_mvars g,
  when v.has_meta_var $ fail "the proof term contains metavariables",
  when (has_sorry v) $ fail "the proof term contains sorry",
  let (v, t) := close_over lc lc.to_list v target,
  t ← instantiate_mvars t,
  v ← instantiate_mvars v,
  when (v.has_meta_var || t.has_meta_var) $ fail "the proof's context contains metavariables",
  when (v.has_local || t.has_local) $ fail "the proof term mentions a local that is not in scope",
  env ← get_env,
  let us := (expr.app v t).collect_univ_params,
  match env.add (declaration.thm `dsp_lsp.proof_to_check us t (task.pure v)) with
  | exceptional.success _ := skip
  | exceptional.exception f := do o ← get_options, fail (f o)
  end

/-! ### Holes -/

/-- The goal that a hole was opened at, alone, and where the hole's FIFOs are. -/
meta structure origin :=
(dir : string)
(root : tactic_state)
(goal : expr)
(target : expr)
(lc : _root_.local_context)

meta inductive reply
| progress (ts : tactic_state) (goals : ℕ) (pp : string) (said : string)
| solved (said : string)
| failed (why : string)
| interrupted

meta def text_of (f : option (unit → format)) : string :=
match f with | some f := (f ()).to_string | none := "failed" end

/-- Runs the tactic `s` and describes what it leaves. Parsing's changes to the environment are
dropped. -/
meta def apply_tactic (o : origin) (s : string) : tactic reply := do
  env ← get_env,
  t ← parse_tactic s,
  set_env_core env,
  t,
  said ← take_said,
  gs ← get_goals,
  if gs.empty then check_proof o.lc o.target o.goal >> pure (reply.solved said)
  else do
    ts ← read,
    pure (reply.progress ts gs.length ts.to_format.to_string said)

meta def json_of : reply → json
| (reply.progress _ n pp said) := json.object
  [("goals", json.of_int n), ("pp", json.of_string pp), ("said", json.of_string said)]
| (reply.solved said) := json.object [("goals", json.of_int 0), ("said", json.of_string said)]
| (reply.failed e) := json.object [("failed", json.of_string e)]
| reply.interrupted := json.object [("interrupted", json.of_bool tt)]

meta def put_json (path : string) (j : json) : io unit := do
  h ← io.mk_file_handle path io.mode.append,
  io.fs.put_str_ln h (json.unparse j),
  io.fs.close h

meta def out_path (dir : string) (slot : ℕ) : string := dir ++ "/out." ++ to_string slot

/-- One tactic, inside a task. A tactic that runs out of time, memory or stack is `interrupted`; the
reader knows how long it took. `heartbeats` 0 means no limit. -/
meta def run_tactic (o : origin) (ts : tactic_state) (ms heartbeats : ℕ) (s : string) : reply :=
let go : unit → reply := λ _, match apply_tactic o s ts with
  | success r _ := r
  | exception f _ _ := reply.failed (text_of f)
  end in
match _root_.try_for_time ms
    (if heartbeats = 0 then some (go ()) else _root_.try_for heartbeats (go ())) with
| some (some r) := r
| _ := reply.interrupted
end

meta def answer (o : origin) (slot request : ℕ) (r : reply) : reply :=
match tactic.unsafe_run_io (put_json (out_path o.dir slot)
    (json.array [json.of_int request, json_of r])) o.root with
| success _ _ := r
| exception _ _ _ := reply.interrupted
end

/-- The states made so far, as tasks, under the numbers of the requests that made them. -/
meta def states : Type := rb_map ℕ (task reply)

meta def start (o : origin) (slot request : ℕ) (from_state : option (task reply))
  (ms heartbeats : ℕ) (s : string) : task reply :=
match from_state with
| none := task.pure (answer o slot request (reply.failed "no such tactic state"))
| some t := task.map (λ r : reply, match r with
    | reply.progress ts _ _ _ := answer o slot request (run_tactic o ts ms heartbeats s)
    | _ := answer o slot request (reply.failed "no such tactic state")
    end) t
end

meta def name_of (s : string) : name :=
(s.split (= '.')).foldl (λ n part, name.mk_string part n) name.anonymous

/-- Which of the names are declared: for tactics that exist only where a library is imported. -/
meta def known (ns : list json) : tactic json := do
  env ← get_env,
  pure $ json.array $ ns.map $ λ j, match j with
    | json.of_string s := json.of_bool (env.contains (name_of s))
    | _ := json.of_bool ff
    end

meta def loop (o : origin) (requests : io.handle) : states → io unit
| σ := do
  line ← io.fs.get_line requests,
  match json.parse line.to_string with
  | some (json.array [json.of_int (int.of_nat request), json.of_int (int.of_nat slot),
      json.of_int (int.of_nat state), json.of_int (int.of_nat ms),
      json.of_int (int.of_nat heartbeats), json.of_string s]) :=
    loop (σ.insert request (start o slot request (σ.find state) ms heartbeats s))
  | some (json.array [json.of_int (int.of_nat request), json.of_int (int.of_nat slot),
      json.array ns]) := do
    match known ns o.root with
    | success j _ := put_json (out_path o.dir slot) (json.array [json.of_int request, j])
    | exception _ _ _ := pure ()
    end,
    loop σ
  | _ := pure ()   -- end of input, or nothing that this version knows: the hole is closed
  end

meta def has_meta (e : expr) : tactic bool := expr.has_meta_var <$> instantiate_mvars e

meta def contains_metas (e : expr) : tactic bool := expr.has_meta_var <$> instantiate_mvars e

/-- The tactic that stands in the place of a site. Only the main goal is searched; the hole leaves
it closed by `sorry`, so that the declaration behind it goes on. -/
meta def hole (dir : string) : tactic unit := do
  all_goals ← get_goals,
  g :: others ← pure all_goals | fail "no goals",
  set_goals [g],
  target ← target >>= instantiate_mvars,
  ls ← local_context,
  prop ← is_prop target <|> pure ff,
  metas ← ls.mfoldl (λ (found : bool) l, if found then pure tt else infer_type l >>= contains_metas)
    target.has_meta_var,
  decl ← decl_name <|> pure name.anonymous,
  lc ← unsafe.type_context.run unsafe.type_context.get_local_context,
  ts ← read,
  let greeting := json.object [
    ("pp", json.of_string ts.to_format.to_string),
    ("goals", json.of_int all_goals.length),
    ("prop", json.of_bool prop),
    ("metavariables", json.of_bool metas),
    ("declaration", json.of_string (to_string decl))],
  unsafe_run_io (do
    requests ← io.mk_file_handle (dir ++ "/in") io.mode.read,
    put_json (out_path dir 0) (json.array [json.of_int 0, greeting]),
    loop ⟨dir, ts, g, target, lc⟩ requests
      ((rb_map.mk ℕ (task reply)).insert 0 (task.pure (reply.progress ts 1 "" "")))),
  admit,
  set_goals others

/-! ### The audit of a proof in place -/

/-- What a term rests on, folded over its constants. -/
meta structure findings :=
(assumed : list name)
(sorries : list name)
(untrusted : list name)

/-- The constants of `e` that were not visited yet join the work list. -/
meta def scan (e : expr) (σ : name_set × list name) : name_set × list name :=
e.fold σ $ λ t _ σ, match t with
  | (expr.const n _) := if σ.1.contains n then σ else (σ.1.insert n, n :: σ.2)
  | _ := σ
  end

/-- Constants without a definition that are no axioms: the kernel computes with them. -/
meta def is_builtin (env : environment) (n : name) : bool :=
env.is_inductive n || env.is_constructor n || env.is_recursor n ||
  [`quot, `quot.mk, `quot.lift, `quot.ind].any (= n)

meta def is_axiom (env : environment) : declaration → bool
| (declaration.ax _ _ _) := tt
| (declaration.cnst n _ _ _) := bnot (is_builtin env n)
| _ := ff

meta def fold_constants (env : environment) : name_set → list name → findings → findings
| visited [] f := f
| visited (n :: todo) f :=
  match env.get n with
  | exceptional.exception _ := fold_constants visited todo f
  | exceptional.success d :=
    let v := d.value,
        (visited, todo) := scan v (scan d.type (visited, todo)) in
    fold_constants visited todo
      { assumed := if is_axiom env d then n :: f.assumed else f.assumed,
        sorries := if has_sorry v || has_sorry d.type then n :: f.sorries else f.sorries,
        untrusted := if d.is_trusted then f.untrusted else n :: f.untrusted }
  end

meta def names (ns : list name) : json := json.array (ns.map (λ n, json.of_string (to_string n)))

/-- Axioms that `new` has and `old` lacks: a proof may not bring its own. -/
meta def new_axioms (old new : environment) : list name :=
new.fold [] $ λ d ns, if old.contains d.to_name then ns
  else if is_axiom new d && d.is_trusted then d.to_name :: ns else ns

/-- Runs `t` on the main goal and traces, behind `nonce`, what the goal's proof term rests on. -/
meta def audit (nonce : string) (t : tactic unit) : tactic unit := do
  before ← get_env,
  g :: _ ← get_goals | fail "no goals",
  decl ← decl_name <|> pure name.anonymous,
  t,
  env ← get_env,
  v ← instantiate_mvars g,
  let (visited, todo) := scan v (mk_name_set, []),
  let f := fold_constants env visited todo ⟨[], [], []⟩,
  trace $ nonce ++ json.unparse (json.object [
    ("declaration", json.of_string (to_string decl)),
    ("metavariables", json.of_bool v.has_meta_var),
    ("sorry", json.of_bool (has_sorry v)),
    ("itself", json.of_bool (visited.contains decl)),
    ("axioms", names f.assumed),
    ("foreign", names ((f.assumed.filter (λ n, bnot (before.contains n))) ++ new_axioms before env)),
    ("sorries", names f.sorries),
    ("untrusted", names f.untrusted)])

end dsp_lsp

/-- The hole as an interactive tactic, so that it parses as one in front of `;` and `<|>`. -/
meta def tactic.interactive.dsp_lsp_hole (dir : string) : tactic unit := dsp_lsp.hole dir

/-- `dsp_lsp_audit n { t }` runs `t` in place; see `dsp_lsp.audit`. -/
meta def tactic.interactive.dsp_lsp_audit (nonce : interactive.parse small_nat)
  (t : interactive.parse lean.parser.itactic) : tactic unit :=
dsp_lsp.audit ("dsp-lsp-audit " ++ to_string nonce ++ " ") t
