import assert from "node:assert/strict";
import { InputError } from "../../src/base/errors.ts";
import {
  checkRecord,
  drawComparison,
  drawReport,
  type RunRecord,
  summarizeRuns,
} from "../../src/report/drawing.ts";
import { escapeHtml, html } from "../../src/report/html.ts";
import { paretoFront } from "../../src/base/pareto.ts";
import { pickClasses, Tally } from "../../src/report/tally.ts";
import { formatCount, formatSeconds, shorten } from "../../src/report/units.ts";
import { createRandom } from "../../src/base/random.ts";
import { readRuns } from "../../src/report/run_reports.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { detectorRecord, HOSTILE, pruneRecord, tuningRecord } from "./records.ts";

function idsOf(page: string): string[] {
  return [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
}

/** Cells of the rows of the table whose caption begins so. */
function tableRows(page: string, caption: string): string[][] {
  const [, body] = page.match(
    new RegExp(`<caption>${caption}[^<]*</caption>[^]*?<tbody>([^]*?)</tbody>`),
  )!;
  return [...body.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>([^<]*)</g)].map(([, cell]) => cell)
  );
}

const CHARTS = [
  ...["channels", "errors", "macs", "time-by-class", "time-by-layer", "trade", "rewards"],
  ...["training-loss", "training-quality", "confusion-before", "confusion-after", "classes"],
];

Deno.test("the report of a pruning run has every chart, each with its title, its summary and its table", () => {
  const page = drawReport(pruneRecord());
  const ids = idsOf(page);
  assert.equal(new Set(ids).size, ids.length, "every place has a name of its own");
  for (const chart of CHARTS) {
    const figure = page.match(new RegExp(`<figure id="${chart}"[^]*?</figure>`))?.[0] ?? "";
    assert.equal(figure.match(/<svg /g)?.length, 2, chart);
    assert.match(figure, /<details>[^]*<th scope="row">/, chart);
    for (
      const [, title, summary] of figure.matchAll(
        /aria-labelledby="([^"]+)" aria-describedby="([^"]+)"/g,
      )
    ) {
      assert.match(figure, new RegExp(`<title id="${title}">[^<]+</title>`));
      assert.match(figure, new RegExp(`<desc id="${summary}">[^<]+</desc>`));
    }
  }
  assert.match(page, /right \(before: 87\.12\u202f%\), with <b>41\.3\u202f%<\/b> of the/);
  assert.ok(!page.includes("⚠"), "the plotting library has nothing to warn of");
  for (const target of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target[1]));
});

Deno.test("what a run does not know is left out", () => {
  const { profile: _, answers: __, search: ___, report, ...rest } = pruneRecord();
  const { tuning: _t, search: _s, ...bare } = report;
  const page = drawReport({ ...rest, report: { ...bare, batchNorm: { reestimated: false } } });
  const ids = idsOf(page);
  const missing = ["costs", "search", "training", "answers", "changed"];
  assert.ok(missing.every((section) => !ids.includes(section)));
  assert.ok(["summary", "channels", "provenance"].every((section) => ids.includes(section)));
  assert.doesNotMatch(page, /NaN|undefined|BatchNormalization statistics/);
});

Deno.test("a run without accuracy shows the relative error of the outputs in its place", () => {
  const page = drawReport(detectorRecord());
  assert.doesNotMatch(page, /[Aa]ccuracy|answered rightly|\bnats\b|NaN|undefined/);
  assert.match(page, /relative error of <b>14\.14\u202f%<\/b> against the outputs of the original/);
  const rowsOf = (caption: string) => tableRows(page, caption);
  assert.deepEqual(rowsOf("Relative error of every output"), [
    ["boxes", "0.00\u202f%", "12.00\u202f%"],
    ["scores", "0.00\u202f%", "16.00\u202f%"],
  ]);
  const [first] = rowsOf("Relative error by epoch");
  assert.deepEqual(first, ["1", "whole network", "50.00\u202f%"]);
  assert.match(page, /the relative error on the test images was 21\.00\u202f%; afterwards 14\.14/);
  const [rollout] = detectorRecord().search!.rollouts;
  const [tried] = rowsOf("All networks that were tried");
  assert.equal(tried[2], `${(100 * rollout.error).toFixed(2)}\u202f%`);
  const ids = idsOf(page);
  assert.ok(["trade", "rewards", "training-loss"].every((chart) => ids.includes(chart)));
  assert.ok(!ids.includes("answers") && !ids.includes("changed"));
});

Deno.test("finalists are told from roll-outs, which they do not compare with", () => {
  const record = pruneRecord({ rollouts: 10 });
  const page = drawReport(record);
  const { winner } = record.report.search!;
  assert.ok(winner > 10, "a finalist wins");
  assert.match(page, new RegExp(`<p>Network ${winner} won\\.`));
  assert.match(page, /The 10 roll-outs are networks read off[^]*BatchNormalization estimated anew/);
  assert.match(page, /3 finalists, [^]* were cut, repaired and measured once more/);
  const rows = tableRows(page, "Reward over the search");
  assert.deepEqual(rows.slice(10).map(([number, source, , best]) => [number, source, best]), [
    ["11", "finalist", ""],
    ["12", "finalist", ""],
    ["13", "finalist", ""],
  ]);
  const best = Math.max(...record.search!.rollouts.slice(0, 10).map(({ reward }) => reward));
  assert.equal(rows[9][3], best.toFixed(4));
});

Deno.test("the report of a training shows no answers of the untrained network", () => {
  const ids = idsOf(drawReport(tuningRecord("train")));
  assert.ok(ids.includes("confusion-after") && ids.includes("training-loss"));
  assert.ok(!ids.includes("confusion-before") && !ids.includes("changed"));
  assert.ok(idsOf(drawReport(tuningRecord("finetune"))).includes("changed"));
});

Deno.test("many classes, layers and images, or hardly any, are drawn all the same", () => {
  const classes = Array.from({ length: 100 }, (_, index) => `class ${index}`);
  const large = drawReport(pruneRecord({ blocks: 50, classes, images: 3000 }));
  assert.match(large, /The 12 of 100 classes in which most answers changed/);
  assert.ok(!large.includes("NaN"));
  const small = drawReport(pruneRecord({ blocks: 1, classes: ["only"], images: 1, rollouts: 1 }));
  assert.ok(!small.includes("NaN") && !small.includes("Infinity"));
});

Deno.test("no text of a run becomes markup", () => {
  const classes = ["a", HOSTILE, HOSTILE];
  const hostile = pruneRecord({ classes, text: HOSTILE, layerName: (layer) => HOSTILE + layer });
  const harmless = pruneRecord({
    classes: ["a", "b", "b"],
    text: "c",
    layerName: (layer) => `d${layer}`,
  });
  const elementsOf = (page: string) => page.match(/<[a-z][^\s/>]*/g);
  assert.deepEqual(elementsOf(drawReport(hostile)), elementsOf(drawReport(harmless)));
  const compare = (record: RunRecord) =>
    drawComparison(summarizeRuns([{ path: record.out, record }]));
  assert.deepEqual(elementsOf(compare(hostile)), elementsOf(compare(harmless)));
});

Deno.test("templates escape texts and attributes, and leave pieces as they are", () => {
  const piece = html`<b title="${`"'`}">${"<&>"}</b>`;
  assert.equal(
    html`<p>${[piece, undefined, 3]}</p>`.source,
    `<p><b title="&quot;&#39;">&lt;&amp;&gt;</b>3</p>`,
  );
  assert.equal(escapeHtml("a"), "a");
});

Deno.test("nothing beats what is on the Pareto front, and something on it beats or equals all else", () => {
  const random = createRandom(5);
  const draw = () => Math.round(8 * random());
  const offers = Array.from({ length: 60 }, () => ({ cost: draw(), quality: draw() }));
  const front = paretoFront(offers);
  const beats = (a: typeof offers[0], b: typeof offers[0]) =>
    a.cost <= b.cost && a.quality >= b.quality && (a.cost < b.cost || a.quality > b.quality);
  for (const offer of offers) {
    assert.equal(
      offers.some((other) => beats(other, offer)),
      !front.some((best) => best.cost === offer.cost && best.quality === offer.quality),
    );
  }
});

Deno.test("a tally counts what a naive count finds", () => {
  const { answers } = pruneRecord({ images: 200 });
  const { labels, after } = answers!;
  const tally = new Tally(labels, after);
  for (let label = 0; label < 8; label++) {
    const own = labels.flatMap((found, image) => found === label ? [after[image]] : []);
    assert.equal(tally.images(label), own.length);
    for (let answer = 0; answer < 8; answer++) {
      assert.equal(tally.count(label, answer), own.filter((found) => found === answer).length);
    }
    assert.equal(tally.accuracy(label), own.filter((found) => found === label).length / own.length);
  }
  assert.equal(tally.accuracy(99), undefined);
  assert.deepEqual(
    pickClasses({ ...answers!, labels: [5, 5, 2], before: [0, 1, 2], after: [5, 2, 3] }, 2),
    [2, 5],
  );
});

Deno.test("runs are called by their folders, or by their paths where folders have one name", () => {
  const record = pruneRecord();
  const namesOf = (...paths: string[]) =>
    summarizeRuns(paths.map((path) => ({ path, record }))).map(({ name }) => name);
  assert.deepEqual(namesOf("runs/a/", "runs/b/report.json", "c.report.json"), ["a", "b", "c"]);
  assert.deepEqual(namesOf("x/a", "y/a", "b"), ["x/a", "y/a", "b"]);
});

Deno.test("times that were taken under other conditions are said not to compare", () => {
  const first = pruneRecord();
  const latency = { ...first.profile!.latency!, batchSize: 1 };
  const second = { ...first, profile: { ...first.profile!, latency } };
  const compare = (...records: RunRecord[]) =>
    drawComparison(
      summarizeRuns(records.map((record, index) => ({ path: `run${index}`, record }))),
    );
  assert.match(compare(first, second), /cannot be compared/);
  assert.doesNotMatch(compare(first, first), /cannot be compared/);
  const before = { ...first.profile!.before!, milliseconds: 99 };
  const busy = { ...first, profile: { ...first.profile!, before } };
  assert.match(compare(first, busy), /resnet20, which several runs began with, took 19\.5\u202fms/);
});

Deno.test("a network that one run wrote and another began with is one network", () => {
  const first = pruneRecord();
  const accuracy = { before: first.report.accuracy!.after, after: 0.9 };
  const second = { ...first, model: "runs/half", report: { ...first.report, accuracy } };
  const runs = [{ path: "runs/half", record: first }, { path: "runs/better", record: second }];
  const rows = tableRows(drawComparison(summarizeRuns(runs)), "Accuracy against MACs");
  assert.deepEqual(rows.map(([name]) => name), ["half", "better", "resnet20"]);
});

Deno.test("runs without accuracy are compared by relative errors, of which the smaller is better", () => {
  const first = detectorRecord();
  const outputError = { ...first.report.outputError!, after: 0.3 };
  const worse = { ...first, report: { ...first.report, outputError } };
  const page = drawComparison(
    summarizeRuns([{ path: "worse", record: worse }, { path: "good", record: first }]),
  );
  assert.doesNotMatch(page, /accuracy/i);
  const rows = tableRows(page, "Relative error against MACs");
  assert.deepEqual(rows.map(([name, error, , isBest]) => [name, error, isBest]), [
    ["worse", "30.00\u202f%", "no"],
    ["good", "14.14\u202f%", "yes"],
    ["detector", "0.00\u202f%", "yes"],
  ]);
  assert.equal(tableRows(page, "Relative error against latency").length, 3);
});

Deno.test("a file that is no record is refused by the field that is wrong", () => {
  const record = pruneRecord();
  assert.equal(checkRecord(record, "f"), record);
  for (
    const [change, message] of [
      [null, /found undefined as format, wanted secateur-run-1/],
      [
        { ...record, kind: "other" },
        /reading f: found "other" as kind, wanted prune, finetune, train/,
      ],
      [{ ...record, bytes: { after: "1" } }, /found "1" as bytes.after, wanted a number/],
      [
        { ...record, report: { ...record.report, accuracy: { before: 1, after: null } } },
        /found null as report.accuracy.after/,
      ],
    ] as const
  ) {
    assert.throws(
      () => checkRecord(change, "f"),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
});

Deno.test("a damaged report is refused by its name, whatever is wrong with it", () =>
  inTempFolder(async (folder) => {
    const file = `${folder}/report.json`;
    const record = pruneRecord();
    const whole = JSON.stringify(record);
    const { profile: _, ...plain } = record;
    const damaged = [
      ...["", "report", "null", "[]", "7", '"constructor"', whole.slice(0, -20)],
      "[".repeat(10_000) + "]".repeat(10_000),
      ...[null, [], 7, "constructor"].flatMap((value) => [
        { ...record, report: value },
        { ...record, bytes: value },
        { ...record, profile: value },
        { ...record, profile: { ...record.profile, after: value } },
        { ...record, profile: { ...record.profile, before: value } },
        { ...record, profile: { ...record.profile, latency: value } },
        { ...record, profile: { ...record.profile, latency: { conditions: value } } },
        { ...plain, report: { ...record.report, macs: value } },
        { ...plain, report: { ...record.report, params: value } },
      ]).map((value) => JSON.stringify(value)),
      ...["null", "1e999", '"1"', "{}"].flatMap((value) => [
        whole.replace(/"seed":\d+/, `"seed":${value}`),
        whole.replace(/"convMacs":\d+/, `"convMacs":${value}`),
      ]),
    ];
    for (const text of damaged) {
      await Deno.writeTextFile(file, text);
      await assert.rejects(readRuns([folder]), (error: Error) => {
        assert.ok(error instanceof InputError, `${text.slice(0, 300)}: ${error.stack}`);
        assert.ok(error.message.startsWith(`reading ${file}: `), error.message);
        assert.match(error.message, /; give a folder that prune, finetune or train has written$/);
        return true;
      });
    }
    await Deno.writeTextFile(file, JSON.stringify(plain));
    assert.equal((await readRuns([file]))[0].macs.after, record.report.macs.after);
  }));

Deno.test("numbers and names are written as people read them", () => {
  assert.deepEqual([12, 1234, 41075328, 5e9].map(formatCount), [
    "12",
    "1.23\u202fk",
    "41.1\u202fM",
    "5.00\u202fG",
  ]);
  assert.deepEqual([1.25, 75, 7320].map(formatSeconds), [
    "1.3\u202fs",
    "1\u202fmin 15\u202fs",
    "2\u202fh 2\u202fmin",
  ]);
  assert.deepEqual([shorten("stage1_block1", 7), shorten("short", 7)], ["sta…ck1", "short"]);
});
