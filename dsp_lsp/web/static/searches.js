// What the page asks its server.

const KEYS = "dsp-lsp keys";
const REMEMBERED = 50;

/** What the server refused: `message`, `remedy`, `line`, `column`. */
export class Refused extends Error {
  constructor(error) {
    super(error.message);
    Object.assign(this, error);
  }
}

async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused({ message: "The page's server does not answer.", remedy: "Try again in a while." });
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(value.error ?? { message: `The page's server failed (${answer.status}).`, remedy: "" });
  }
  return value;
}

export const about = () => ask("/api/about");

/** Starts a search, a `fresh` one without looking at earlier results; its key, with which it can be stopped, stays in this browser. */
export async function start(text, budget, fresh) {
  const { key, ...search } = await ask("/api/searches", { text, budget, fresh });
  remember(search.id, key);
  return search;
}

export const look = (id) => ask(`/api/searches/${encodeURIComponent(id)}`);

export const stop = (id) =>
  ask(`/api/searches/${encodeURIComponent(id)}/stop`, { key: keys()[id] ?? "" });

/** Whether this browser started the search. */
export const isMine = (id) => Object.hasOwn(keys(), id);

/** The address of a search's tree; `version` tells one picture from the next. */
export const tree = (id, version) => `/api/searches/${encodeURIComponent(id)}/tree.svg?v=${version}`;

/**
 * Calls `news` with the search after each change; `lost` when nobody answers, with whether the
 * browser has given up. Returns what ends it.
 */
export function listen(id, news, lost) {
  let search = {};
  const source = new EventSource(`/api/searches/${encodeURIComponent(id)}/events`);
  source.addEventListener("message", (event) => {
    search = { ...search, ...JSON.parse(event.data) };
    if (search.over) source.close();
    news(search);
  });
  source.addEventListener("error", () => lost(source.readyState === EventSource.CLOSED));
  return () => source.close();
}

function keys() {
  try {
    return JSON.parse(localStorage.getItem(KEYS) ?? "{}");
  } catch {
    return {};
  }
}

function remember(id, key) {
  const all = Object.entries({ ...keys(), [id]: key }).slice(-REMEMBERED);
  try {
    localStorage.setItem(KEYS, JSON.stringify(Object.fromEntries(all)));
  } catch {
    // Without storage a search cannot be stopped after a reload; that is all.
  }
}
