// Lean 3 text as tokens with a class each, for colours alone: Lean's own reading decides.

const words = (text) => new Set(text.trim().split(/\s+/));

const COMMANDS = words(`
  theorem lemma def definition example instance abbreviation structure class inductive axiom axioms
  constant constants variable variables parameter parameters universe universes open open_locale
  namespace section end include omit export attribute notation infix infixl infixr prefix postfix
  precedence set_option import private protected noncomputable local mutual theory extends deriving
`);
const KEYWORDS = words(`
  begin by calc from have show suffices assume let in fun match with if then else do at using
  sorry admit forall exists Pi
`);
const SORTS = words("Type Prop Sort ℕ ℤ ℚ ℝ ℂ nat int rat real complex bool true false");
const TACTICS = words(`
  abel apply apply_instance assumption by_cases by_contra by_contradiction cases cases' cc change
  clear congr constructor contradiction contrapose conv convert dec_trivial dsimp erw exact exfalso
  existsi ext field_simp finish fin_cases funext generalize group induction injection intro intros
  left library_search linarith nlinarith norm_cast norm_num obtain omega positivity push_cast
  push_neg rcases refine refl rename replace rewrite right ring ring_nf rintro rintros rw rwa simp
  simp_rw simpa skip solve_by_elim specialize split split_ifs squeeze_simp subst symmetry tauto
  tidy transitivity trivial triv unfold use
`);
const BRACKETS = /^[()[\]{}⟨⟩⦃⦄,;.:|@]$/;
const LETTER = /[\p{L}_]/u;
const REST = /[\p{L}\p{N}_'₀-₉ₐ-ₜ]/u;
const NAMING = words("theorem lemma def definition abbreviation structure class inductive axiom constant");

/**
 * Yields `[class, text]` for all of the text, in order; the class is empty for blanks and for what
 * has no colour.
 */
export function* tokens(text) {
  let at = 0;
  let naming = false;
  let block = 0; // how deep in tactic blocks, about
  while (at < text.length) {
    const start = at;
    const two = text.slice(at, at + 2);
    const first = String.fromCodePoint(text.codePointAt(at));
    if (/\s/.test(first)) {
      while (at < text.length && /\s/.test(text[at])) at += 1;
      yield ["", text.slice(start, at)];
    } else if (two === "--") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
      yield ["comment", text.slice(start, at)];
    } else if (two === "/-") {
      at = commentEnd(text, at);
      yield ["comment", text.slice(start, at)];
    } else if (first === '"') {
      const found = /^"(?:[^"\\]|\\.)*"?/s.exec(text.slice(at));
      at += found[0].length;
      yield ["string", found[0]];
    } else if (/\d/.test(first)) {
      while (at < text.length && /[\d.]/.test(text[at]) && !(text[at] === "." && !/\d/.test(text[at + 1] ?? ""))) at += 1;
      yield ["number", text.slice(start, at)];
    } else if (LETTER.test(first) && !/[λΠΣ]/.test(first)) {
      at = nameEnd(text, at);
      const word = text.slice(start, at);
      if (naming) {
        naming = false;
        yield ["name", word];
        continue;
      }
      naming = NAMING.has(word);
      if (word === "begin" || word === "by") block += 1;
      if (COMMANDS.has(word)) yield [word === "end" && block ? "keyword" : "command", word];
      else if (KEYWORDS.has(word)) yield [word === "sorry" || word === "admit" ? "open" : "keyword", word];
      else if (SORTS.has(word)) yield ["sort", word];
      else if (block && TACTICS.has(word)) yield ["tactic", word];
      else yield ["", word];
      if (word === "end") block = Math.max(0, block - 1);
    } else {
      at += first.length;
      if (text.startsWith(":=", start)) at = start + 2;
      naming = false;
      yield [BRACKETS.test(text.slice(start, at)) ? "bracket" : "sign", text.slice(start, at)];
    }
  }
}

function nameEnd(text, start) {
  let at = start;
  for (;;) {
    while (at < text.length) {
      const letter = String.fromCodePoint(text.codePointAt(at));
      if (!REST.test(letter)) break;
      at += letter.length;
    }
    if (text[at] !== "." || !LETTER.test(text[at + 1] ?? "")) return at;
    at += 1;
  }
}

function commentEnd(text, start) {
  let depth = 1;
  let at = start + 2;
  while (depth && at < text.length) {
    const two = text.slice(at, at + 2);
    if (two === "/-") depth += 1;
    if (two === "-/") depth -= 1;
    at += two === "/-" || two === "-/" ? 2 : 1;
  }
  return at;
}

/** The UTF-16 offset of a line (from 1) and a column (from 0, in code points). */
export function offsetOf(text, line, column) {
  let start = 0;
  for (let number = 1; number < line; number += 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  const letters = [...text.slice(start, end < 0 ? text.length : end)];
  return start + letters.slice(0, column).join("").length;
}

/** The range of the word or sign at an offset; at the end of a line, of the letter before it. */
export function wordAt(text, at) {
  const found = /^(?:[\p{L}\p{N}_.'₀-₉]+|\S)/u.exec(text.slice(at));
  return found ? { start: at, end: at + found[0].length } : { start: Math.max(0, at - 1), end: at };
}

/**
 * Replaces what `target` shows by the coloured text. `marks` are ranges `{start, end, name}` of
 * UTF-16 offsets that get the class `name` besides.
 */
export function paint(target, text, marks = []) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const [kind, piece] of tokens(text)) {
    let rest = piece;
    while (rest) {
      const mark = marks.find(({ start, end }) => start <= at && at < end);
      const edge = mark
        ? mark.end
        : Math.min(...marks.filter(({ start }) => start > at).map(({ start }) => start), Infinity);
      const part = rest.slice(0, Math.min(rest.length, edge - at));
      const name = [kind && `t-${kind}`, mark?.name].filter(Boolean).join(" ");
      if (name) {
        const span = document.createElement("span");
        span.className = name;
        span.textContent = part;
        fragment.append(span);
      } else {
        fragment.append(part);
      }
      at += part.length;
      rest = rest.slice(part.length);
    }
  }
  target.replaceChildren(fragment);
}
