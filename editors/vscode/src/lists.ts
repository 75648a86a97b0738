// The lists that a person picks from: searches, and next tactics.

import * as vscode from "vscode";
import type { Job, SuggestionsMessage } from "./protocol";
import { icon, type Phase, place, plainText, type Searches, status } from "./searches";

/** What can be done with a search in the list. */
export interface Deeds {
  reveal(job: Job): unknown;
  stop(job: Job): unknown;
  extend(job: Job): unknown;
  insert(job: Job): unknown;
  tree(job: Job): unknown;
  command(name: string): unknown;
}

interface JobItem extends vscode.QuickPickItem {
  job?: Job;
  command?: string;
}

interface Deed extends vscode.QuickInputButton {
  run(job: Job): unknown;
}

/** Lists the searches: choosing one shows its place, its buttons stop it and so on. */
export function listSearches(searches: Searches, changes: vscode.Event<void>, deeds: Deeds): void {
  const list = vscode.window.createQuickPick<JobItem>();
  list.title = "DS-Prover: searches";
  list.placeholder = "Choose a search to see its place";
  list.matchOnDescription = true;
  const fill = () => {
    const active = list.activeItems[0];
    list.keepScrollPosition = true;
    list.items = items(searches, deeds);
    const again = list.items.find(
      (item) => item.job?.id === active?.job?.id && item.command === active?.command,
    );
    if (active !== undefined && again !== undefined) {
      list.activeItems = [again];
    }
  };
  fill();
  const following = changes(fill);
  list.onDidTriggerItemButton(({ item, button }) => {
    if (item.job !== undefined) {
      (button as Deed).run(item.job);
    }
  });
  list.onDidAccept(() => {
    const [chosen] = list.selectedItems;
    list.hide();
    if (chosen?.job !== undefined) {
      deeds.reveal(chosen.job);
    } else if (chosen?.command !== undefined) {
      deeds.command(chosen.command);
    }
  });
  list.onDidHide(() => {
    following.dispose();
    list.dispose();
  });
  list.show();
}

function items(searches: Searches, deeds: Deeds): JobItem[] {
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const running = searches.running();
  const over = searches.over();
  return [
    ...(running.length ? [separator("running")] : []),
    ...running.map((job) => item(job, deeds)),
    ...(running.length > 1
      ? [{ label: "$(debug-stop) Stop all", command: "dsp-lsp.stopAll" }]
      : []),
    ...(over.length ? [separator("over")] : []),
    ...over.map((job) => item(job, deeds)),
    separator("server"),
    { label: "$(output) Show the output", command: "dsp-lsp.output" },
    { label: "$(debug-restart) Restart the server", command: "dsp-lsp.restart" },
  ];
}

function item(job: Job, deeds: Deeds): JobItem {
  const buttons: Deed[] = [];
  const add = (icon: string, tooltip: string, run: (job: Job) => unknown) => {
    buttons.push({ iconPath: new vscode.ThemeIcon(icon), tooltip, run });
  };
  if (job.canInsert) {
    add("insert", "Insert the proof", deeds.insert);
  }
  if (job.hasTree) {
    add("type-hierarchy", "Show the search tree", deeds.tree);
  }
  if (job.canExtend) {
    add("watch", "Give it more time", deeds.extend);
  }
  if (!job.over) {
    add("debug-stop", "Stop", deeds.stop);
  }
  const label = `$(${icon(job)}) ${plainText(job.name)}`;
  const text = job.over ? job.message : job.label;
  return { label, description: place(job), detail: plainText(text), buttons, job };
}

/** Lets the user choose one of the next tactics; its index. */
export async function chooseTactic(found: SuggestionsMessage): Promise<number | undefined> {
  const options = found.suggestions.map((one) => ({
    label: plainText(one.tactic),
    description: one.goals
      ? `${one.goals} ${one.goals === 1 ? "goal" : "goals"} left`
      : "closes the goal",
    detail: plainText(one.state ?? ""),
    index: one.index,
  }));
  const chosen = await vscode.window.showQuickPick(options, {
    title: `Next tactic for ${found.name}`,
    placeHolder: plainText(found.goal),
    matchOnDetail: true,
  });
  return chosen?.index;
}

/** The item in the status bar. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "dsp-lsp",
    vscode.StatusBarAlignment.Left,
    10,
  );

  constructor() {
    this.item.name = "DS-Prover";
  }

  /** Shows where things are; an item with nothing to say hides where no Lean 3 is edited. */
  update(phase: Phase, running: Job[], lean3: boolean): void {
    const { text, lines, warning } = status(phase, running);
    this.item.text = text;
    this.item.tooltip = lines.join("\n");
    this.item.accessibilityInformation = {
      label: `DS-Prover: ${lines.join(", ")}`,
      role: "button",
    };
    this.item.backgroundColor = warning
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    this.item.command = phase.kind === "untrusted" ? "workbench.trust.manage" : "dsp-lsp.searches";
    if (lean3 || running.length) {
      this.item.show();
    } else {
      this.item.hide();
    }
  }

  dispose(): void {
    this.item.dispose();
  }
}
