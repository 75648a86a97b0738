// The server's process and the client that speaks to it, in one life at a time.

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  type ErrorHandler,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  ResponseError,
  State,
  TransportKind,
} from "vscode-languageclient/node";
import { isLean3, SELECTOR } from "./documents";
import { findServer, neutralFolder } from "./find";
import { withLeanSettings } from "./honoured";
import { SettingError } from "./locate";
import { JOBS, type JobsMessage, SUGGESTIONS, type SuggestionsMessage, WANTED } from "./protocol";
import type { Phase } from "./searches";

/** How often, and within how many seconds, a server may die before it is left dead. */
const DEATHS = 4;
const WITHIN = 180;

/** Milliseconds for a server to go when asked. */
const FAREWELL = 5000;

/** What is done with what the server says. */
export interface Listener {
  jobs(message: JobsMessage): void;
  suggestions(message: SuggestionsMessage): void;
  /** A command of the server's that is done here instead; undefined to let it go there. */
  instead(command: string, argument: object): Promise<unknown> | undefined;
}

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when `phase` has changed. */
  readonly onDidChange = this.changed.event;
  phase: Phase = { kind: vscode.workspace.isTrusted ? "idle" : "untrusted" };

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly listener: Listener,
  ) {}

  /** Starts the server if it is not up; does nothing in a workspace that is not trusted. */
  start(): Promise<void> {
    return this.inTurn(async () => {
      if (this.client === undefined && vscode.workspace.isTrusted) {
        await this.startNow();
      }
    });
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.stopNow();
      if (vscode.workspace.isTrusted) {
        await this.startNow();
      }
    });
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.stopNow());
  }

  /** Runs a command of the server's. What it refuses is a `ResponseError` with a sentence. */
  async execute<T>(command: string, argument: object): Promise<T> {
    await this.start();
    if (this.client === undefined || this.phase.kind !== "running") {
      throw new Error("The server of DS-Prover is not running.");
    }
    return this.client.sendRequest(ExecuteCommandRequest.type, {
      command,
      arguments: [argument],
    }) as Promise<T>;
  }

  /** The server's word for a place. */
  place(document: vscode.TextDocument, position: vscode.Position): object {
    const converter = this.client?.code2ProtocolConverter;
    const uri = converter?.asUri(document.uri) ?? document.uri.toString();
    return { uri, position: { line: position.line, character: position.character } };
  }

  /** Settings that are not the server's own have changed. */
  async settingsChanged(): Promise<void> {
    if (this.phase.kind === "running") {
      await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  }

  dispose(): void {
    this.changed.dispose();
  }

  // -- one at a time ------------------------------------------------------------------------------

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work);
    this.turn = done.catch((error) => this.log.error(String(error)));
    return done;
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.changed.fire();
  }

  private async startNow(): Promise<void> {
    this.enter({ kind: "starting" });
    let client: LanguageClient | undefined;
    try {
      const found = await findServer(this.context, this.log);
      if ("refused" in found) {
        this.enter({ kind: "missing" });
        return;
      }
      const { command, args } = found.server;
      client = new LanguageClient(
        "dsp-lsp",
        "DS-Prover",
        {
          command,
          args: [...args, "serve"],
          options: { cwd: neutralFolder(this.context) },
          transport: TransportKind.stdio,
        },
        this.options(),
      );
      client.registerFeature({
        fillClientCapabilities: (capabilities) => {
          capabilities.experimental = { ...capabilities.experimental, dsp: WANTED };
          // The status-bar item says it already; two of them would stand side by side.
          capabilities.window = { ...capabilities.window, workDoneProgress: false };
        },
        initialize: () => {},
        getState: () => ({ kind: "static" }),
        clear: () => {},
      });
      client.onNotification(JOBS, (message: JobsMessage) => this.listener.jobs(message));
      client.onNotification(SUGGESTIONS, (message: SuggestionsMessage) =>
        this.listener.suggestions(message),
      );
      this.client = client;
      await client.start();
      this.enter({ kind: "running" });
      client.onDidChangeState(({ newState }) => this.lived(newState));
    } catch (error) {
      this.client = undefined;
      const why = error instanceof Error ? error.message : String(error);
      this.log.error(`The server did not start: ${why}`);
      await client?.dispose().catch(() => {});
      this.enter({ kind: "failed", why });
      const remedy = error instanceof SettingError ? "Open the setting" : "Show the output";
      void vscode.window.showErrorMessage(`DS-Prover: ${why}`, remedy).then((button) => {
        if (button === "Open the setting") {
          void vscode.commands.executeCommand("workbench.action.openSettings", "dsp-lsp.program");
        } else if (button !== undefined) {
          this.log.show();
        }
      });
    }
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.listener.jobs({ jobs: [] });
    if (client !== undefined) {
      await client.dispose(FAREWELL).catch((error) => this.log.warn(String(error)));
    }
    this.enter({ kind: vscode.workspace.isTrusted ? "idle" : "untrusted" });
  }

  private lived(state: State): void {
    if (this.client === undefined) {
      return; // We are ending it.
    }
    if (state === State.Running) {
      this.enter({ kind: "running" });
    } else if (state === State.Starting) {
      this.enter({ kind: "starting" });
    } else if (this.phase.kind !== "failed") {
      this.enter({ kind: "failed", why: "it has ended." });
    }
  }

  // -- the client's options -------------------------------------------------------------------------

  private options(): LanguageClientOptions {
    const only =
      <A extends vscode.TextDocument | vscode.TextDocumentChangeEvent>() =>
      async (of: A, next: (of: A) => Promise<void>): Promise<void> => {
        if (isLean3("document" in of ? of.document : of)) {
          await next(of);
        }
      };
    return {
      documentSelector: SELECTOR,
      outputChannel: this.log,
      traceOutputChannel: this.log,
      progressOnInitialization: false,
      initializationOptions: { dsp: settings() },
      initializationFailedHandler: () => false,
      errorHandler: this.errorHandler(),
      middleware: {
        didOpen: only<vscode.TextDocument>(),
        didChange: only<vscode.TextDocumentChangeEvent>(),
        didSave: only<vscode.TextDocument>(),
        didClose: only<vscode.TextDocument>(),
        executeCommand: async (command, args, next) => {
          try {
            const instead = this.listener.instead(command, args[0] ?? {});
            return instead === undefined ? await next(command, args) : await instead;
          } catch (error) {
            refused(error);
            return undefined;
          }
        },
        workspace: {
          configuration: (params) =>
            params.items.map((item) => (item.section === "dsp" ? settings() : null)),
          // The server asks back, and so gets what `settings` adds.
          didChangeConfiguration: (_, next) => next(undefined),
        },
      },
    };
  }

  private errorHandler(): ErrorHandler {
    const deaths: number[] = [];
    return {
      error: (error) => {
        this.log.warn(error.message);
        return { action: ErrorAction.Continue, handled: true };
      },
      closed: () => {
        this.listener.jobs({ jobs: [] });
        const now = Date.now();
        deaths.push(now);
        const recent = deaths.filter((death) => now - death < WITHIN * 1000);
        if (recent.length < DEATHS) {
          return { action: CloseAction.Restart, handled: true };
        }
        const why = `it has ended ${recent.length} times within ${WITHIN / 60} minutes.`;
        this.enter({ kind: "failed", why });
        void vscode.window
          .showErrorMessage(
            `The server of DS-Prover stays down: ${why}`,
            "Restart",
            "Show the output",
          )
          .then((button) => {
            if (button === "Restart") {
              void this.restart();
            } else if (button !== undefined) {
              this.log.show();
            }
          });
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    };
  }
}

/** Shows why a command was not obeyed. */
export function refused(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof ResponseError) {
    void vscode.window.showInformationMessage(`DS-Prover: ${text}`);
  } else {
    void vscode.window.showWarningMessage(text);
  }
}

function settings(): Record<string, unknown> {
  const all = vscode.workspace.getConfiguration().get<Record<string, unknown>>("dsp", {});
  const plain = JSON.parse(JSON.stringify(all)) as Record<string, unknown>;
  return withLeanSettings(plain, (section, name) => {
    const found = vscode.workspace.getConfiguration(section).inspect(name);
    return found?.globalValue;
  });
}
