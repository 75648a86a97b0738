// The search tree in a tab, drawn anew while the search goes on.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { page, type Theme, themed } from "./picture";

/** Seconds between two pictures of a search that goes on. */
const PAUSE = 3;

/** Asks the server for a picture: the job's id and the SVG file that was written. */
export type Draw = (argument: object) => Promise<{ job: string; uri: string }>;

export class Tree implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private job = "";
  private svg = "";

  constructor(
    private readonly draw: Draw,
    private readonly about: (job: string) => { name: string; over: boolean } | undefined,
  ) {}

  /** Shows the tree of a search: `{job}` or `{uri, position}`. */
  async show(argument: object): Promise<void> {
    const { job, uri } = await this.draw({ ...argument, show: false });
    this.job = job;
    this.svg = await read(uri);
    const title = `Search: ${this.about(job)?.name ?? job}`;
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel(
        "dsp-lsp.tree",
        title,
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: [] },
      );
      this.panel.onDidDispose(() => this.forget());
    } else {
      this.panel.title = title;
      this.panel.reveal(undefined, true);
    }
    this.panel.webview.html = page(this.themed(), randomBytes(16).toString("hex"));
    this.wait();
  }

  /** Saves what the tab shows where the user says. */
  async save(): Promise<void> {
    if (this.panel === undefined) {
      return;
    }
    const file = await vscode.window.showSaveDialog({
      filters: { SVG: ["svg"] },
      title: "Save the search tree",
    });
    if (file !== undefined) {
      await vscode.workspace.fs.writeFile(file, Buffer.from(this.svg, "utf8"));
    }
  }

  /** The editor has other colours. */
  repaint(): void {
    void this.panel?.webview.postMessage({ svg: this.themed() });
  }

  dispose(): void {
    this.panel?.dispose();
    this.forget();
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.panel = undefined;
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), PAUSE * 1000);
  }

  private async refresh(): Promise<void> {
    const about = this.about(this.job);
    if (this.panel?.visible) {
      try {
        const { uri } = await this.draw({ job: this.job, show: false });
        this.svg = await read(uri);
        this.repaint();
      } catch {
        return; // The engine that knew the tree is gone; the last picture stays.
      }
    }
    if (this.panel !== undefined && about !== undefined && !about.over) {
      this.wait();
    }
  }

  private themed(): string {
    const { kind } = vscode.window.activeColorTheme;
    const light =
      kind === vscode.ColorThemeKind.Light || kind === vscode.ColorThemeKind.HighContrastLight;
    const theme: Theme = light ? "light" : "dark";
    return themed(this.svg, theme);
  }
}

function read(uri: string): Promise<string> {
  return readFile(vscode.Uri.parse(uri).fsPath, "utf8");
}
