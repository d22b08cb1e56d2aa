import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { SearchJournal } from "../../../src/pruning/ratios/search_journal.ts";
import { inTempFolder } from "../../data/fixtures.ts";

const IDENTITY = {
  version: "1.0.0",
  model: "größe",
  data: "d",
  preprocessing: "p",
  images: 9,
  workers: 1,
  seed: 3,
  policy: { kind: "auto", share: 0.5 },
};
const ENTRIES = [1, 2, 3].map((rollout) => ({ kind: "rollout", rollout, name: "größe", x: 0.1 }));

async function write(path: string, entries = ENTRIES): Promise<void> {
  const journal = await SearchJournal.start(path, IDENTITY);
  for (const entry of entries) await journal.append(entry);
}

const withFile = (run: (path: string) => Promise<void>) => () =>
  inTempFolder((folder) => run(`${folder}/new/search.jsonl`));

Deno.test(
  "a journal gives its entries back, and goes on behind them",
  withFile(async (path) => {
    await write(path, ENTRIES.slice(0, 2));
    const journal = await SearchJournal.open(path, IDENTITY);
    assert.deepEqual(journal.entries, ENTRIES.slice(0, 2));
    await journal.append(ENTRIES[2]);
    assert.deepEqual((await SearchJournal.open(path, IDENTITY)).entries, ENTRIES);
  }),
);

Deno.test(
  "a journal that was cut off anywhere is read up to there, and goes on from there",
  withFile(async (path) => {
    await write(path);
    const bytes = await Deno.readFile(path);
    const header = bytes.indexOf(10) + 1;
    for (let length = header; length <= bytes.length; length += 7) {
      await Deno.writeFile(path, bytes.slice(0, length));
      const journal = await SearchJournal.open(path, IDENTITY);
      const whole = bytes.slice(header, length).filter((byte) => byte === 10).length;
      assert.deepEqual(journal.entries, ENTRIES.slice(0, whole));
      for (const entry of ENTRIES.slice(whole)) await journal.append(entry);
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
  }),
);

Deno.test(
  "starting anew forgets what was there",
  withFile(async (path) => {
    await write(path);
    await SearchJournal.start(path, IDENTITY);
    assert.deepEqual((await SearchJournal.open(path, IDENTITY)).entries, []);
  }),
);

Deno.test(
  "a journal of other options, of nothing, or damaged in its middle is refused",
  withFile(async (path) => {
    const refused = async (message: RegExp, identity = IDENTITY) =>
      await assert.rejects(SearchJournal.open(path, identity), (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return true;
      });
    await refused(/no such file/);
    await write(path);
    await refused(/found a search with seed 3, wanted 4; give what it was begun with/, {
      ...IDENTITY,
      seed: 4,
    });
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('"rollout":2', '"rollout":'));
    await refused(/found no JSON in line 3; cut the file off before it/);
    for (const line of ["null", "[]", '"constructor"', "{}", '{"kind":null}', '{"kind":[]}']) {
      await Deno.writeTextFile(path, `${text}${line}\n`);
      await refused(/found no entry in line 5; cut the file off before it/);
      await Deno.writeTextFile(path, `${line}\n`);
      await refused(/found no entry in line 1/);
    }
    await Deno.writeTextFile(path, `${"[".repeat(10_000)}${"]".repeat(10_000)}\n`);
    await refused(/found no JSON in line 1/);
    await Deno.writeTextFile(path, text.replace('"version":5', '"version":{"toString":1}'));
    await refused(/found search of version {"toString":1}, wanted a search of version 5/);
    await Deno.writeTextFile(path, text);
    const journal = await SearchJournal.open(path, IDENTITY);
    assert.throws(() => journal.entriesOf("rollout", ({ rollout }) => rollout !== 2), {
      name: "InputError",
      message: `reading the search journal ${path}: found no rollout in line 3; ` +
        "cut the file off before it, or start anew without resume",
    });
    assert.deepEqual(journal.entriesOf("rollout", () => true), ENTRIES);
    assert.deepEqual(journal.entriesOf("finalist", () => false), []);
    await Deno.writeTextFile(path, text.slice(text.indexOf("\n") + 1));
    await refused(/found rollout of version undefined, wanted a search of version 5/);
    await Deno.writeTextFile(path, "");
    await refused(/found no line/);
  }),
);
