import assert from "node:assert/strict";

/** Runs a program to its end, which must be a good one, and gives what it printed. */
export async function runChild(
  [program, ...args]: string[],
  cwd: string,
  input = "",
): Promise<string> {
  const command = new Deno.Command(program, {
    args,
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped" as const,
  });
  const child = command.spawn();
  await new Blob([input]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
