import assert from "node:assert/strict";
import { projectFolder } from "../cli/run_cli.ts";

Deno.test("JSR takes the library as it is, with no import that it does not know", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: projectFolder,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.ok(success, said);
  assert.doesNotMatch(said, /^warning/m);
  const files = Array.from(
    said.matchAll(/^ +file:.*?\/(src|build)\/(\S+)/gm),
    ([, , path]) => path,
  );
  assert.ok(files.includes("mod.ts") && files.includes("embedded/jpeg.ts"), said);
});
