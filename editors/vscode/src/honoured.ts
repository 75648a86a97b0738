// Settings of the Lean 3 extension that the server takes over where its own are not set.

/** The value of a setting that the user, not the workspace, has given; undefined if none. */
export type Given = (section: string, name: string) => unknown;

/** The settings `dsp`, completed from what the user has given the Lean 3 extension. */
export function withLeanSettings(
  dsp: Readonly<Record<string, unknown>>,
  given: Given,
): Record<string, unknown> {
  const result = { ...dsp };
  const path = given("lean", "executablePath");
  if (!given("dsp", "leanPath") && typeof path === "string" && path && path !== "lean") {
    result.leanPath = path;
  }
  const memory = given("lean", "memoryLimit");
  if (given("dsp", "memoryMb") === undefined && isCount(memory)) {
    result.memoryMb = Math.max(64, memory);
  }
  return result;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}
