// The searches of the server as this window knows them, and how they are shown. No editor here.

import type { Job } from "./protocol";

/** How many searches that are over stay in the list. */
const KEPT = 20;

/** All searches, as the server's messages tell of them. */
export class Searches {
  private readonly known = new Map<string, Job>();

  /** Takes a message: it names all that are under way, and those that ended since the last. */
  take(jobs: readonly Job[]): void {
    for (const job of this.running()) {
      this.known.delete(job.id);
    }
    for (const job of jobs) {
      this.known.delete(job.id);
      this.known.set(job.id, job);
    }
    const over = this.over();
    for (const job of over.slice(KEPT)) {
      this.known.delete(job.id);
    }
  }

  /** The server is gone, and with it what it knew. */
  clear(): void {
    this.known.clear();
  }

  get(id: string): Job | undefined {
    return this.known.get(id);
  }

  /** Those under way, oldest first. */
  running(): Job[] {
    return [...this.known.values()].filter((job) => !job.over);
  }

  /** Those that are over, latest first. */
  over(): Job[] {
    return [...this.known.values()].filter((job) => job.over).reverse();
  }
}

/** What the server's program is up to. */
export type Phase =
  | { kind: "untrusted" }
  | { kind: "idle" }
  | { kind: "starting" }
  | { kind: "missing" }
  | { kind: "failed"; why: string }
  | { kind: "running" };

/** The text of the status-bar item, its tooltip's lines, and whether it asks for attention. */
export interface Status {
  text: string;
  lines: string[];
  warning: boolean;
}

export function status(phase: Phase, running: readonly Job[]): Status {
  const plain = (icon: string, line: string, warning = false): Status => ({
    text: `$(${icon}) DS-Prover`,
    lines: [line],
    warning,
  });
  switch (phase.kind) {
    case "untrusted":
      return plain("shield", "This workspace is not trusted: no proof is searched.");
    case "idle":
      return plain("circle-outline", "Starts with the first Lean 3 document.");
    case "starting":
      return plain("loading~spin", "The server is starting.");
    case "missing":
      return plain("warning", "The server dsp-lsp was not found. Click to get it.", true);
    case "failed":
      return plain("error", `The server has stopped: ${phase.why}`, true);
    case "running": {
      const [first] = running;
      if (first === undefined) {
        return plain("check", "No search is running.");
      }
      const what = running.length === 1 ? first.label : `${running.length} searches`;
      return {
        text: `$(sync~spin) DS-Prover: ${what}`,
        lines: running.map((job) => `${job.name}: ${job.label}`),
        warning: false,
      };
    }
  }
}

const ICONS: Readonly<Record<string, string>> = {
  queued: "clock",
  proved: "pass",
  suggested: "lightbulb",
  withheld: "warning",
  "not found": "circle-slash",
  stopped: "debug-stop",
  failed: "error",
};

/** The icon of a search in the list. */
export function icon(job: Job): string {
  return ICONS[job.state] ?? "sync~spin";
}

/** Where a search is, for people: the file's name and line. */
export function place(job: Job): string {
  const file = decodeURIComponent(job.uri.slice(job.uri.lastIndexOf("/") + 1));
  return job.range === null ? file : `${file}:${job.range.start.line + 1}`;
}

/** One line of text that an editor takes for an icon nowhere. */
export function plainText(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("$(", "$ (");
}
