import assert from "node:assert/strict";
import { join } from "node:path";
import { drawTradeOff, THEMES } from "../../docs/make/draw_trade_off.ts";
import { readTradeOffPoints } from "../../docs/make/trade_off_points.ts";
import { projectFolder } from "./documents.ts";

const MOST_BYTES = 150_000;

for (const [name, theme] of Object.entries(THEMES)) {
  Deno.test(`the ${name} chart is drawn from the figures of bench/results`, async () => {
    const file = `docs/images/trade-off-${name}.svg`;
    const found = await Deno.readTextFile(join(projectFolder, file));
    const wanted = drawTradeOff(await readTradeOffPoints(), theme);
    assert.ok(
      found === wanted,
      `${file} is not what the figures give; run \`deno task figures\` and commit it`,
    );
  });
}

Deno.test("pictures are small", async () => {
  const folder = join(projectFolder, "docs/images");
  for await (const { name } of Deno.readDir(folder)) {
    const { size } = await Deno.stat(join(folder, name));
    assert.ok(size <= MOST_BYTES, `${name} has ${size} bytes, wanted at most ${MOST_BYTES}`);
  }
});
