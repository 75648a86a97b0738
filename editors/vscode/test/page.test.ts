import assert from "node:assert/strict";
import { test } from "node:test";
import { withLeanSettings } from "../src/honoured";
import { page, themed } from "../src/picture";

const SVG =
  '<?xml version="1.0" encoding="UTF-8"?>\n<svg><style>a{}\n@media (prefers-color-scheme: dark) {b{}}</style></svg>';

test("the picture takes the editor's colours, not the desktop's", () => {
  assert.equal(themed(SVG, "dark"), "<svg><style>a{}\n@media all {b{}}</style></svg>");
  assert.equal(themed(SVG, "light"), "<svg><style>a{}\n@media not all {b{}}</style></svg>");
});

test("the page runs its own script and nothing else", () => {
  const html = page("<svg><script>alert(1)</script></svg>", "abc");
  assert.match(html, /default-src 'none'/);
  assert.match(html, /script-src 'nonce-abc'/);
  assert.equal(html.match(/<script nonce="abc">/g)?.length, 1);
  assert.doesNotMatch(html, /unsafe-inline[^;]*script|script-src[^;]*unsafe/);
});

test("the Lean extension's settings count where ours are not set", () => {
  const given = (values: Record<string, unknown>) => (section: string, name: string) =>
    values[`${section}.${name}`];
  const ours = { leanPath: "", memoryMb: 6144, budget: 60 };
  assert.deepEqual(withLeanSettings(ours, given({})), ours);
  const theirs = { "lean.executablePath": "/opt/lean", "lean.memoryLimit": 4096 };
  assert.deepEqual(withLeanSettings(ours, given(theirs)), {
    leanPath: "/opt/lean",
    memoryMb: 4096,
    budget: 60,
  });
  const both = { ...theirs, "dsp.leanPath": "/x/lean", "dsp.memoryMb": 100 };
  const set = { leanPath: "/x/lean", memoryMb: 100, budget: 60 };
  assert.deepEqual(withLeanSettings(set, given(both)), set);
  const odd = { "lean.executablePath": "lean", "lean.memoryLimit": 0 };
  assert.deepEqual(withLeanSettings(ours, given(odd)), ours);
});
