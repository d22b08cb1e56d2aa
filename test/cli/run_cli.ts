import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the project. */
export const projectFolder = fileURLToPath(new URL("../../", import.meta.url));

/** The embedded network, for one gray channel and ten classes. */
export const exampleModel = "cli/example/resnet8-fashion-mnist";

/** Its images. */
export const exampleData = "cli/example/fashion-mnist";

/** What the tasks of the project allow. */
const TASK_PERMISSIONS = ["--allow-read", "--allow-write"];

/** How a command ended and what it said. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts a script of the project in a process of its own; `cwd` is the folder that it is started in. */
export function spawnScript(
  script: string,
  args: readonly string[],
  permissions: readonly string[] = TASK_PERMISSIONS,
  cwd = projectFolder,
  stdin: "null" | "piped" = "null",
): Deno.ChildProcess {
  const path = join(projectFolder, script);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, path, ...args],
    cwd,
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs `secateur` to its end. */
export async function runCli(
  args: readonly string[],
  permissions?: readonly string[],
  cwd?: string,
): Promise<CliResult> {
  return await resultOf(spawnScript("cli/main.ts", args, permissions, cwd));
}

/** Runs `secateur` to its end with lines on its standard input. */
export async function pipeToCli(
  lines: readonly string[],
  args: readonly string[],
): Promise<CliResult> {
  const child = spawnScript("cli/main.ts", args, undefined, undefined, "piped");
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  await writer.close();
  return await resultOf(child);
}

async function resultOf(child: Deno.ChildProcess): Promise<CliResult> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `secateur` with `--json`, which must succeed, and reads its report. */
// deno-lint-ignore no-explicit-any
export async function runJson(args: readonly string[]): Promise<any> {
  const { code, stdout, stderr } = await runCli([...args, "--json"]);
  if (code !== 0) throw new Error(`secateur ${args.join(" ")}: exit code ${code}, ${stderr}`);
  return JSON.parse(stdout);
}

/** Starts `secateur` and interrupts it once it has said a word on standard error. */
export async function interruptAt(
  word: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; said: string }> {
  const child = spawnScript("cli/main.ts", args);
  const stdout = new Response(child.stdout).text();
  let said = "";
  let isSignalled = false;
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += part;
    if (isSignalled || !said.includes(word)) continue;
    isSignalled = true;
    child.kill("SIGINT");
  }
  return { code: (await child.status).code, stdout: await stdout, said };
}
