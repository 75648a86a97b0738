import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, objection, pythons, SettingError, type Surroundings } from "../src/locate";

function around(files: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    program: "",
    activePython: null,
    trustedFolders: [],
    searchPath: "",
    home: "/home/a",
    managed: "/store/server",
    isFile: (file) => files.includes(file),
    ...changes,
  };
}

test("what is there is found, best first", () => {
  const files = [
    "/store/server/bin/dsp-lsp",
    "/home/a/.local/bin/dsp-lsp",
    "/usr/bin/dsp-lsp",
    "/w/.venv/bin/dsp-lsp",
    "/conda/bin/python3.11",
  ];
  const found = candidates(
    around(files, {
      activePython: "/conda/bin/python3.11",
      trustedFolders: ["/v", "/w"],
      searchPath: "/bin:/usr/bin",
    }),
  );
  assert.deepEqual(
    found.map((one) => one.command),
    [
      "/conda/bin/python3.11",
      "/w/.venv/bin/dsp-lsp",
      "/usr/bin/dsp-lsp",
      "/home/a/.local/bin/dsp-lsp",
      "/store/server/bin/dsp-lsp",
    ],
  );
  assert.deepEqual(found[0]?.args, ["-m", "dsp_lsp.cli"]);
  assert.deepEqual(found[1]?.args, []);
});

test("a program that is set is the only one", () => {
  const files = ["/usr/bin/dsp-lsp", "/home/a/bin/dsp-lsp"];
  const found = candidates(around(files, { program: " ~/bin/dsp-lsp ", searchPath: "/usr/bin" }));
  assert.deepEqual(
    found.map((one) => one.command),
    ["/home/a/bin/dsp-lsp"],
  );
});

test("a program that is set and not there is its owner's to mend", () => {
  assert.throws(() => candidates(around([], { program: "/no/dsp-lsp" })), SettingError);
  assert.throws(() => candidates(around(["dsp-lsp"], { program: "dsp-lsp" })), SettingError);
});

test("nothing is taken from the folder that happens to be open", () => {
  const files = ["dsp-lsp", "bin/dsp-lsp", "./dsp-lsp"];
  assert.deepEqual(candidates(around(files, { searchPath: "::.:bin" })), []);
  assert.deepEqual(
    pythons("::.:/usr/bin", (file) => file.endsWith("python3")),
    ["/usr/bin/python3"],
  );
});

test("one program is tried once", () => {
  const twice = around(["/usr/bin/dsp-lsp"], { searchPath: "/usr/bin:/usr/bin/" });
  assert.equal(candidates(twice).length, 1);
});

test("only dsp-lsp, and none that is older, will do", () => {
  assert.equal(objection("dsp-lsp 0.1.0\n"), null);
  assert.equal(objection("dsp-lsp 0.1.7"), null);
  assert.equal(objection("dsp-lsp 1.0.0"), null);
  assert.match(objection("dsp-lsp 0.0.9") ?? "", /older than 0\.1\.0/);
  assert.match(objection("Python 3.11.2") ?? "", /not dsp-lsp/);
  assert.match(objection("") ?? "", /not dsp-lsp/);
});
