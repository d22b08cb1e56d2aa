import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import {
  encodeCifar,
  encodeFlatJpeg,
  encodeIdxImages,
  encodeIdxLabels,
  encodeNpy,
  randomBytes,
  writeFile,
  writeImageFolder,
} from "./fixtures.ts";
import { testDatasetContract } from "./image_set_contract.ts";

testDatasetContract("CIFAR-10", async (folder) => {
  await writeFile(join(folder, "data_batch_1.bin"), encodeCifar([3, 0, 9]));
  await writeFile(join(folder, "data_batch_2.bin"), encodeCifar([1, 2], { seed: 2 }));
  await writeFile(join(folder, "test_batch.bin"), encodeCifar([4, 4], { seed: 3 }));
});

testDatasetContract("CIFAR-100", async (folder) => {
  await writeFile(join(folder, "train.bin"), encodeCifar([99, 0, 50], { coarse: 7 }));
  await writeFile(join(folder, "test.bin"), encodeCifar([1], { coarse: 7, seed: 2 }));
});

for (const gzipped of [false, true]) {
  testDatasetContract(gzipped ? "gzipped IDX" : "IDX", async (folder) => {
    const write = (name: string, bytes: Uint8Array) =>
      writeFile(join(folder, gzipped ? `${name}.gz` : name), gzipped ? gzipSync(bytes) : bytes);
    await write("train-images-idx3-ubyte", encodeIdxImages(4, 28, 28));
    await write("train-labels-idx1-ubyte", encodeIdxLabels([2, 0, 1, 2]));
    await write("t10k-images-idx3-ubyte", encodeIdxImages(2, 28, 28, 2));
    await write("t10k-labels-idx1-ubyte", encodeIdxLabels([1, 2]));
  });
}

testDatasetContract(".npz", async (folder) => {
  const path = join(folder, "set.npz");
  const entries = {
    "x_train.npy": encodeNpy("|u1", "(3, 8, 6, 3)", randomBytes(432)),
    "y_train.npy": encodeNpy("|u1", "(3, 1)", Uint8Array.of(1, 0, 2)),
    "x_test.npy": encodeNpy("|u1", "(2, 8, 6, 3)", randomBytes(288)),
    "y_test.npy": encodeNpy("<i4", "(2,)", Int32Array.of(2, 2)),
  };
  await writeFile(path, zipSync(entries));
  return path;
});

testDatasetContract("image folder", async (folder) => {
  await writeImageFolder(folder, { "train/cat": 3, "train/dog": 2, "test/cat": 1, "test/dog": 1 });
  await writeFile(join(folder, "train/dog/wide.JPG"), encodeFlatJpeg(50, 20, [200, 30, 90]));
});

testDatasetContract("images in memory", () => {
  const draw = (height: number, width: number, channels: number) => {
    const data = Uint8ClampedArray.from({ length: height * width * channels }, (_, i) => 7 * i);
    return { data, height, width };
  };
  return Promise.resolve({
    classes: ["cat", "dog"],
    train: { images: [draw(32, 32, 4), draw(9, 14, 3), draw(40, 33, 1)], labels: [1, 0, 1] },
    test: { images: [draw(32, 32, 3)], labels: Uint8Array.of(0) },
  });
});
