import assert from "node:assert/strict";
import { createWholeProgram } from "../../cli/program.ts";
import { renderCliReference } from "../../docs/make/cli_reference.ts";
import { readDocument } from "./documents.ts";

Deno.test("docs/cli.md is what the definitions of the commands say", async () => {
  const { text } = await readDocument("docs/cli.md");
  const wanted = renderCliReference(await createWholeProgram());
  const [found, expected] = [text.split("\n"), wanted.split("\n")];
  const line = expected.findIndex((words, index) => words !== found[index]);
  assert.ok(
    text === wanted,
    `docs/cli.md, line ${line + 1}: found "${found[line]}", wanted "${expected[line]}"; ` +
      "run `deno task docs` and commit the file",
  );
});
