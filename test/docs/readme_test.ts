import assert from "node:assert/strict";
import { join } from "node:path";
import { commandsOf, runDocumented } from "../cli/documented_commands.ts";
import { inTempFolder } from "../cli/fixtures.ts";
import { exampleData, exampleModel, projectFolder } from "../cli/run_cli.ts";
import { readDocument } from "./documents.ts";

const MOST_WORDS = 700;

const { text } = await readDocument("README.md");

Deno.test("the README is short", () => {
  const words = text.split(/\s+/).filter(Boolean).length;
  assert.ok(words < MOST_WORDS, `it has ${words} words, wanted fewer than ${MOST_WORDS}`);
});

Deno.test("the README has the commands for a machine with Node and npm alone", () => {
  for (const task of ["demo", "test"]) {
    assert.match(text, new RegExp(`^ {4}npx --yes deno@2\\.9\\.6 task ${task}$`, "m"));
  }
});

/** A line as it is printed whatever the figures are. */
function shapeOf(line: string): string {
  return line.replace(/[\d.]+/g, "0").replace(/ +/g, " ").trim();
}

Deno.test("the README's run prints lines of that kind, in that order", async () => {
  const commands = commandsOf(text);
  assert.equal(commands.length, 1);
  const [, block] = text.match(/^```text\n(.*?)^```$/ms)!;
  const shown = block.split("\n").filter((line) => line !== "" && line !== "…");
  await inTempFolder(async (folder) => {
    const words = commands[0].map((word) =>
      [exampleModel, exampleData].includes(word) ? join(projectFolder, word) : word
    );
    const printed = (await runDocumented(words, folder)).split("\n").map(shapeOf);
    let from = 0;
    for (const line of shown.map(shapeOf)) {
      const at = printed.indexOf(line, from);
      assert.ok(at >= 0, `found no such line: ${line}; printed was\n${printed.join("\n")}`);
      from = at + 1;
    }
  });
});
