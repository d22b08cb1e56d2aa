import assert from "node:assert/strict";
import { join } from "node:path";
import { testWith } from "../support/programs.ts";
import { inTempFolder, pruneArguments, writePngData, writeSmallData } from "./fixtures.ts";
import { exampleModel, projectFolder, runCli } from "./run_cli.ts";

Deno.test("--quiet leaves the result alone, wherever it stands", () =>
  inTempFolder(async (data) => {
    await writePngData(data, { perClass: 7, broken: 1 });
    const args = ["eval", exampleModel, "--data", data, "--workers", "1"];
    const usual = await runCli(args);
    assert.match(usual.stderr, /evaluating\n(note: .*\n)?skipped /);
    for (const quiet of [[...args, "--quiet"], ["--quiet", ...args]]) {
      const { code, stdout, stderr } = await runCli(quiet);
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assert.equal(withoutTimes(stdout), withoutTimes(usual.stdout));
    }
    const { code, stderr } = await runCli(["eval", "nowhere", "--data", data, "--quiet"]);
    assert.equal(code, 1);
    assert.match(stderr, /^secateur: .*nowhere/);
  }));

function withoutTimes(text: string): string {
  return text.replace(/[\d.]+ s\b/g, "");
}

Deno.test("--verbose adds versions, backend, threads and the time of every stage", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const args = pruneArguments(data, join(folder, "out"), "--verbose", "--json");
    args.splice(args.indexOf("--workers"), 2, "--workers", "2");
    const { code, stdout, stderr } = await runCli(args);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).workers, 2);
    assert.match(stderr, /^secateur [\d.]+, TensorFlow\.js 4[\d.]+, Deno [\d.]+ on \w+-\w+$/m);
    const kernels =
      /^backend wasm, (relaxed|plain) build of the kernels, tiles of 4×8, 2 thread\(s\)$/m;
    assert.match(stderr, kernels);
    const stages = [...stderr.matchAll(/^(.+): ([\d.]+) s$/gm)];
    const names = stages.map(([, name]) => name);
    assert.deepEqual(names.filter((name) => /^(pruning|all)$/.test(name)), ["pruning", "all"]);
    const times = stages.map(([, , time]) => Number(time));
    const all = times.pop()!;
    assert.ok(times.every((time) => time <= all));
  }));

testWith("script")(
  "nothing is colored, in a terminal, with NO_COLOR, or elsewhere",
  () =>
    inTempFolder(async (data) => {
      await writePngData(data, { perClass: 2, broken: 0 });
      const commands = [
        ["eval", exampleModel, "--data", data, "--workers", "1", "--verbose"],
        ["eval", "--help"],
        ["eval", "nowhere", "--data", data],
      ];
      const environments: Record<string, string>[] = [{}, { NO_COLOR: "1" }];
      for (const env of environments) {
        for (const command of commands) {
          const line = [
            `'${Deno.execPath()}'`,
            ...["run", "--quiet", "--no-prompt", "--allow-read", "cli/main.ts", ...command],
          ];
          const { stdout } = await new Deno.Command("script", {
            args: ["-qec", line.join(" "), "/dev/null"],
            cwd: projectFolder,
            env,
            stdin: "null",
          }).output();
          const text = new TextDecoder().decode(stdout);
          assert.ok(text.length > 20, text);
          // deno-lint-ignore no-control-regex
          assert.doesNotMatch(text, /\x1b\[[\d;]*m/);
        }
      }
    }),
);
