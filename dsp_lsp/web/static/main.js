// The page: the text box on one side, the search on the other, and the way between them.

import { Abbreviations } from "./abbreviations.js";
import { $, counted, el } from "./dom.js";
import { Editor } from "./editor.js";
import { announcement, Outcome, title } from "./outcome.js";
import * as searches from "./searches.js";

const DRAFT = "dsp-lsp draft";
const BUDGET = "dsp-lsp budget";

const editor = new Editor($("text"), $("painted"), $("symbols"), changed);
const outcome = new Outcome($("outcome"), {
  stop,
  again: (search) => {
    editor.text = search.given;
    prove(true);
  },
  goTo: (line, column) => editor.goTo(line, column),
  isMine: searches.isMine,
});
let current; // the id of the search that is shown
let phase = "";
let deaf = () => {};
let most = Infinity;

function changed() {
  $("mistake").textContent = "";
  editor.area.setCustomValidity(
    [...editor.text].length > most ? `At most ${counted(most, "character")}.` : "",
  );
  store(DRAFT, editor.text);
}

function store(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // A private window may keep nothing.
  }
}

function stored(name) {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

// -- searching ------------------------------------------------------------------------------------

async function prove(fresh) {
  const text = editor.text;
  $("prove").disabled = true;
  editor.unmark();
  try {
    const search = await searches.start(text, Number($("budget").value), fresh);
    history.pushState({}, "", `/r/${search.id}`);
    follow(search);
    intoView();
  } catch (error) {
    deaf();
    current = undefined;
    outcome.refuse(error, text);
    mistaken(error);
    announce(`Encountered an error: ${error.message}`);
    document.title = "Error – DS-Prover";
    intoView();
  } finally {
    $("prove").disabled = false;
  }
}

/** Shows a search, and what becomes of it. */
function follow(search) {
  deaf();
  current = search.id;
  phase = "";
  show(search);
  if (!search.over) deaf = searches.listen(search.id, show, lost);
}

function show(search) {
  if (search.id !== current) return;
  outcome.show(search);
  document.title = search.over
    ? `${title(search)} – DS-Prover`
    : `${Math.floor(search.progress?.elapsed ?? 0)} / ${Math.round(search.budget)} s – DS-Prover`;
  if (search.phase === phase) return;
  phase = search.phase;
  announce(announcement(search));
  if (search.phase === "failed" && editor.text === search.given) mistaken(search.error);
}

function mistaken(error) {
  if (!error.line) return;
  editor.mark(error.line, error.column ?? 0);
  $("mistake").textContent = `Line ${error.line}: ${error.message}`;
}

/** The stream has ended or is broken: the browser asks again, except where it was refused. */
async function lost(refused) {
  if (!refused) {
    announce("The connection is lost; trying again.");
    return;
  }
  const id = current;
  try {
    const search = await searches.look(id);
    if (id !== current) return;
    show(search);
    if (!search.over) setTimeout(() => id === current && follow(search), 2000);
  } catch (error) {
    if (id === current) outcome.refuse(error, "");
  }
}

async function stop() {
  try {
    await searches.stop(current);
  } catch (error) {
    announce(error.message);
  }
}

function announce(text) {
  $("announcement").textContent = text;
}

/** On a narrow screen the outcome is below what was typed. */
function intoView() {
  const { top } = $("outcome").getBoundingClientRect();
  if (top > innerHeight - 160) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    $("outcome").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }
}

// -- the beginning --------------------------------------------------------------------------------

/** Shows what the address names: a search, or an empty page. */
async function arrive() {
  const id = /^\/r\/([\w-]+)$/.exec(location.pathname)?.[1];
  if (id === current && id !== undefined) return;
  deaf();
  current = undefined;
  if (id === undefined) {
    outcome.hide();
    document.title = "DS-Prover";
    return;
  }
  try {
    const search = await searches.look(id);
    if (!editor.text || searches.isMine(id) === false || stored(DRAFT) === "") editor.text = search.given;
    follow(search);
  } catch (error) {
    outcome.refuse(error, "");
  }
}

async function furnish() {
  const about = await searches.about();
  most = about.characters;
  $("machine").textContent = `${about.checker} · ${about.generator}`;
  $("imports").textContent = about.imports.map((module) => `import ${module}`).join("\n");
  $("imports").hidden = !about.imports.length;
  $("notice").textContent = about.notice;
  $("notice").hidden = !about.notice;
  $("budget").replaceChildren(
    ...about.budgets.map((budget) => el("option", { value: budget }, `${budget} s`)),
  );
  const wanted = stored(BUDGET);
  $("budget").value = about.budgets.some((budget) => String(budget) === wanted)
    ? wanted
    : String(about.budgets.at(-1));
  $("examples").replaceChildren(
    ...about.examples.map(({ title: name, text }) =>
      el(
        "button",
        {
          type: "button",
          onclick: () => {
            editor.text = text.trimEnd();
            editor.area.focus();
            editor.area.setSelectionRange(text.length, text.length);
          },
        },
        name,
      ),
    ),
  );
}

async function learnSymbols() {
  const answer = await fetch("/static/abbreviations.json");
  if (answer.ok) editor.abbreviations = new Abbreviations(await answer.json());
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  prove(false);
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    $("form").requestSubmit($("prove"));
  }
});
$("budget").addEventListener("change", () => store(BUDGET, $("budget").value));
addEventListener("popstate", arrive);
if (!/Mac|iPhone|iPad/.test(navigator.platform)) document.body.classList.add("has-ctrl");

editor.text = stored(DRAFT);
learnSymbols().catch(() => {}); // Typing goes on without it.
furnish().catch((error) => outcome.refuse(error, ""));
arrive();
