import assert from "node:assert/strict";
import { makeTempFolder, withTempFolder } from "../../src/base/temp_folder.ts";
import { breakDisk } from "../support/faulty_disk.ts";

const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test("a temporary folder is there for its work alone, whatever comes of it", async () => {
  const folders: string[] = [];
  const done = withTempFolder("secateur-test-", async (folder) => {
    folders.push(folder);
    await Deno.writeTextFile(`${folder}/file`, "text");
    return "done";
  });
  assert.equal(await done, "done");
  const reason = new Error("no");
  const failed = withTempFolder("secateur-test-", (folder) => {
    folders.push(folder);
    return Promise.reject(reason);
  });
  await assert.rejects(failed, reason);
  assert.deepEqual(await Promise.all(folders.map(isThere)), [false, false]);
});

Deno.test("where there can be no temporary folder, it is said with what to do", async () => {
  using _ = breakDisk(1, "ENOSPC");
  await assert.rejects(makeTempFolder("secateur-test-"), {
    name: "InputError",
    message: /^making a folder in .*ENOSPC.*; make room there, or choose another disk$/,
  });
});
