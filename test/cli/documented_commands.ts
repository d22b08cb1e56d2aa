import { join } from "node:path";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { projectFolder, runCli } from "./run_cli.ts";

/** What `--help` prints of a command, as it is defined. */
export function helpOf(command: CommandUnknownOpts): string {
  let help = "";
  command.configureOutput({
    ...command.configureOutput(),
    writeOut: (text) => void (help += text),
  });
  command.outputHelp();
  return help;
}

/**
 * The commands that a text shows, in order: lines that begin with how the command line is started, with those that they
 * go on in.
 */
export function commandsOf(text: string): string[][] {
  const joined = text.replace(/\\\n\s+/g, "");
  return [...joined.matchAll(/^ +deno task secateur (.+)$/gm)].map(([, line]) => line.split(/ +/));
}

/** Runs such a command in a folder, which must succeed, and gives what it prints. */
export async function runDocumented(command: readonly string[], folder: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(command, undefined, folder);
  if (code !== 0) throw new Error(`secateur ${command.join(" ")}: exit code ${code}, ${stderr}`);
  return stdout;
}

/** Puts the embedded example into a folder, at the same place as in the project, with other images and a short sweep. */
export async function copyExample(
  folder: string,
  writeImages: (folder: string) => Promise<void>,
): Promise<void> {
  const model = "cli/example/resnet8-fashion-mnist";
  await Deno.mkdir(join(folder, model), { recursive: true });
  for await (const { name } of Deno.readDir(join(projectFolder, model))) {
    await Deno.copyFile(join(projectFolder, model, name), join(folder, model, name));
  }
  const budget = "cli/example/budget.json";
  await Deno.copyFile(join(projectFolder, budget), join(folder, budget));
  const sweep = "cli/example/sweep.json";
  const plan = JSON.parse(await Deno.readTextFile(join(projectFolder, sweep)));
  const { budget: options } = plan.options;
  const small = {
    ...plan,
    options: { budget: options },
    budgets: [0.5],
    common: { "nb-batches": 2, "repair-steps": 4, latency: false },
  };
  await Deno.writeTextFile(join(folder, sweep), JSON.stringify(small));
  await writeImages(join(folder, "cli/example/fashion-mnist"));
}
