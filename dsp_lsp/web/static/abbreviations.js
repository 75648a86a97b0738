// Symbols by their names, as Lean's editors have it: a backslash, a name, and a blank or Tab.

/** The table: a name without its backslash to a symbol; `$CURSOR` is where typing goes on. */
export class Abbreviations {
  constructor(table) {
    this.table = table;
    this.names = Object.keys(table).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  }

  /** The names that begin so, the shortest first. */
  matching(typed) {
    return this.names.filter((name) => name.startsWith(typed));
  }

  /** What a name that is complete stands for: its own symbol, or that of the shortest longer one. */
  symbol(typed) {
    const name = Object.hasOwn(this.table, typed) ? typed : this.matching(typed)[0];
    return typed && name !== undefined ? this.table[name] : undefined;
  }

  /** The name that is being typed before `caret`: where its backslash stands, and the name. */
  pending(text, caret) {
    const start = text.lastIndexOf("\\", caret - 1);
    if (start < 0 || caret < 1) return undefined;
    // Of two backslashes the first begins the name of the sign itself.
    const begin = text[start - 1] === "\\" && !/\S\\$/.test(text.slice(0, start - 1)) ? start - 1 : start;
    const typed = text.slice(begin + 1, caret);
    return /\s/.test(typed) ? undefined : { start: begin, typed };
  }

  /**
   * What is to be replaced after a letter was typed before `caret`: `{start, end, symbol}`, or
   * undefined. A name that can only mean one symbol is replaced at once; one that has ended, by a
   * blank or by a letter that does not go on with it, in front of that.
   */
  after(text, caret) {
    const now = this.pending(text, caret);
    if (now !== undefined) {
      const matching = this.matching(now.typed);
      if (matching.length === 1 && matching[0] === now.typed) {
        return { start: now.start, end: caret, symbol: this.table[now.typed] };
      }
      if (matching.length && now.typed) return undefined;
    }
    const before = this.pending(text, caret - 1);
    const symbol = before && this.symbol(before.typed);
    return symbol === undefined
      ? undefined
      : { start: before.start, end: caret - 1, symbol };
  }
}
