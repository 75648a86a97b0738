import assert from "node:assert/strict";
import { test } from "node:test";
import { dialectOf } from "../src/dialect";

/** A disk with these files. */
function disk(files: Record<string, string> = {}) {
  return { isFile: (file: string) => file in files, read: (file: string) => files[file] ?? "" };
}

test("the language id decides where there is no project", () => {
  assert.equal(dialectOf("/a/b.lean", "lean", disk()), "lean3");
  assert.equal(dialectOf("/a/b.lean", "lean3", disk()), "lean3");
  assert.equal(dialectOf("/a/b.lean", "lean4", disk()), "lean4");
  assert.equal(dialectOf("/a/b.lean", "plaintext", disk()), "lean3");
  assert.equal(dialectOf("/a/b.txt", "plaintext", disk()), "other");
  assert.equal(dialectOf(null, "lean", disk()), "lean3");
  assert.equal(dialectOf(null, "lean4", disk()), "lean4");
  assert.equal(dialectOf(null, "plaintext", disk()), "other");
});

test("a project decides over the language id", () => {
  for (const id of ["lean", "lean4"]) {
    assert.equal(dialectOf("/p/src/b.lean", id, disk({ "/p/leanpkg.toml": "" })), "lean3");
    assert.equal(dialectOf("/p/src/b.lean", id, disk({ "/p/lakefile.toml": "" })), "lean4");
    assert.equal(dialectOf("/p/src/b.lean", id, disk({ "/p/leanpkg.path": "" })), "lean3");
  }
});

test("the nearest project counts, and leanpkg.toml before a toolchain", () => {
  const both = { "/p/lakefile.lean": "", "/p/old/leanpkg.toml": "" };
  assert.equal(dialectOf("/p/old/b.lean", "lean4", disk(both)), "lean3");
  assert.equal(dialectOf("/p/new/b.lean", "lean", disk(both)), "lean4");
  const toolchain = (name: string) => disk({ "/p/lean-toolchain": name });
  assert.equal(dialectOf("/p/b.lean", "lean", toolchain("leanprover/lean4:v4.9.0")), "lean4");
  assert.equal(
    dialectOf("/p/b.lean", "lean4", toolchain("leanprover-community/lean:3.51.1")),
    "lean3",
  );
});
