import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { normalizeArguments } from "../../cli/normalize_arguments.ts";
import { createWholeProgram } from "../../cli/program.ts";
import { type Document, inlineCode, readDocuments } from "./documents.ts";

/** Options of other programs that texts name. */
const FOREIGN = /^--(allow-|experimental-)/;

const program = await createWholeProgram();

/** All but docs/cli.md, which is made from the definitions. */
const documents = (await readDocuments()).filter(({ path }) => path !== "docs/cli.md");

function flagsOf(command: CommandUnknownOpts): string[] {
  return [...command.options, ...program.options].flatMap(({ long, short }) => [
    ...(long ? [long] : []),
    ...(short ? [short] : []),
  ]).concat("--help", "-h");
}

/** The commands that a text shows on lines of their own, without comments. */
function commandsOf({ text }: Document): string[][] {
  const joined = text.replace(/\\\n\s+/g, "");
  const starts = "deno task (?:secateur|remote)|(?:deno run|node|bun) .*secateur\\.js";
  const lines = joined.matchAll(new RegExp(`^ +(?:${starts}) (.+)$`, "gm"));
  return [...lines].map(([, line]) => line.replace(/ +#.*$/, "").split(/ +/));
}

/** The options among words of the command line, as the parser knows them. */
function optionsIn(words: readonly string[]): string[] {
  return normalizeArguments(words).filter((word) => word.startsWith("--"))
    .map((word) => word.split("=")[0]);
}

for (const document of documents) {
  Deno.test(`commands and options of ${document.path} are there`, () => {
    for (const words of commandsOf(document)) {
      const command = program.commands.find((other) => other.name() === words[0]);
      assert.ok(command, `there is no command ${words[0]} in: ${words.join(" ")}`);
      const unknown = optionsIn(words).filter((option) => !flagsOf(command).includes(option));
      assert.deepEqual(unknown, [], words.join(" "));
    }
    const known = new Set(program.commands.flatMap(flagsOf));
    const named = inlineCode(document.text).filter((code) =>
      code.startsWith("--") && !FOREIGN.test(code)
    );
    for (const code of named) {
      const [option] = optionsIn(["prune", ...code.split(/[ ,]+/)]);
      assert.ok(known.has(option), `no command has ${code}`);
    }
  });
}
