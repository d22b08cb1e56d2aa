import assert from "node:assert/strict";
import { decodeImage } from "../../src/data/decode_image.ts";
import { encodePicture } from "../../src/data/encode_picture.ts";

Deno.test("a picture decodes to the pixels it was made of, gray ones in three equal colors", async () => {
  const height = 3;
  const width = 5;
  for (const channels of [1, 3] as const) {
    const data = Uint8Array.from({ length: height * width * channels }, (_, i) => 16 * i + 3);
    const found = await decodeImage(await encodePicture({ data, height, width, channels }, 96));
    assert.deepEqual([found.height, found.width], [height, width]);
    for (let pixel = 0; pixel < height * width; pixel++) {
      const colors = [0, 1, 2].map((c) => data[pixel * channels + (channels === 1 ? 0 : c)]);
      assert.deepEqual([...found.data.slice(4 * pixel, 4 * pixel + 4)], [...colors, 255]);
    }
  }
});

Deno.test("a large picture is shrunk to the size that is wanted, in its own proportions", async () => {
  const image = { data: new Uint8Array(200 * 100).fill(77), height: 200, width: 100 };
  const found = await decodeImage(await encodePicture({ ...image, channels: 1 }, 96));
  assert.deepEqual([found.height, found.width, found.data[0]], [96, 48, 77]);
});
