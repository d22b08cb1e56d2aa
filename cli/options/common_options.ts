import process from "node:process";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import project from "../../deno.json" with { type: "json" };
import { endAtInterrupt } from "../interrupt.ts";
import { currentVerbosity, sayAnyway, setAudience, setVerbosity } from "../output/messages.ts";
import { stageTimes } from "../output/stage_times.ts";

/**
 * Gives all commands of a program the options that each of them has, and what an interrupt does.
 *
 * @param program The program; `program.commands` need not be there yet.
 */
export function addCommonOptions(program: CommandUnknownOpts): void {
  program
    .addOption(
      new Option("--quiet", "say nothing but results and errors").conflicts("verbose"),
    )
    .addOption(
      new Option(
        "--verbose",
        "say what it runs on and how long its stages take, and where a defect lies",
      ),
    )
    .addOption(
      new Option(
        "--progress <form>",
        "what standard error is for: people, who see a bar in a terminal and a line for every stage elsewhere (text), or programs, which read a JSON object from every line (json)",
      ).choices(["text", "json"]).default("text"),
    )
    .hook("preAction", () => {
      const { quiet, verbose, progress } = program.opts();
      setAudience(progress === "json" ? "programs" : "people");
      setVerbosity(quiet ? "quiet" : verbose ? "verbose" : "usual");
      endAtInterrupt();
    })
    .hook("postAction", async () => {
      if (currentVerbosity() === "verbose") sayAnyway(await describeRun());
    });
}

/** What a command ran on and how long its stages took. */
async function describeRun(): Promise<string> {
  const { describeRuntime } = await import("../../src/mod.ts");
  const { tfjs, backend = "none", kernels, tile, threads } = describeRuntime();
  stageTimes.end();
  return [
    `secateur ${project.version}, TensorFlow.js ${tfjs}, ${describeEngine()}`,
    `backend ${backend}, ${kernels} build of the kernels, tiles of ${tile.join("×")}, ` +
    `${threads} thread(s)`,
    ...stageTimes.seconds.entries().map(([stage, time]) => `${stage}: ${time.toFixed(1)} s`),
    `all: ${(performance.now() / 1000).toFixed(1)} s`,
  ].join("\n");
}

function describeEngine(): string {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  const engine = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
  return `${engine} on ${process.platform}-${process.arch}`;
}
