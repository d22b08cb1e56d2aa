import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "./cli/fixtures.ts";
import { projectFolder } from "./cli/run_cli.ts";

/** Runs `test/run.ts` with nothing on the PATH. */
async function runBare(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-all", "test/run.ts", ...args],
    cwd: projectFolder,
    env: { PATH: "", NO_COLOR: "1", SECATEUR_TEST_PROGRAMS: "", ...env },
  }).output();
  return { code, printed: new TextDecoder().decode(stdout).trimEnd() };
}

const WANTING = "test/support/wanting_programs.ts";

Deno.test("tests are skipped for want of programs, and counted in the last line", async () => {
  const { code, printed } = await runBare([WANTING]);
  assert.match(printed, /\| 2 passed \| 0 failed \| 3 ignored/);
  assert.equal(
    printed.split("\n").at(-1),
    "skipped: 2 for want of fish, 1 for want of fish and redis-server",
  );
  assert.equal(code, 0);
});

Deno.test("what a filter leaves out is not counted", async () => {
  const { code, printed } = await runBare([WANTING, "--filter", "both"]);
  assert.equal(printed.split("\n").at(-1), "skipped: 1 for want of fish and redis-server");
  assert.equal(code, 0);
});

Deno.test("where programs are required, tests fail for want of them", async () => {
  const { code, printed } = await runBare([WANTING], { SECATEUR_TEST_PROGRAMS: "required" });
  assert.match(printed, /starting fish and redis-server: found none on the PATH, wanted it/);
  assert.match(printed, /\| 2 passed \| 3 failed \(/);
  assert.doesNotMatch(printed, /skipped: /);
  assert.equal(code, 1);
});

Deno.test("a file on the PATH is a program when it can be started", async () => {
  await inTempFolder(async (folder) => {
    for (const [name, mode] of [["fish", 0o755], ["redis-server", 0o644]] as const) {
      await Deno.writeTextFile(join(folder, name), "", { mode });
    }
    const { printed } = await runBare([WANTING], { PATH: folder });
    assert.match(printed, /\| 4 passed \| 0 failed \| 1 ignored/);
    assert.equal(printed.split("\n").at(-1), "skipped: 1 for want of redis-server");
  });
});
