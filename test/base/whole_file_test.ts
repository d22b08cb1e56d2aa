import assert from "node:assert/strict";
import { join } from "node:path";
import {
  requireWritableFolder,
  writeBeside,
  writeWholeFile,
  writeWholeFiles,
  writeWholeFolder,
} from "../../src/base/whole_file.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { breakFiles } from "../support/broken_files.ts";
import { watchDisk } from "../support/faulty_disk.ts";

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

Deno.test("a link to a file keeps being one, and what it leads to is replaced", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "below"));
    await Deno.writeTextFile(join(folder, "below/file"), "old");
    await Deno.symlink("below/file", join(folder, "link"));
    await writeWholeFile(join(folder, "link"), "new");
    assert.ok((await Deno.lstat(join(folder, "link"))).isSymlink);
    assert.equal(await Deno.readTextFile(join(folder, "below/file")), "new");
    assert.deepEqual(namesIn(join(folder, "below")), ["file"]);
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

Deno.test("the disk has a file before it takes its place, and then its name", () =>
  inTempFolder(async (folder) => {
    const steps: string[] = [];
    using _ = watchDisk((name) => void steps.push(name));
    await writeWholeFile(join(folder, "file"), "text");
    const written = ["open", "write", "sync", "close"];
    const named = ["open", "sync", "close"];
    assert.deepEqual(steps.splice(0), [...written, "rename", ...named]);
    await writeWholeFolder(join(folder, "new/folder"), FILES);
    assert.deepEqual(steps.splice(0), [
      ...["mkdir", ...written, ...written, ...named, "rmdir", "rename"],
      ...[...named, ...named],
    ]);
  }));

Deno.test("where folders and files cannot be waited for, they are written all the same", () =>
  inTempFolder(async (folder) => {
    for (const code of ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]) {
      using _ = watchDisk((name) => {
        if (name === "sync") throw Object.assign(new Error(code), { code });
      });
      await writeWholeFile(join(folder, "file"), code);
      assert.equal(await Deno.readTextFile(join(folder, "file")), code);
      await writeWholeFolder(join(folder, code), FILES);
      assert.deepEqual(namesIn(join(folder, code)), ["a", "b"]);
    }
    using _ = watchDisk((name) => {
      if (name === "sync") throw Object.assign(new Error("i/o error"), { code: "EIO" });
    });
    await assert.rejects(writeWholeFile(join(folder, "file"), "new"), {
      name: "InputError",
      message: /^writing .*file: i\/o error; /,
    });
    assert.equal(await Deno.readTextFile(join(folder, "file")), "EOPNOTSUPP");
  }));

Deno.test("files that belong together are all written before one takes its place", () =>
  inTempFolder(async (folder) => {
    const [model, report] = ["model", "report"].map((name) => join(folder, name));
    const write = (text: string) => writeWholeFiles(new Map([[model, text], [report, text]]));
    await write("old");
    {
      let writes = 0;
      using _ = watchDisk((name) => {
        if (name === "write" && ++writes === 2) throw new Error("the disk is full");
      });
      await assert.rejects(write("new"), {
        name: "InputError",
        message: /report: the disk is full/,
      });
    }
    assert.equal(await Deno.readTextFile(model), "old");
    {
      let renames = 0;
      using _ = watchDisk((name) => {
        if (name === "rename" && ++renames === 2) throw new Error("not now");
      });
      await assert.rejects(write("new"), {
        name: "InputError",
        message: /report: not now, but the new .*model is in place; write them again$/,
      });
    }
    assert.deepEqual([model, report].map((path) => Deno.readTextFileSync(path)), ["new", "old"]);
    assert.deepEqual(namesIn(folder), ["model", "report"]);
  }));
