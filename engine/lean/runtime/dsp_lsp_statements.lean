/-
The Lean side of statements: which theorems the imported modules have, and each of them as a goal
that its own name closes.

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

/-- The tactic `exact e` that `s` denotes, with nothing behind it, in the scopes that are open. It is
read by what `exact` itself reads with. A block of tactics would have to be compiled first, which
takes several times as long as all the rest. -/
meta def exact_of (s : string) : tactic (tactic unit) := do
  ls ← local_context,
  let parser := do { head ← ident, guard (head = `exact), ls.mmap' add_local, types.texpr },
  (e, rest) ← lean.parser.run (with_input parser s),
  if rest.to_list.all (λ c, to_bool c.is_whitespace) then pure (tactic.interactive.exact e)
  else fail "unexpected text after the tactic"

meta def named (s : string) : name :=
(s.split (= '.')).foldl (λ n part, name.mk_string part n) name.anonymous

/-- What came of a theorem: its state and tactic, or why there are none. -/
meta def statement (most : ℕ) (s : string) : tactic (list string) := do
  env ← get_env,
  d ← env.get (named s),
  g ← mk_meta_var d.type,
  set_goals [g],
  ns ← introduce (argument_names d.type),
  unfreeze_local_instances,
  freeze_local_instances,
  state ← (λ ts, success (tactic_state.to_format ts).to_string ts : tactic string),
  if state.length > most then fail "the state is too long" else do
  let text := ns.foldl (λ text n, text ++ " " ++ n) ("exact " ++ s),
  t ← exact_of text,
  t,
  done,
  v ← instantiate_mvars g,
  when v.has_meta_var $ fail "the proof has metavariables",
  pure [state, text]

/-- Traces what came of the theorems `names`, which blanks separate. A theorem that takes more than
`heartbeats`, in Lean's thousands, has failed, as has one whose state has more than `most`
characters. -/
meta def statements (heartbeats most : ℕ) (names : string) : tactic unit := λ ts,
let one : string → json := λ s, json.array $ json.of_string s ::
  match _root_.try_for heartbeats (match statement most s ts with
    | (success r _) := r.map json.of_string
    | (exception (some f) _ _) := [json.of_string (f ()).to_string]
    | (exception none _ _) := [json.of_string "failed"]
    end) with
  | some r := r
  | none := [json.of_string "it took too long"]
  end in
trace ("dsp-lsp-statements " ++
  json.unparse (json.array ((names.split (= ' ')).map one))) ts

end dsp_lsp
