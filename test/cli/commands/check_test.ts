import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder, writeSmallData } from "../fixtures.ts";
import { exampleModel, runCli, runJson } from "../run_cli.ts";

Deno.test("`check` exits with 1 and says which limit failed and by how much", () =>
  inTempFolder(async (folder) => {
    const [data, budget, junit] = ["data", "budget.json", "junit.xml"].map((name) =>
      join(folder, name)
    );
    await writeSmallData(data);
    const { params, macs } = await runJson(["inspect", exampleModel]);
    const { accuracy } = await runJson(["eval", exampleModel, "--data", data]);
    const limits = { params: params - 5, macs, accuracy, accuracyDrop: 0, latencyShare: 1000 };
    await Deno.writeTextFile(budget, JSON.stringify(limits));
    const args = [
      ...["check", exampleModel, "--budget", budget, "--junit", junit, "--rounds", "3"],
      ...["--reference", exampleModel, "--data", data, "--workers", "1"],
    ];
    const { code, stdout, stderr } = await runCli(args);
    assert.equal(code, 1, stderr);
    const lines = stdout.trimEnd().split("\n");
    assert.match(lines[0], new RegExp(`^FAIL +params: found ${params}, .*missed by 5 `));
    assert.ok(lines.slice(1).every((line) => line.startsWith("ok ")), stdout);
    assert.equal(lines.length, Object.keys(limits).length);
    assert.match(await Deno.readTextFile(junit), /tests="5" failures="1"/);

    await Deno.writeTextFile(budget, JSON.stringify({ params }));
    const report = await runJson(["check", exampleModel, "--budget", budget]);
    assert.deepEqual([report.holds, report.results[0].found], [true, params]);

    const toStream = ["check", exampleModel, "--budget", budget, "--junit", "/dev/stdout"];
    const streamed = await runCli(toStream, ["--allow-all"]);
    assert.match(streamed.stdout, /<testsuites tests="1" failures="0">[^]*\nok +params/);
  }));

Deno.test("`check` names the flag that a limit needs, and a file that is not there", () =>
  inTempFolder(async (folder) => {
    const budget = join(folder, "budget.json");
    const absent = await runCli(["check", exampleModel, "--budget", budget]);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /reading --budget .*found no such file/);
    await Deno.writeTextFile(budget, '{"accuracyDrop": 0.01}');
    const { code, stderr } = await runCli(["check", exampleModel, "--budget", budget]);
    assert.equal(code, 2);
    assert.match(stderr, /needs --reference/);
  }));
