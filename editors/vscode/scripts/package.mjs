// Makes dsp-lsp-VERSION.vsix, with the server's wheel inside, from which *Install the Server* works.
// `--without-server` leaves the wheel out; `--out FILE` names the result; $PYTHON is the Python.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { values } = parseArgs({
  options: { "without-server": { type: "boolean" }, out: { type: "string" } },
});
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const run = (program, ...args) => execFileSync(program, args, { stdio: "inherit" });

rmSync("server", { recursive: true, force: true });
if (!values["without-server"]) {
  mkdirSync("server");
  const python = process.env.PYTHON || "python3";
  run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "server", "../..");
}
copyFileSync("../../LICENSE", "LICENSE");
run(process.execPath, "scripts/build.mjs");
run(
  process.execPath,
  "node_modules/@vscode/vsce/vsce",
  "package",
  "--no-dependencies",
  "--allow-missing-repository",
  "--out",
  values.out ?? `dsp-lsp-${version}.vsix`,
);
