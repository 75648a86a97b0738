/-
The Lean side of statements: which theorems the imported modules have, each of them as a goal that
its own name closes, and the steps of its proof.

Imports nothing but the core library, so that it can stand in front of any module.
-/
open native tactic lean lean.parser interactive interaction_monad.result

namespace dsp_lsp

/-! ### Which theorems there are -/

/-- What Lean makes by itself for the declaration of a type. -/
meta def parts_of_types : list string :=
["inj", "inj_eq", "inj_arrow", "sizeof_spec", "rec", "rec_on", "cases_on", "drec", "drec_on",
  "dcases_on", "brec_on", "binduction_on", "below", "ibelow", "no_confusion", "no_confusion_type"]

/-- Whether nobody wrote this declaration, or nobody else can name it. -/
meta def is_made (env : environment) (n : name) : bool :=
n.is_internal || match n with
| (name.mk_string s p) :=
  to_bool (s ∈ parts_of_types) && (env.is_inductive p || env.is_constructor p)
| _ := tt
end

meta def place_of (n : name) (p : pos) : json :=
json.array [json.of_string (to_string n), json.of_int p.line, json.of_int p.column]

/-- Traces the theorems of these files, whose paths colons separate, with their places; but not
instances and what is made. -/
meta def theorems (files : string) : tactic unit := do
  env ← get_env,
  let wanted := (files.split (= ':')).foldl rb_set.insert (mk_rb_set : rb_set string),
  let found := env.fold [] (λ d ds, match d with
    | (declaration.thm n _ _ _) := match env.decl_olean n, env.decl_pos n with
      | some file, some p :=
        if wanted.contains file && bnot (is_made env n) then (file, n, p) :: ds else ds
      | _, _ := ds
      end
    | _ := ds
    end),
  let add : rb_map string (list json) → string × name × pos → tactic (rb_map string (list json)) :=
    λ files t, (has_attribute `instance t.2.1 >> pure files) <|>
      pure (files.insert t.1 (place_of t.2.1 t.2.2 :: (files.find t.1).get_or_else [])),
  files ← found.mfoldl add (rb_map.mk string (list json)),
  trace $ "dsp-lsp-theorems " ++
    json.unparse (json.array (files.to_list.map (λ f, json.array (json.of_string f.1 :: f.2))))

/-! ### A theorem as a goal -/

meta def argument_names : expr → list name
| (expr.pi n _ _ b) := n :: argument_names b
| _ := []

/-- Whether a person could write this name of an argument. -/
meta def is_usable : name → bool
| (name.mk_string s name.anonymous) := match s.to_list with
  | ('_' :: _) := ff
  | ('ᾰ' :: _) := ff
  | _ := tt
  end
| _ := ff

meta def fresh (taken : list name) (n : name) : ℕ → name
| i := if to_bool (n.append_after i ∈ taken) then fresh (i + 1) else n.append_after i

/-- A name as a person would give to an argument of type `d`. -/
meta def name_for (taken : list name) (d : expr) : tactic name := do
  p ← is_prop d,
  let n := match d with
    | (expr.sort _) := `α
    | (expr.pi _ _ _ _) := if p then `h else `f
    | _ := if p then `h else `x
    end,
  pure (if to_bool (n ∈ taken) then fresh taken n 1 else n)

/-- How an argument of type `d` is handed on: as it is, also where its own arguments are implicit. -/
meta def mention (n : name) (d : expr) : string := match d with
| (expr.pi _ binder_info.implicit _ _) := "@" ++ to_string n
| (expr.pi _ binder_info.inst_implicit _ _) := "@" ++ to_string n
| _ := to_string n
end

/-- Introduces all arguments and returns the explicit ones as they are written. An argument gets
another name where its own cannot be written, or a later one has the same. -/
meta def introduce : list name → tactic (list string)
| taken := do
  t ← target,
  match t with
  | (expr.pi n binder d _) := do
    let later := taken.tail,
    let explicit := to_bool (binder = binder_info.default),
    n ← if binder = binder_info.inst_implicit then pure n
      else if bnot (is_usable n) then name_for taken d
      else if explicit && to_bool (n ∈ later) then pure (fresh taken n 1)
      else pure n,
    intro_core n,
    ns ← introduce (later ++ [n]),
    pure (if explicit then mention n d :: ns else ns)
  | _ := pure []
  end

/-! ### Its name as the tactic -/

/-- What `p` reads from the whole of a text, in which the hypotheses can be named. -/
meta def read_whole {α : Type} (p : lean.parser α) (s : string) : tactic α := do
  ls ← local_context,
  (a, rest) ← lean.parser.run (with_input (ls.mmap' add_local >> p) s),
  if rest.to_list.all (λ c, to_bool c.is_whitespace) then pure a
  else fail "unexpected text after the tactic"

/-- Runs the tactic `exact e` or `refine e` that `s` denotes, with nothing behind it, in the scopes
that are open. It is read by what these themselves read with. A block of tactics would have to be
compiled first, which takes several times as long as all the rest. -/
meta def run_text (s : string) : tactic unit := do
  (head, e) ← read_whole (prod.mk <$> ident <*> types.texpr) s,
  guard (head = `exact ∨ head = `refine),
  if head = `exact then tactic.interactive.exact e else tactic.interactive.refine e

meta def named (s : string) : name :=
(s.split (= '.')).foldl (λ n part, name.mk_string part n) name.anonymous

meta def state_text : tactic string := λ ts, success (tactic_state.to_format ts).to_string ts

/-- What came of a theorem: its state and tactic, or why there are none. -/
meta def statement (most : ℕ) (s : string) : tactic (list string) := do
  env ← get_env,
  d ← env.get (named s),
  g ← mk_meta_var d.type,
  set_goals [g],
  ns ← introduce (argument_names d.type),
  unfreeze_local_instances,
  freeze_local_instances,
  state ← state_text,
  if state.length > most then fail "the state is too long" else do
  let text := ns.foldl (λ text n, text ++ " " ++ n) ("exact " ++ s),
  run_text text,
  done,
  v ← instantiate_mvars g,
  when v.has_meta_var $ fail "the proof has metavariables",
  pure [state, text]

/-! ### The steps of its proof -/

/-- What tactics leave in proofs and people do not write. -/
meta def is_artefact (n : name) : bool :=
n.is_internal || to_bool (n ∈ [`eq.mpr, `eq.mp, `id, `id_rhs, `id_delta, `cast, `propext,
  `of_eq_true, `eq_self_iff_true, `absurd_of_ne, `trans_rel_left, `trans_rel_right, `auto_param,
  `opt_param]) ||
match n with
| (name.mk_string s _) := to_bool (s ∈ parts_of_types)
| _ := tt
end

/-- A term as Lean prints it, in one line; none if that has more than `most` characters. -/
meta def written (most : ℕ) (e : expr) : tactic (option string) := do
  f ← pp e,
  let words := f.to_string.split (λ c, to_bool c.is_whitespace),
  let s := string.intercalate " " (words.filter (λ w, w ≠ "")),
  pure (if s.length ≤ most then some s else none)

/-- Fails where the text of a proposition does not denote `d`. -/
meta def denotes (s : string) (d : expr) : tactic unit := do
  e ← read_whole types.texpr s,
  p ← to_expr ``((%%e : Prop)),
  is_def_eq p d

meta def bracketed (s : string) : string :=
if s.to_list.any (λ c, to_bool (c = ' ')) then "(" ++ s ++ ")" else s

/-- The explicit ones of the arguments `as` of a function of type `t`. -/
meta def explicit_of : expr → list expr → tactic (list expr)
| _ [] := pure []
| t (a :: as) := do
  t ← if t.is_pi then pure t else whnf t,
  match t with
  | (expr.pi _ binder _ b) := do
    found ← explicit_of (b.instantiate_var a) as,
    pure (if binder = binder_info.default then a :: found else found)
  | _ := fail "no function"
  end

/-- How an argument is written in a step, and whether it is a goal of its own. -/
meta def argument (a : expr) : tactic (string × bool) := do
  p ← is_proof a,
  match a with
  | (expr.local_const _ n _ _) := do { t ← infer_type a, pure (mention n t, ff) }
  | (expr.const n _) := if is_artefact n then pure ("_", p) else pure (to_string n, ff)
  | _ := if p then pure ("_", tt) else do
    s ← written 40 a,
    pure (match s with some s := bracketed s | none := "_" end, ff)
  end

/-- The arguments of `f as` that are goals, and the tactic that leaves them. -/
meta def head_of (env : environment) (f : expr) (as : list expr) :
  tactic (list expr × string) := do
  t ← infer_type f,
  es ← explicit_of t as,
  ws ← es.mmap argument,
  let goals := ((es.zip ws).filter (λ x : expr × string × bool, x.2.2 = tt)).map prod.fst,
  let texts := ws.map prod.fst,
  let pair : bool := match f with
    | (expr.const n _) := env.is_constructor n &&
        to_bool ((env.constructors_of n.get_prefix).length = 1) && to_bool (1 < es.length)
    | _ := ff
    end,
  let head : string := match f with
    | (expr.const n _) := to_string n
    | (expr.local_const _ n _ _) := to_string n
    | _ := ""
    end,
  let body := if pair then "⟨" ++ string.intercalate ", " texts ++ "⟩"
    else string.intercalate " " (head :: texts),
  pure (goals, (if goals.empty then "exact " else "refine ") ++ body)

/-- Runs a step and says which goals it leaves, one for each of `subs`. -/
meta def run_step (text : string) (subs : list expr) : tactic (list expr) := do
  run_text text,
  gs ← get_goals,
  guard (gs.length = subs.length),
  (gs.zip subs).mmap (λ x, do
    t ← infer_type x.1,
    s ← infer_type x.2,
    is_def_eq t s,
    set_goals [x.1],
    instantiate_mvars t >>= mk_meta_var)

/-- Introduces the arguments of a function, under names that can be written. -/
meta def introduced : expr → tactic (list string × expr)
| (expr.lam n _ d b) := do
  ls ← local_context,
  let taken := ls.map expr.local_pp_name,
  n ← if is_usable n then pure (if to_bool (n ∈ taken) then fresh taken n 1 else n)
    else name_for taken d,
  x ← intro_core n,
  (ns, e) ← introduced (b.instantiate_var x),
  pure (to_string n :: ns, e)
| e := pure ([], e)

/-- What a step is: tactics for the goal, and the goals behind it with the terms that close them. -/
meta def step := list string × list (expr × expr)

/-- `intros`. -/
meta def step_of_function (e : expr) : tactic step := do
  (ns, b) ← introduced e,
  g :: _ ← get_goals,
  pure ([string.intercalate " " ("intros" :: ns)], [(g, b)])

/-- `have n : d`, for the proof `v` of `d`, and the term `b` that uses it. -/
meta def step_of_have (n : name) (d v b : expr) : tactic step := do
  is_prop d >>= guardb,
  g :: _ ← get_goals,
  ls ← local_context,
  let taken := ls.map expr.local_pp_name,
  n ← if is_usable n && to_bool (n ∉ taken) then pure n else name_for taken d,
  text ← written 120 d,
  texts ← match text with
    | some s := (denotes s d >> pure ["have " ++ to_string n ++ " : " ++ s]) <|> pure []
    | none := pure []
    end,
  first ← mk_meta_var d,
  set_goals [g],
  x ← note n (some d) v,
  second :: _ ← get_goals,
  pure (texts, [(first, v), (second, b.instantiate_var x)])

/-- `refine` or `exact` with the head of the application `e`; and `exact e`, where that is short. -/
meta def step_of_application (env : environment) (e : expr) : tactic step := do
  guardb (match e.get_app_fn with
    | (expr.const n _) := bnot (is_artefact n)
    | (expr.local_const _ _ _ _) := tt
    | _ := ff
    end),
  g :: _ ← get_goals,
  t ← infer_type g,
  (subs, text) ← head_of env e.get_app_fn e.get_app_args,
  whole ← written 100 e,
  texts ← match whole with
    | some s := if subs.empty then pure [] else (do
      goal ← mk_meta_var t,
      set_goals [goal],
      run_text ("exact " ++ s),
      done,
      pure ["exact " ++ s]) <|> pure []
    | none := pure []
    end,
  set_goals [g],
  (left, texts) ← (do
    goal ← mk_meta_var t,
    set_goals [goal],
    left ← run_step text subs,
    pure (left, text :: texts)) <|> (do
    set_goals [g],
    left ← subs.mmap (λ s, infer_type s >>= head_beta >>= mk_meta_var),
    pure (left, texts)),
  pure (texts, left.zip subs)

/-- The steps by which the term `e` closes the goal `g`: states and tactics, at most so deep. -/
meta def steps_of (env : environment) (most : ℕ) : ℕ → expr → expr → tactic (list string)
| 0 _ _ := pure []
| (depth + 1) g e := (do
  set_goals [g],
  state ← state_text,
  (texts, rest) ← match e with
    | (expr.lam _ _ _ _) := step_of_function e
    | (expr.app (expr.lam n _ d b) v) := step_of_have n d v b
    | _ := step_of_application env e
    end,
  let own := if state.length > most then [] else texts.map (λ text, [state, text]),
  found ← rest.mmap (λ x, steps_of depth x.1 x.2),
  pure (own ++ found).join) <|> pure []

/-- A function of these arguments; only its own λs are reduced. -/
meta def applied : expr → list expr → expr
| (expr.lam _ _ _ b) (x :: xs) := applied (b.instantiate_var x) xs
| e xs := e.mk_app xs

/-- The states and tactics of a theorem's proof. -/
meta def proof_steps (most : ℕ) (s : string) : tactic (list string) := do
  env ← get_env,
  d ← env.get (named s),
  match d with
  | (declaration.thm _ _ type value) := do
    g ← mk_meta_var type,
    set_goals [g],
    introduce (argument_names type),
    unfreeze_local_instances,
    freeze_local_instances,
    ls ← local_context,
    g :: _ ← get_goals,
    steps_of env most 12 g (applied (env.unfold_all_macros value.get) ls)
  | _ := pure []
  end

/-! ### Questions -/

/-- Traces what came of asking for the theorems `names`, which blanks separate. A theorem that takes
more than `heartbeats`, in Lean's thousands, has failed. States have at most `most` characters. -/
meta def asked (mark : string) (ask : ℕ → string → tactic (list string))
  (heartbeats most : ℕ) (names : string) : tactic unit := λ ts,
let one : string → json := λ s, json.array $ json.of_string s ::
  match _root_.try_for heartbeats (match ask most s ts with
    | (success r _) := r.map json.of_string
    | (exception (some f) _ _) := [json.of_string (f ()).to_string]
    | (exception none _ _) := [json.of_string "failed"]
    end) with
  | some r := r
  | none := [json.of_string "it took too long"]
  end in
trace (mark ++
  json.unparse (json.array ((names.split (= ' ')).map one))) ts

meta def statements := asked "dsp-lsp-statements " statement

meta def steps := asked "dsp-lsp-steps " proof_steps

end dsp_lsp
