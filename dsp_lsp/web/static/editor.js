// The text box: a plain textarea, with its coloured text painted behind it.

import { el } from "./dom.js";
import { offsetOf, paint, wordAt } from "./lean.js";

const OFFERED = 14;

export class Editor {
  /** `symbols` is where names of symbols are offered; `changed` is called after each change. */
  constructor(area, painted, symbols, changed) {
    this.area = area;
    this.painted = painted;
    this.symbols = symbols;
    this.changed = changed;
    this.abbreviations = undefined;
    this.mistake = undefined;
    area.addEventListener("input", (event) => this.typed(event));
    area.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["click", "keyup", "focus"]) area.addEventListener(name, () => this.offer());
    area.addEventListener("blur", () => this.symbols.replaceChildren());
    this.repaint();
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.mistake = undefined;
    this.repaint();
    this.changed();
  }

  /** Underlines what stands at a line and column; the mark goes with the next change. */
  mark(line, column) {
    const start = offsetOf(this.text, line, column);
    this.mistake = { ...wordAt(this.text, start), name: "mistake" };
    this.repaint();
  }

  unmark() {
    this.mistake = undefined;
    this.repaint();
  }

  /** Puts the cursor at a line and column. */
  goTo(line, column) {
    const at = offsetOf(this.text, line, column);
    this.area.focus();
    this.area.setSelectionRange(at, at);
  }

  repaint() {
    paint(this.painted, this.text, this.mistake ? [this.mistake] : []);
    this.painted.append("\n"); // a last line that is empty has its height, too
  }

  typed(event) {
    this.mistake = undefined;
    const typing = event.inputType === "insertText" || event.inputType === "insertLineBreak" || event.inputType === "insertCompositionText";
    if (typing && !event.isComposing && this.abbreviations !== undefined) {
      const caret = this.area.selectionStart;
      const found = this.abbreviations.after(this.text, caret);
      if (found !== undefined) this.replace(found.start, found.end, found.symbol, caret - found.end);
    }
    this.repaint();
    this.offer();
    this.changed();
  }

  key(event) {
    if (event.key === "Tab" && !event.shiftKey && this.abbreviations !== undefined) {
      const caret = this.area.selectionStart;
      const now = this.abbreviations.pending(this.text, caret);
      const symbol = now && this.abbreviations.symbol(now.typed);
      if (symbol !== undefined) {
        event.preventDefault(); // else Tab leaves the box, as it does everywhere
        this.replace(now.start, caret, symbol, 0);
      }
    } else if (event.key === "Escape") {
      this.symbols.replaceChildren();
    }
  }

  /** Replaces a range as if it was typed, so that it can be undone; the cursor goes `beyond` it. */
  replace(start, end, symbol, beyond) {
    const cursor = symbol.indexOf("$CURSOR");
    const text = symbol.replace("$CURSOR", "");
    this.area.focus();
    this.area.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, start, end, "end");
    }
    const at = start + (cursor < 0 ? text.length + beyond : cursor);
    this.area.setSelectionRange(at, at);
    this.repaint();
    this.offer();
    this.changed();
  }

  /** Shows the symbols whose names begin as what is typed. */
  offer() {
    const caret = this.area.selectionStart;
    const here = caret === this.area.selectionEnd && document.activeElement === this.area;
    const now = here ? this.abbreviations?.pending(this.text, caret) : undefined;
    const names = now ? this.abbreviations.matching(now.typed).slice(0, OFFERED) : [];
    this.symbols.replaceChildren(
      ...names.map((name) => {
        const symbol = this.abbreviations.table[name];
        return el(
          "button",
          {
            type: "button",
            tabindex: "-1",
            // Before the box loses the focus, and with it the cursor.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => this.replace(now.start, caret, symbol, 0),
          },
          el("span", { class: "symbol" }, symbol.replace("$CURSOR", "")),
          `\\${name}`,
        );
      }),
    );
  }
}
