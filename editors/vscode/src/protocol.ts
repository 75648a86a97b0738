// What the server says beside the Language Server Protocol (dsp_lsp/features/__init__.py).

export interface Place {
  line: number;
  character: number;
}

export interface Span {
  start: Place;
  end: Place;
}

/** A search, or a request for next tactics. `range` is null when its site is gone. */
export interface Job {
  id: string;
  kind: "prove" | "suggest";
  uri: string;
  range: Span | null;
  name: string;
  state: string;
  label: string;
  message: string;
  elapsed: number;
  budget: number;
  n: number;
  nodes: number;
  turn: number;
  over: boolean;
  canExtend: boolean;
  canInsert: boolean;
  hasTree: boolean;
}

export interface JobsMessage {
  jobs: Job[];
}

export interface Suggestion {
  index: number;
  tactic: string;
  goals: number;
  state: string | null;
}

export interface SuggestionsMessage {
  job: string;
  uri: string;
  name: string;
  goal: string;
  suggestions: Suggestion[];
}

/** The notifications that are sent to a client that names them. */
export const WANTED = { jobs: true, suggestions: true } as const;

export const JOBS = "dsp/jobs";
export const SUGGESTIONS = "dsp/suggestions";
