import assert from "node:assert/strict";
import { noteOnSelectors, whyItDoesNotPay } from "../../../cli/output/gain_notes.ts";
import { SLOW_SELECTOR } from "../../../src/mod.ts";

type Layers = Parameters<typeof whyItDoesNotPay>[0]["layers"];

const layersOf = (...modes: Layers[number]["mode"][]) =>
  modes.map((mode) => ({ mode })) as unknown as Layers;
const SELECTING = { layers: layersOf("whole", "select") };
const COUPLED = { layers: layersOf("couple", "private") };
const LARGER = { bytes: { before: 100, after: 150 }, milliseconds: {} };

Deno.test("a smaller network that is slower is told with advice that applies", () => {
  const slower = {
    bytes: { before: 0, after: 10 },
    milliseconds: { before: 1, after: 1.5 },
  };
  assert.match(whyItDoesNotPay(SELECTING, slower).join(), /1\.50 times as long .* --shared couple/);
  assert.match(
    whyItDoesNotPay(COUPLED, slower).join(),
    /1\.50 times as long .*: keep fewer channels$/,
  );
  for (const after of [undefined, 1.01, 0.5]) {
    const milliseconds = { before: 1, after };
    assert.deepEqual(whyItDoesNotPay(COUPLED, { ...slower, milliseconds }), []);
  }
});

Deno.test("a larger file is to be quantized where it is not and can be", () => {
  const adviceOf = (report: typeof COUPLED, storage?: "uint8" | "file") => {
    const notices = whyItDoesNotPay(report, { ...LARGER, storage });
    assert.equal(notices.length, 1);
    return notices[0].match(/^the written model is 1\.50 times .* on disk: (.*)$/)![1];
  };
  assert.match(adviceOf(COUPLED), /^give --quantize/);
  assert.match(adviceOf(COUPLED, "file"), /^give --quantize float16/);
  assert.equal(adviceOf(COUPLED, "uint8"), "keep fewer channels");
  assert.match(adviceOf(SELECTING, "uint8"), /^keep fewer channels, or give --shared couple/);
  const bytes = { before: 1000, after: 1010 };
  assert.deepEqual(whyItDoesNotPay(COUPLED, { ...LARGER, bytes }), []);
});

Deno.test("convolutions that stay whole for their selectors are counted", () => {
  const layers = [SLOW_SELECTOR, undefined, SLOW_SELECTOR].map((reason) => ({ reason }));
  const report = { layers: layers as unknown as Layers };
  assert.match(noteOnSelectors(report).join(), /^2 of the convolutions .*, and stay whole: /);
  assert.deepEqual(noteOnSelectors(COUPLED), []);
});
