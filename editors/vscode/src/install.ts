// Getting the server: what a person without one is told, and the virtual environment made for it.

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import { isFile, managedFolder, neutralFolder, output } from "./find";
import { pythons } from "./locate";

const INSTALL = "Install it";
const CHOOSE = "Choose the program…";
const DETAILS = "Show what was tried";

/** Says that there is no server, with the ways to one. */
export async function offerInstallation(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const bundled = bundledWheel(context) !== null;
  const remedy = bundled
    ? "It can be installed for this editor alone, or you name the program."
    : "Install it with `pip install .` in a clone of dsp-lsp, or name the program.";
  const ways = [...(bundled ? [INSTALL] : []), CHOOSE, DETAILS];
  const chosen = await vscode.window.showWarningMessage(
    "DS-Prover needs its server, the Python program dsp-lsp, which was not found on this machine. " +
      remedy,
    ...ways,
  );
  if (chosen === INSTALL) {
    await vscode.commands.executeCommand("dsp-lsp.install");
  } else if (chosen === CHOOSE) {
    await vscode.commands.executeCommand("dsp-lsp.choose");
  } else if (chosen === DETAILS) {
    log.show();
  }
}

/** Lets the user point at the program; whether it was set. */
export async function chooseProgram(): Promise<boolean> {
  const picked = await vscode.window.showOpenDialog({
    title: "The program dsp-lsp, or a Python that has it",
    openLabel: "Use",
    canSelectMany: false,
  });
  const file = picked?.[0]?.fsPath;
  if (file === undefined) {
    return false;
  }
  const settings = vscode.workspace.getConfiguration("dsp-lsp");
  await settings.update("program", file, vscode.ConfigurationTarget.Global);
  return true;
}

/**
 * Makes a virtual environment of the extension's own and installs the wheel that came with it there;
 * pip gets what the wheel needs from its index. Whether it worked; what went wrong is said.
 */
export async function installServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const wheel = bundledWheel(context);
  if (wheel === null) {
    const text = "This build of the extension comes without the server: run `pip install .` in a ";
    void vscode.window.showWarningMessage(`${text}clone of dsp-lsp.`);
    return false;
  }
  const title = "DS-Prover: installing the server";
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title, cancellable: true }, async (bar, stop) => {
    const cwd = neutralFolder(context);
    const folder = managedFolder(context);
    try {
      const python = await usablePython(cwd);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(path.dirname(folder), { recursive: true });
      bar.report({ message: "making a virtual environment" });
      await logged(python, ["-m", "venv", folder], cwd, log, stop);
      bar.report({ message: "pip install" });
      const inside = path.join(folder, "bin", "python");
      const pip = ["-m", "pip", "install", "--disable-pip-version-check", wheel];
      await logged(inside, pip, cwd, log, stop);
      return true;
    } catch (error) {
      // Half an environment must not be found later.
      rmSync(folder, { recursive: true, force: true });
      if (!stop.isCancellationRequested) {
        const why = error instanceof Error ? error.message : String(error);
        log.error(`Installing the server: ${why}`);
        void vscode.window
          .showErrorMessage(`The server was not installed: ${why}`, "Show the output")
          .then((button) => button && log.show());
      }
      return false;
    }
  });
}

function bundledWheel(context: vscode.ExtensionContext): string | null {
  const folder = path.join(context.extensionPath, "server");
  try {
    const name = readdirSync(folder).find((file) => file.endsWith(".whl"));
    return name === undefined ? null : path.join(folder, name);
  } catch {
    return null;
  }
}

async function usablePython(cwd: string): Promise<string> {
  const test = "import sys, ensurepip; print(sys.version_info >= (3, 10))";
  for (const python of pythons(process.env.PATH ?? "", isFile)) {
    const answer = await output(python, ["-c", test], cwd, 20).catch(() => "");
    if (answer.trim() === "True") {
      return python;
    }
  }
  throw new Error(
    "no Python 3.10 or newer with venv is on the PATH (on Debian: apt install python3-venv).",
  );
}

function logged(
  command: string,
  args: string[],
  cwd: string,
  log: vscode.LogOutputChannel,
  stop: vscode.CancellationToken,
): Promise<void> {
  log.info([command, ...args].join(" "));
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let last = "";
    const take = (data: Buffer) => {
      for (const line of data.toString("utf8").split("\n").filter(Boolean)) {
        last = line;
        log.info(line);
      }
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const killing = stop.onCancellationRequested(() => child.kill());
    child.on("error", reject);
    child.on("close", (code) => {
      killing.dispose();
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(last || `${path.basename(command)} ended with status ${code}.`));
      }
    });
  });
}
