import assert from "node:assert/strict";
import { join } from "node:path";
import {
  requireWritableFolder,
  writeBeside,
  writeWholeFile,
  writeWholeFolder,
} from "../../src/base/whole_file.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { breakFiles } from "../support/broken_files.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

const FILES = new Map<string, string | Uint8Array>([["a", "é"], ["b", Uint8Array.of(1, 2)]]);

Deno.test("a file is written from a text, from bytes, and from bytes one behind the other", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await writeWholeFile(path, "größe");
    assert.equal(await Deno.readTextFile(path), "größe");
    await writeWholeFile(path, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
    assert.deepEqual(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
    await writeWholeFile(path, new Uint8Array(0));
    assert.deepEqual(await Deno.readFile(path), new Uint8Array(0));
    assert.deepEqual(namesIn(folder), ["file"]);
  }));

Deno.test("many that write one file at a time leave what one of them wrote, and no drafts", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(1000 + index));
    await Promise.all(texts.map((text) => writeWholeFile(path, text)));
    assert.ok(texts.includes(await Deno.readTextFile(path)));
    assert.deepEqual(namesIn(folder), ["file"]);
  }));

Deno.test("what cannot be written leaves what was there, and no draft", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await writeWholeFile(path, "old");
    const written = () => Deno.readTextFileSync(path);
    {
      using _ = breakFiles(1, "fail");
      await assert.rejects(writeWholeFile(path, "new"), {
        name: "InputError",
        message: /^writing .*file: the disk is full; /,
      });
    }
    const reason = new Error("interrupted");
    await assert.rejects(writeWholeFile(path, "new", AbortSignal.abort(reason)), reason);
    const failing = writeBeside(path, async (draft) => {
      await Deno.writeTextFile(draft, "new");
      throw reason;
    });
    await assert.rejects(failing, reason);
    assert.equal(written(), "old");
    assert.deepEqual(namesIn(folder), ["file"]);
  }));

Deno.test("a folder appears with all its files, in the place of an empty one too", () =>
  inTempFolder(async (folder) => {
    const place = join(folder, "on/the/way");
    await writeWholeFolder(place, FILES);
    assert.deepEqual(namesIn(place), ["a", "b"]);
    await Deno.mkdir(join(folder, "empty"));
    await writeWholeFolder(join(folder, "empty"), FILES);
    assert.equal(await Deno.readTextFile(join(folder, "empty/a")), "é");
    assert.deepEqual(namesIn(folder), ["empty", "on"]);
  }));

Deno.test("a folder that cannot be written leaves none on the way to it, and none is replaced", () =>
  inTempFolder(async (folder) => {
    const place = join(folder, "on/the/way");
    const tooLong = new Map([...FILES, ["x".repeat(300), ""]]);
    await assert.rejects(writeWholeFolder(place, tooLong), { name: "InputError" });
    await assert.rejects(
      writeWholeFolder(place, FILES, { signal: AbortSignal.abort(new Error("interrupted")) }),
      /^Error: interrupted$/,
    );
    assert.deepEqual(namesIn(folder), []);
    await writeWholeFolder(place, FILES);
    await assert.rejects(
      writeWholeFolder(place, new Map([["c", ""]])),
      /^InputError: writing .*way/,
    );
    assert.deepEqual(namesIn(place), ["a", "b"]);
    assert.deepEqual(namesIn(join(folder, "on/the")), ["way"]);
  }));

Deno.test("whether a folder can be written is found out without leaving anything", () =>
  inTempFolder(async (folder) => {
    await requireWritableFolder(join(folder, "on/the/way"));
    await Deno.writeTextFile(join(folder, "file"), "");
    await assert.rejects(requireWritableFolder(join(folder, "file/way")), { name: "InputError" });
    assert.deepEqual(namesIn(folder), ["file"]);
  }));
