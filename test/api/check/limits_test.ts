import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { compareToLimits } from "../../../src/api/check/compare_to_limits.ts";
import { needsOf, parseLimits } from "../../../src/api/check/limits.ts";
import { toJUnit } from "../../../src/api/check/junit.ts";

Deno.test("parseLimits() takes known limits and names what is wrong with others", () => {
  assert.deepEqual(parseLimits('{"bytes": 100, "accuracy": 0.9}', "b.json"), {
    bytes: 100,
    accuracy: 0.9,
  });
  const refused: [string, RegExp][] = [
    ["{", /reading b\.json: .*wanted JSON/],
    ["[]", /found \[\], wanted an object/],
    ["null", /found null, wanted an object/],
    ["{}", /found no limit, wanted one or more of bytes, params/],
    ['{"size": 1}', /found the limit "size", wanted one of bytes/],
    ['{"toString": 1}', /found the limit "toString"/],
    ['{"bytes": "1"}', /found "1" for "bytes", wanted a number/],
    ['{"bytes": -1}', /found -1 for "bytes"/],
    ['{"bytes": null}', /found null for "bytes"/],
    ['{"bytes": 1e999}', /found .* for "bytes"/],
    ['{"__proto__": 1}', /found the limit "__proto__"/],
    ['{"bytes": 1', /wanted JSON/],
    [`{"bytes": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`, /more than 500 levels/],
  ];
  for (const [text, message] of refused) {
    assert.throws(() => parseLimits(text, "b.json"), (error: Error) => {
      assert.ok(error instanceof InputError, text);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("needsOf() asks for what the limits cannot do without", () => {
  assert.deepEqual(needsOf({ bytes: 1 }), { data: false, reference: false, latency: false });
  assert.deepEqual(needsOf({ latency: 1 }), { data: false, reference: false, latency: true });
  assert.deepEqual(needsOf({ latencyShare: 1 }), { data: false, reference: true, latency: true });
  assert.deepEqual(needsOf({ accuracyDrop: 0 }), { data: true, reference: true, latency: false });
});

Deno.test("compareToLimits() holds a figure that equals its limit, on both sides", () => {
  const limits = { bytes: 10, accuracy: 0.5, macs: 4 };
  const exact = compareToLimits(limits, { bytes: 10, accuracy: 0.5, macs: 4, params: 99 });
  assert.deepEqual(exact.map(({ name, holds }) => [name, holds]), [
    ["bytes", true],
    ["accuracy", true],
    ["macs", true],
  ]);
  const missed = compareToLimits(limits, { bytes: 11, accuracy: 0.25, macs: 3 });
  assert.deepEqual(missed.map(({ holds, excess }) => [holds, excess]), [
    [false, 1],
    [false, 0.25],
    [true, -1],
  ]);
  assert.throws(() => compareToLimits(limits, { bytes: 1 }), RangeError);
});

Deno.test("toJUnit() has a test case for every limit and escapes what it is given", () => {
  const results = compareToLimits({ bytes: 10, macs: 4 }, { bytes: 12, macs: 4 });
  const xml = toJUnit('a<b>&"c"\u0001', results, () => "found <12> & 'more'");
  assert.match(xml, /^<\?xml version="1\.0"/);
  assert.match(xml, /<testsuite name="a&lt;b&gt;&amp;&quot;c&quot;" tests="2" failures="1">/);
  assert.match(
    xml,
    /name="bytes">\n +<failure message="found &lt;12&gt; &amp; &apos;more&apos;"\/>/,
  );
  assert.match(xml, /name="macs"\/>/);
});
