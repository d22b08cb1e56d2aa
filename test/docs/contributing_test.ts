import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { PROGRAMS } from "../support/programs.ts";
import { inlineCode, readDocument } from "./documents.ts";

const { text } = await readDocument("CONTRIBUTING.md");

/** What others than contributors type. */
const OF_USERS = ["secateur", "remote", "demo"];

Deno.test("CONTRIBUTING.md has every task, and no other", () => {
  const listed = Array.from(text.matchAll(/^ {4}deno task (\S+) +# /gm), ([, task]) => task);
  const tasks = Object.keys(project.tasks).filter((task) => !OF_USERS.includes(task));
  assert.deepEqual(listed.sort(), tasks.sort());
});

Deno.test("CONTRIBUTING.md names the programs that tests start", () => {
  const named = inlineCode(text);
  for (const program of PROGRAMS) assert.ok(named.includes(program), program);
});
