import assert from "node:assert/strict";
import { join } from "node:path";
import { removeStages, type RunFolder } from "../../src/pruning/run_folder.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { breakDisk } from "../support/faulty_disk.ts";

Deno.test("what an earlier run left of its stages is removed, or it is said that it cannot be", () =>
  inTempFolder(async (checkpoint) => {
    for (const name of ["repair", "whole", "group-1", "search.jsonl"]) {
      await Deno.mkdir(join(checkpoint, name));
    }
    const folder = { checkpoint } as RunFolder;
    {
      using _ = breakDisk(1, "EROFS");
      await assert.rejects(removeStages(folder), {
        name: "InputError",
        message: /^removing .*, which an earlier run left: EROFS.*; choose another place/,
      });
    }
    await removeStages(folder, "repair");
    const left = [...Deno.readDirSync(checkpoint)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["repair", "search.jsonl"]);
  }));
