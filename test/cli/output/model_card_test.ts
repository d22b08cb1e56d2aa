import assert from "node:assert/strict";
import { join } from "node:path";
import { renderCard } from "../../../cli/output/model_card.ts";
import { inTempFolder, pruneArguments, writeSmallData } from "../fixtures.ts";
import { runJson } from "../run_cli.ts";

Deno.test("--card writes what the report says into a README beside the model", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const out = join(folder, "smaller");
    const { accuracy } = await runJson(pruneArguments(data, out, "--card"));
    const card = await Deno.readTextFile(join(out, "README.md"));
    const [, head, text] = card.match(/^---\n(.*?)\n---\n(.*)$/s)!;
    assert.match(head, /^library_name: tfjs$/m);
    assert.match(head, /^base_model: "resnet8-fashion-mnist"$/m);
    assert.match(head, new RegExp(`^ {10}- type: accuracy\\n {12}value: ${accuracy.after}$`, "m"));
    assert.match(text, /^# smaller$/m);
    assert.match(text, /^\| multiply-accumulates \| 9\.55 M \| [\d.]+ M \|$/m);
    assert.match(text, /^ {4}secateur prune .* --card/m);
    const record = JSON.parse(await Deno.readTextFile(join(out, "report.json")));
    assert.equal(renderCard(record), card);
    assert.match(renderCard({ ...record, out: "model.onnx" }), /^library_name: onnx$/m);
  });
});
