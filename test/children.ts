import assert from "node:assert/strict";

const CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is; undefined when there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const path of CHROMIUMS) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
}

/** Runs a program to its end, which must be a good one, and gives what it printed. */
export async function runChild([program, ...args]: string[], cwd: string): Promise<string> {
  const child = new Deno.Command(program, { args, cwd, stdin: "null" });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
