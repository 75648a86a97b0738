import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../src/protocol";
import { icon, place, plainText, Searches, status } from "../src/searches";

function job(id: string, changes: Partial<Job> = {}): Job {
  return {
    id,
    kind: "prove",
    uri: "file:///w/my%20file.lean",
    range: { start: { line: 4, character: 2 }, end: { line: 4, character: 7 } },
    name: "foo",
    state: "searching",
    label: "12/60 s · n = 9 · 43 nodes",
    message: "",
    elapsed: 12,
    budget: 60,
    n: 9,
    nodes: 43,
    turn: 0,
    over: false,
    canExtend: true,
    canInsert: false,
    hasTree: true,
    ...changes,
  };
}
const over = (id: string) => job(id, { over: true, state: "proved", message: "`foo` is proved." });
const ids = (jobs: Job[]) => jobs.map((one) => one.id);

test("a message replaces all that run and adds what has ended", () => {
  const searches = new Searches();
  searches.take([job("1"), job("2")]);
  searches.take([over("1"), job("2"), job("3")]);
  assert.deepEqual(ids(searches.running()), ["2", "3"]);
  assert.deepEqual(ids(searches.over()), ["1"]);
  searches.take([job("3")]);
  assert.deepEqual(ids(searches.running()), ["3"]);
  assert.deepEqual(ids(searches.over()), ["1"]);
  assert.equal(searches.get("2"), undefined);
});

test("what is over is listed latest first, and not for ever", () => {
  const searches = new Searches();
  for (let number = 0; number < 50; number++) {
    searches.take([over(String(number))]);
  }
  assert.equal(searches.over()[0]?.id, "49");
  assert.equal(searches.over().length, 20);
});

test("a search that is started again is no longer over", () => {
  const searches = new Searches();
  searches.take([over("1")]);
  searches.take([job("1")]);
  assert.deepEqual(ids(searches.running()), ["1"]);
  assert.deepEqual(ids(searches.over()), []);
});

test("the status bar says what goes on", () => {
  assert.equal(status({ kind: "running" }, []).text, "$(check) DS-Prover");
  const one = status({ kind: "running" }, [job("1")]);
  assert.equal(one.text, "$(sync~spin) DS-Prover: 12/60 s · n = 9 · 43 nodes");
  const two = status({ kind: "running" }, [job("1"), job("2")]);
  assert.equal(two.text, "$(sync~spin) DS-Prover: 2 searches");
  assert.equal(two.lines.length, 2);
  assert.equal(status({ kind: "missing" }, []).warning, true);
  assert.match(status({ kind: "failed", why: "it has ended." }, []).lines.join(), /it has ended/);
  assert.match(status({ kind: "untrusted" }, []).lines.join(), /not trusted/);
});

test("a search is named by its place", () => {
  assert.equal(place(job("1")), "my file.lean:5");
  assert.equal(place(job("1", { range: null })), "my file.lean");
});

test("every state has an icon, and Lean text makes none", () => {
  assert.equal(icon(job("1")), "sync~spin");
  assert.equal(icon(job("1", { state: "withheld" })), "warning");
  assert.equal(plainText("exact $(check)\n  foo"), "exact $ (check) foo");
});
