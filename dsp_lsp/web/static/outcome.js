// How a search goes and what came of it.

import { copy, counted, el, seconds } from "./dom.js";
import { offsetOf, paint, wordAt } from "./lean.js";
import { tree } from "./searches.js";

const TREE_PAUSE = 3000;
const WIDEST = 1000;

/** The heading: what the paper's page says, and its like for what else can happen. */
export function title(search) {
  const { progress } = search;
  const clock = `${Math.floor(progress?.elapsed ?? 0)} / ${Math.round(search.budget)} seconds`;
  switch (search.phase) {
    case "queued":
      return "Waiting in Line";
    case "opening":
      return "Reading Your Text";
    case "searching":
      return `Proving theorem ${clock}`;
    case "verifying":
      return `Checking a proof ${clock}`;
    case "proved":
      return "Found a Proof!";
    case "stopped":
      return "Search Stopped";
    case "failed":
      return "Encountered an Error!";
    default:
      return /budget/.test(search.message) ? "Search Timed Out!" : "Nothing Left to Try";
  }
}

/** What a screen reader is told when the phase changes. */
export function announcement(search) {
  switch (search.phase) {
    case "queued":
      return `${ordinal(search.turn)} in line.`;
    case "searching":
      return `Proving ${search.name}.`;
    case "proved":
      return `Found a proof in ${seconds(search.result.elapsed)} seconds.`;
    case "failed":
      return `Encountered an error: ${search.error.message}`;
    default:
      return `${title(search)}.`;
  }
}

function ordinal(number) {
  const tens = number % 100;
  const ending = tens >= 10 && tens <= 20 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th";
  return `${number}${ending}`;
}

/** Lean text in its colours. */
function code(text, marks, label) {
  const block = el("pre", { class: "lean", tabindex: "0", "aria-label": label });
  paint(block, text, marks);
  return block;
}

function figures(pairs) {
  return el(
    "dl",
    { class: "figures" },
    pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function copyButton(label, text) {
  const button = el("button", {
    type: "button",
    onclick: async () => {
      const done = await copy(text);
      button.textContent = done ? "Copied" : "Not copied";
      setTimeout(() => button.replaceChildren(label), 1600);
    },
  }, label);
  return button;
}

const linkButton = (search) => copyButton("Copy link", `${location.origin}/r/${search.id}`);

/** A picture that is hardly wider than its place is made to fit; others are scrolled. */
function fit({ target }) {
  target.classList.toggle("fits", target.naturalWidth <= WIDEST);
}

/** The panel of a search. It is built anew when the phase changes; figures are changed in place. */
export class Outcome {
  /**
   * `stop` ends the search, which `isMine` allows; `again` searches anew; `goTo` shows a line and
   * column of the text.
   */
  constructor(panel, { stop, again, goTo, isMine }) {
    Object.assign(this, { panel, stop, again, goTo, isMine });
    this.phase = "";
    this.id = "";
  }

  show(search) {
    const live = search.phase === "searching" || search.phase === "verifying";
    const phase = live ? "live" : search.phase;
    this.search = search;
    if (phase !== this.phase || search.id !== this.id) {
      const focused = this.panel.contains(document.activeElement);
      this.phase = phase;
      this.id = search.id;
      clearTimeout(this.timer);
      this.panel.hidden = false;
      this.panel.dataset.phase = phase;
      this.heading = el("h2", { tabindex: "-1" });
      this.panel.replaceChildren(this.heading, ...this.build(phase, search));
      if (focused) this.heading.focus(); // what had the focus is gone
    }
    this.heading.textContent = title(search);
    this.update?.(search);
  }

  /** What was refused before there was a search. */
  refuse(error, text) {
    this.phase = "refused";
    this.update = undefined;
    clearTimeout(this.timer);
    this.panel.hidden = false;
    this.panel.dataset.phase = "failed";
    this.heading = el("h2", { tabindex: "-1" }, "Encountered an Error!");
    this.panel.replaceChildren(this.heading, ...this.mistake(error, text));
  }

  hide() {
    this.phase = "";
    clearTimeout(this.timer);
    this.panel.hidden = true;
    this.panel.replaceChildren();
  }

  build(phase, search) {
    this.update = undefined;
    switch (phase) {
      case "queued":
        return this.inLine(search);
      case "opening":
      case "live":
        return this.live(search, phase);
      case "proved":
        return this.proved(search);
      case "failed":
        return this.mistake(search.error, search.text, linkButton(search));
      default:
        return this.notFound(search);
    }
  }

  stopButton() {
    const button = el("button", { type: "button", class: "stop", onclick: () => this.stop() }, "Stop");
    // Not disabled while it stops: what has the focus would lose it.
    this.stopping = (now) => {
      button.setAttribute("aria-disabled", String(now));
      button.textContent = now ? "Stopping …" : "Stop";
    };
    button.hidden = !this.isMine(this.search.id);
    return button;
  }

  links(search) {
    return el("p", { class: "controls" }, this.againButton(search), linkButton(search));
  }

  /** For a result that is from the cache. */
  againButton(search) {
    if (!search.result?.cached) return null;
    return el("button", { type: "button", onclick: () => this.again(search) }, "Search anew");
  }

  inLine(search) {
    const place = el("p", {});
    this.update = ({ turn, stopping }) => {
      place.textContent = turn === 1 ? "You are next." : `You are ${ordinal(turn)} in line.`;
      this.stopping(stopping);
    };
    return [
      place,
      el("progress", { "aria-label": "Waiting" }),
      el("p", { class: "controls" }, this.stopButton(), linkButton(search)),
    ];
  }

  live(search, phase) {
    const bar = el("progress", { "aria-label": "Time used" });
    const numbers = el("div");
    const goal = el("div", { class: "goal" });
    const source = el("p", { class: "faint" });
    const picture = this.growing();
    let shown = "";
    this.update = (now) => {
      const { progress } = now;
      this.stopping(now.stopping);
      if (phase === "opening" || !progress) return;
      bar.max = now.budget;
      bar.value = Math.min(progress.elapsed, now.budget);
      numbers.replaceChildren(
        figures([
          ["n", progress.n],
          ["Expansions", progress.expansions],
          ["Nodes", `${progress.nodes} (${progress.open} open)`],
          ["Depth", progress.depth],
          ["Tactics tried", progress.tried],
          ["Per second", progress.per_second.toFixed(1)],
        ]),
      );
      source.textContent = [progress.generator, progress.device].filter(Boolean).join(" on ");
      if (progress.goal !== shown) {
        shown = progress.goal;
        goal.replaceChildren(
          ...(shown ? [el("h3", {}, "Best open goal"), code(shown, [], "Best open goal")] : []),
        );
      }
    };
    return [
      bar,
      numbers,
      goal,
      source,
      phase === "live" ? picture : null,
      el("p", { class: "controls" }, this.stopButton(), linkButton(search)),
    ].filter(Boolean);
  }

  proved(search) {
    const { result } = search;
    const { proof, verdict } = result;
    const offset = (place) => [...proof.text].slice(0, place).join("").length;
    const [from, end] = [offset(proof.start), offset(proof.end)];
    const start = from + /^\s*/.exec(proof.text.slice(from, end))[0].length;
    const marks = [{ start, end, name: "proof" }];
    const took = `${seconds(result.elapsed)} s`;
    const s = result.statistics;
    const effort = `${counted(s.expansions, "expansion")} and ${counted(s.tried, "tactic")}`;
    const facts = [
      result.cached ?? `Found in ${took}, with ${effort} tried.`,
      `Checked by ${verdict.checker} in ${seconds(verdict.seconds)} s; ${
        verdict.axioms.length ? `axioms: ${verdict.axioms.join(", ")}` : "it uses no axioms"
      }.`,
    ];
    return [
      code(proof.text.trim(), marks, "Statement and proof"),
      el(
        "p",
        { class: "controls" },
        copyButton("Copy", (search.header ? `${search.header}\n` : "") + proof.text.trim() + "\n"),
        copyButton("Copy proof", proof.text.slice(start, end).trim()),
        this.againButton(search),
        linkButton(search),
      ),
      verdict.message ? el("p", { class: "notice" }, `The theorem is proved; ${verdict.message}`) : null,
      verdict.sorries.length
        ? el("p", { class: "notice" }, `It depends on sorry via ${verdict.sorries.join(", ")}.`)
        : null,
      ...this.notes(search),
      el("ul", { class: "facts" }, facts.map((fact) => el("li", {}, fact))),
      this.stated(result.goal),
      this.tree(search, true),
    ].filter(Boolean);
  }

  notFound(search) {
    const { result } = search;
    if (result === null) return [el("p", {}, search.message), this.links(search)];
    const s = result.statistics;
    if (result.cached) {
      return [
        el("p", {}, result.cached),
        ...this.notes(search),
        this.stated(result.goal),
        this.links(search),
      ].filter(Boolean);
    }
    const depths = s.nodes_per_depth.length > 1 ? this.depths(s.nodes_per_depth) : null;
    return [
      el("p", {}, `No proof was found in ${seconds(result.elapsed)} s: ${search.message} ${search.remedy}`),
      ...this.notes(search),
      el("h3", {}, "What was tried"),
      figures([
        ["Tactics", s.tried],
        ["Succeeded", s.succeeded],
        ["Failed", s.failed],
        ["Timed out", s.timed_out],
        ["Expansions", s.expansions],
        ["Nodes", `${s.nodes} (${s.open_nodes} open)`],
      ]),
      depths,
      this.stated(result.goal),
      this.tree(search, true),
      this.links(search),
    ].filter(Boolean);
  }

  /** How many nodes there are at each depth, as bars. */
  depths(counts) {
    const most = Math.max(...counts);
    return el(
      "details",
      {},
      el("summary", {}, "Nodes at each depth"),
      el(
        "ol",
        { class: "depths", start: "0" },
        counts.map((count) => el("li", {}, el("meter", { max: most, value: count }), ` ${count}`)),
      ),
    );
  }

  notes(search) {
    const notes = [...(search.result?.notes ?? [])];
    if (search.others.length) {
      const lines = search.others.length === 1 ? "line" : "lines";
      notes.unshift(`The last open place is proved here; those in ${lines} ${search.others.join(", ")} stay open.`);
    }
    return notes.map((note) => el("p", { class: "notice" }, note));
  }

  stated(goal) {
    if (!goal) return null;
    return el(
      "details",
      {},
      el("summary", {}, "The statement as Lean understood it"),
      code(goal, [], "Goal"),
    );
  }

  tree(search, open) {
    if (!search.tree) return null;
    const address = tree(search.id, "last");
    return el(
      "details",
      { open },
      el("summary", {}, "The search tree"),
      el(
        "div",
        { class: "tree", tabindex: "0", role: "group", "aria-label": "The search tree" },
        el("img", { src: address, alt: "The search tree; the same as text is below.", onload: fit }),
      ),
      el("p", {}, el("a", { href: address, target: "_blank", rel: "noopener" }, "Open it alone"), ", where goals show at the pointer."),
      el("details", {}, el("summary", {}, "As text"), el("pre", { class: "lean", tabindex: "0" }, search.tree)),
    );
  }

  /** The tree of a search that goes on: drawn anew every few seconds while it is looked at. */
  growing() {
    const image = el("img", { alt: "The search tree so far", onload: fit });
    const details = el(
      "details",
      { ontoggle: () => draw() },
      el("summary", {}, "The search tree so far"),
      el("div", { class: "tree", tabindex: "0", role: "group", "aria-label": "The search tree so far" }, image),
    );
    const draw = () => {
      clearTimeout(this.timer);
      if (!details.open || this.phase !== "live") return;
      const next = new Image();
      next.addEventListener("load", () => {
        image.src = next.src; // without a flicker
      });
      next.src = tree(this.search.id, Date.now());
      this.timer = setTimeout(draw, TREE_PAUSE);
    };
    return details;
  }

  mistake(error, text, ...buttons) {
    const parts = [el("pre", { class: "message", tabindex: "0", "aria-label": "Message" }, error.message)];
    if (error.line) {
      const lines = text.split("\n");
      const column = error.column ?? 0;
      const line = lines[error.line - 1] ?? "";
      const at = offsetOf(line, 1, column);
      const marks = [{ ...wordAt(line, at), name: "mistake" }];
      parts.push(
        code(line || " ", marks, `Line ${error.line}`),
      );
      buttons.unshift(
        el(
          "button",
          { type: "button", onclick: () => this.goTo(error.line, column) },
          `Go to line ${error.line}, column ${column}`,
        ),
      );
    }
    if (error.remedy) parts.push(el("p", {}, error.remedy));
    if (buttons.length) parts.push(el("p", { class: "controls" }, buttons));
    return parts;
  }
}
