import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  commandOfReadme,
  fillIn,
  fillReadme,
  README_RUN,
  type ReadmeRun,
  readShown,
} from "../../docs/make/readme_run.ts";
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

const recorded: ReadmeRun = JSON.parse(await Deno.readTextFile(join(projectFolder, README_RUN)));

const HINT = "run `deno task figures` and commit what it changes";

Deno.test("the README shows the figures of the run that is recorded of its command", () => {
  assert.equal(recorded.command, `deno task secateur ${commandOfReadme(text).join(" ")}`, HINT);
  assert.equal(fillReadme(text, recorded), text, HINT);
});

Deno.test("the pictures of a report are those of that run", async () => {
  for (const [path, digest] of Object.entries(recorded.pictures)) {
    const picture = await Deno.readFile(join(projectFolder, path));
    assert.equal(createHash("sha256").update(picture).digest("hex"), digest, `${path}: ${HINT}`);
  }
});

/** Numbers of a line; processors round differently, and a channel here or there may be another. */
const numbersOf = (line: string) => Array.from(line.matchAll(/[\d.]+/g), ([text]) => Number(text));
const isNear = (found: number, wanted: number) =>
  Math.abs(found - wanted) <= Math.max(1, 0.02 * Math.abs(wanted));

Deno.test("the README's command still prints what is recorded of it", async () => {
  const commands = commandsOf(text);
  assert.equal(commands.length, 1);
  await inTempFolder(async (folder) => {
    const words = commands[0].map((word) =>
      [exampleModel, exampleData].includes(word) ? join(projectFolder, word) : word
    );
    const printed = (await runDocumented(words, folder)).split("\n");
    const { lines } = readShown(text);
    fillIn(lines, printed).forEach((line, index) => {
      const [found, wanted] = [line, lines[index]].map(numbersOf);
      assert.ok(
        found.every((number, place) => isNear(number, wanted[place])),
        `printed was ${line}, recorded is ${lines[index]}; ${HINT}`,
      );
    });
  });
});
