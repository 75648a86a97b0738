// DS-Prover in VS Code: what the server does is reached from here, nothing is computed here.

import * as vscode from "vscode";
import { giveBack, isLean3 } from "./documents";
import { chooseProgram, installServer, offerInstallation } from "./install";
import { chooseTactic, listSearches, StatusItem } from "./lists";
import type { Job, SuggestionsMessage } from "./protocol";
import { Searches } from "./searches";
import { refused, Server } from "./server";
import { Tree } from "./tree";

let ending: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("DS-Prover", { log: true });
  const searches = new Searches();
  const jobsChanged = new vscode.EventEmitter<void>();
  const item = new StatusItem();
  const server: Server = new Server(context, log, {
    jobs: ({ jobs }) => {
      searches.take(jobs);
      jobsChanged.fire();
    },
    suggestions: (found) => void guarded(() => suggest(found)),
    instead: (command, argument) => (command === "dsp.tree" ? tree.show(argument) : undefined),
  });
  const tree = new Tree(
    (argument) => server.execute("dsp.tree", argument),
    (job) => searches.get(job),
  );
  context.subscriptions.push(log, jobsChanged, item, server, tree);
  ending = () => server.stop();

  const suggest = async (found: SuggestionsMessage) => {
    const index = await chooseTactic(found);
    if (index !== undefined) {
      await server.execute("dsp.insertSuggestion", { job: found.job, index });
    }
  };

  // -- what is shown ------------------------------------------------------------------------------

  const update = () => {
    const editor = vscode.window.activeTextEditor;
    item.update(server.phase, searches.running(), editor !== undefined && isLean3(editor.document));
  };
  let offered = false;
  const offer = () => {
    if (server.phase.kind === "missing" && !offered) {
      offered = true;
      void offerInstallation(context, log);
    }
  };

  // -- commands -----------------------------------------------------------------------------------

  const guarded = async (work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      refused(error);
    }
  };
  const add = (name: string, work: () => unknown) => {
    context.subscriptions.push(
      vscode.commands.registerCommand(`dsp-lsp.${name}`, () => guarded(work)),
    );
  };
  /** Runs a command of the server's at the cursor. */
  const here = (run: (place: object) => unknown) => async () => {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || !isLean3(editor.document)) {
      throw new Error("DS-Prover: open a Lean 3 document first.");
    }
    if (!vscode.workspace.isTrusted) {
      await vscode.commands.executeCommand("workbench.trust.manage");
      return;
    }
    await server.start();
    if (server.phase.kind === "missing") {
      await offerInstallation(context, log);
      return;
    }
    await run(server.place(editor.document, editor.selection.active));
  };
  add(
    "prove",
    here((place) => server.execute("dsp.prove", place)),
  );
  add(
    "proveFile",
    here((place) => server.execute("dsp.proveAll", { uri: uriOf(place) })),
  );
  add(
    "suggest",
    here((place) => server.execute("dsp.suggest", place)),
  );
  add(
    "tree",
    here((place) => tree.show(place)),
  );
  add(
    "stop",
    here((place) => server.execute("dsp.stop", place)),
  );
  add("stopAll", () => server.execute("dsp.stop", {}));
  add("saveTree", () => tree.save());
  add("output", () => log.show());
  add("restart", () => {
    searches.clear();
    return server.restart();
  });
  add("install", async () => {
    if (await installServer(context, log)) {
      await server.restart();
    }
  });
  add("choose", chooseProgram);
  add("searches", async () => {
    if (server.phase.kind === "missing") {
      await offerInstallation(context, log);
      return;
    }
    listSearches(searches, jobsChanged.event, {
      reveal,
      stop: (job) => guarded(() => server.execute("dsp.stop", { job: job.id })),
      extend: (job) => guarded(() => server.execute("dsp.extend", { job: job.id })),
      insert: (job) => guarded(() => server.execute("dsp.insert", { job: job.id })),
      tree: (job) => guarded(() => tree.show({ job: job.id })),
      command: (name) => vscode.commands.executeCommand(name),
    });
  });

  // -- what happens -------------------------------------------------------------------------------

  const look = (document: vscode.TextDocument) => {
    void giveBack(document);
    if (isLean3(document)) {
      void server.start();
    }
  };
  const lookAtAll = () => vscode.workspace.textDocuments.forEach(look);
  context.subscriptions.push(
    server.onDidChange(() => {
      update();
      offer();
    }),
    jobsChanged.event(update),
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.window.onDidChangeActiveColorTheme(() => tree.repaint()),
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      void server.stop().then(lookAtAll);
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("dsp-lsp.program")) {
        offered = false;
        void server.restart();
      } else if (event.affectsConfiguration("lean") && !event.affectsConfiguration("dsp")) {
        void server.settingsChanged();
      }
    }),
  );
  update();
  lookAtAll();
}

export async function deactivate(): Promise<void> {
  await ending?.();
}

async function reveal(job: Job): Promise<void> {
  const uri = vscode.Uri.parse(job.uri);
  const options: vscode.TextDocumentShowOptions = {};
  if (job.range !== null) {
    const { start } = job.range;
    const at = new vscode.Position(start.line, start.character);
    options.selection = new vscode.Range(at, at);
  }
  await vscode.window.showTextDocument(uri, options);
}

function uriOf(place: object): unknown {
  return "uri" in place ? place.uri : undefined;
}
