import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { explain } from "../../page/explain.ts";
import { findImages } from "../../page/find_images.ts";
import { findModel } from "../../page/find_model.ts";
import { nameOfPicture } from "../../page/picture_name.ts";
import { unpack } from "../../page/unpack.ts";
import { OPTION_LABELS } from "../../page/option_labels.ts";
import { anyOf, InputError, type Message, option } from "../../src/base/mod.ts";

const files = (...paths: string[]) => new Map(paths.map((path) => [path, new Blob([path])]));

const REFUSALS: Record<string, { paths: string[]; message: RegExp }> = {
  "two models": { paths: ["a/model.json", "b/model.json"], message: /a\/model\.json and b\/model/ },
  "two files of Keras": { paths: ["a.h5", "b.keras"], message: /a\.h5 and b\.keras/ },
  "no model among several files": {
    paths: ["a.txt", "b.bin"],
    message: /2 files \(a\.txt, b\.bin\)/,
  },
};

for (const [what, { paths, message }] of Object.entries(REFUSALS)) {
  Deno.test(`${what}: an InputError names the files`, async () => {
    await assert.rejects(findModel(files(...paths)), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a model.json comes before other files, and brings those beside it", async () => {
  const dropped = files("m/metadata.json", "m/model.json", "m/weights/1.bin", "notes/old.json");
  const { path, name, files: own } = await findModel(dropped);
  assert.deepEqual([path, name], ["m/model.json", "model.json"]);
  assert.deepEqual([...own.keys()].sort(), ["metadata.json", "model.json", "weights/1.bin"]);
});

Deno.test("archives are unpacked in their place, but those that are a model or images", async () => {
  const zip = zipSync({
    "cat/1.png": Uint8Array.of(1),
    "__MACOSX/cat/1.png": new Uint8Array(1),
    ".DS_Store": new Uint8Array(1),
  });
  const archive = (
    path: string,
  ): [string, Blob] => [path, new Blob([zip as Uint8Array<ArrayBuffer>])];
  const dropped = new Map([archive("pets.zip"), archive("net.keras"), archive("set.npz")]);
  const unpacked = await unpack(dropped, "images");
  assert.deepEqual([...unpacked.keys()], ["pets/cat/1.png", "net.keras", "set.npz"]);
  assert.deepEqual(await unpacked.get("pets/cat/1.png")!.bytes(), Uint8Array.of(1));
});

Deno.test("images are in the folder that all files share", () => {
  const pathOf = (...paths: string[]) => findImages(files(...paths)).path;
  assert.equal(pathOf("pets/train/cat/1.png", "pets/test/dog/2.png"), "pets");
  assert.equal(pathOf("pets/cat/1.png", "pets/dog/2.png", "pets/README.txt"), "pets");
  assert.equal(pathOf("set.npz"), "set.npz");
  const loose = findImages(files("1.png", "2.png"));
  assert.deepEqual([loose.path, ...loose.files.keys()], ["images", "images/1.png", "images/2.png"]);
});

Deno.test("a picture of the camera is in the folder of its class, whatever that is called", () => {
  assert.equal(nameOfPicture(" red fox ", 3), "camera/red fox/3.jpg");
  assert.equal(nameOfPicture("a/b\\c", 1), "camera/a-b-c/1.jpg");
  assert.equal(nameOfPicture("../.hidden", 1), "camera/-.hidden/1.jpg");
  assert.equal(nameOfPicture("  ", 7), "camera/7.jpg");
});

Deno.test("messages of the core name what is on the page, and defects say that nothing is lost", () => {
  const explained = (message: Message) =>
    explain(new InputError(new InputError(message).describe(OPTION_LABELS)));
  assert.equal(
    explained(["reading m.json: its size is open; give both with ", option("inputSize")]),
    'Reading m.json: its size is open; give both with "Input size".',
  );
  assert.equal(
    explained(["too few samples; raise ", anyOf(["batches", "batchSize"])]),
    'Too few samples; raise "Images for the statistics".',
  );
  assert.equal(
    explained(["give ", anyOf(["preset", "mean", "std", "scale"], "depth")]),
    'Give "Pixel values".',
  );
  assert.match(explain(new RangeError("no memory")), /no memory.*still here/);
});
