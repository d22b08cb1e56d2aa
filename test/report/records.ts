import type {
  LayerProfile,
  LoggedRollout,
  NetworkProfile,
  PruneRecord,
  TuningRecord,
} from "../../src/mod.ts";
import { createRandom } from "../../src/base/random.ts";

/** Texts that a user may have chosen: they end up in headings, attributes, cells, tooltips and axes. */
export const HOSTILE =
  `"><img src=x onerror=alert(1)></title></svg><script>alert(2)</script>&amp;'`;

const PICTURE = "data:image/png;base64," +
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==";

/** Sizes and names of a record. */
export interface RecordSize {
  readonly blocks?: number;
  readonly classes?: readonly string[];
  readonly images?: number;
  readonly rollouts?: number;
  readonly layerName?: (layer: number) => string;
  readonly text?: string;
}

const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
];
const CONDITIONS = { tfjs: "4.22.0", target: "x86_64-unknown-linux-gnu", cores: 2, threads: 1 };

/** Layers in the manner of a ResNet: every convolution has its BatchNormalization. */
function network(widths: readonly number[], nameOf: (layer: number) => string): NetworkProfile {
  const layers = widths.flatMap((width, index): LayerProfile[] => {
    const inputs = widths[index - 1] ?? 3;
    const macs = 9 * inputs * width * 256;
    const outputShape = [16, 16, width];
    return [
      {
        name: nameOf(index),
        className: "Conv2D",
        outputShape,
        macs,
        params: 9 * inputs * width,
        milliseconds: macs / 4e6,
      },
      {
        name: `${nameOf(index)}_bn`,
        className: "BatchNormalization",
        outputShape,
        macs: 0,
        params: 4 * width,
        milliseconds: width / 900,
      },
    ];
  });
  const sum = (cost: "macs" | "params" | "milliseconds") =>
    layers.reduce((total, layer) => total + layer[cost]!, 0);
  const macs = sum("macs");
  return {
    layers,
    macs,
    convMacs: macs,
    params: sum("params"),
    milliseconds: 1.1 * sum("milliseconds"),
  };
}

function answersOf(classes: readonly string[], count: number, text?: string) {
  const random = createRandom(3);
  const pick = () => Math.floor(random() * classes.length);
  const images = Array.from({ length: count }, (_, image) => image);
  const labels = images.map(pick);
  const answer = (share: number) => labels.map((label) => random() < share ? label : pick());
  const [before, after] = [answer(0.9), answer(0.8)];
  const changed = images.filter((image) => before[image] !== after[image]).slice(0, 12);
  return {
    classes,
    images,
    labels,
    before,
    after,
    changed: changed.map((image) => ({
      source: text ?? `test image ${image}`,
      label: labels[image],
      before: { class: before[image], probability: 0.875 },
      after: { class: after[image], probability: 0.625 },
      picture: PICTURE,
    })),
  };
}

/** Roll-outs and finalists; the latter stay just below a budget of one half, as they do in a search. */
function searchOf(count: number, macs: number, counts: readonly number[]) {
  const random = createRandom(1);
  const finalists = Math.ceil(0.3 * count);
  const sources = ["start", "near best", "random", "agent"] as const;
  const tried = Array.from({ length: count + finalists }, (_, index): LoggedRollout => {
    const isFinalist = index >= count;
    const share = isFinalist ? 0.495 : 0.3 + 0.2 * random();
    const accuracy = (isFinalist ? 0.6 : 0.5) + 0.3 * share + 0.1 * random();
    return {
      rollout: index + 1,
      counts,
      ratios: [],
      cost: share,
      noise: 0,
      source: isFinalist ? "refined" : sources[index % 4],
      error: 1 - accuracy,
      accuracy,
      loss: 1 - accuracy,
      reward: accuracy,
      macs: share * macs,
    };
  });
  return { rollouts: tried.slice(0, count), finalists: tried.slice(count) };
}

function epochsOf(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    epoch: index + 1,
    learningRate: 0.02 / (index + 1),
    loss: 1 / (index + 2),
    accuracy: 1 - 0.4 / (index + 1),
    validationAccuracy: 1 - 0.5 / (index + 1),
    seconds: 12,
  }));
}

/** A record of a pruning run with all that a report shows. */
export function pruneRecord(size: RecordSize = {}): PruneRecord {
  const { blocks = 9, classes = CLASSES, images = 300, rollouts = 60, text } = size;
  const {
    layerName = (layer: number) => `stage${1 + Math.floor(layer / 6)}_block${1 + layer % 6}_conv`,
  } = size;
  const random = createRandom(1);
  const widths = Array.from(
    { length: 2 * blocks },
    (_, layer) => 16 * 2 ** Math.floor(3 * layer / (2 * blocks)),
  );
  const kept = widths.map((width, layer) =>
    layer % 5 === 0 ? width : Math.ceil(width * (0.3 + 0.6 * random()))
  );
  const [before, after] = [network(widths, layerName), network(kept, layerName)];
  const tried = searchOf(rollouts, before.macs, kept);
  const best = tried.finalists.toSorted((a, b) => b.reward - a.reward)[0];
  return {
    format: "secateur-run-1",
    kind: "prune",
    model: text ?? "models/resnet20",
    out: text ?? "runs/half",
    finished: "2026-01-02T03:04:05.000Z",
    command: `secateur prune ${
      text ?? "models/resnet20"
    } --data cifar10 --out runs/half --prune-option auto`,
    versions: { secateur: "0.1.0", engine: "Deno 2.9.6" },
    machine: CONDITIONS,
    bytes: { before: 4 * before.params, after: 4 * after.params },
    profile: { before, after, latency: { batchSize: 32, conditions: CONDITIONS } },
    answers: answersOf(classes, images, text),
    search: {
      units: widths.map((_, layer) => layerName(layer)),
      rollouts: [...tried.rollouts, ...tried.finalists],
      failures: [],
    },
    report: {
      accuracy: { before: 0.8712, after: 0.8415 },
      loss: { before: 0.4, after: 0.52 },
      tuning: {
        accuracyBefore: 0.8,
        lossBefore: 0.6,
        validationAccuracy: 0.9,
        groups: [epochsOf(2), epochsOf(2)],
        epochs: epochsOf(6),
      },
      macs: {
        before: before.macs,
        after: after.macs,
        convBefore: before.macs,
        convAfter: after.macs,
        selectors: 0,
      },
      params: { before: before.params, after: after.params },
      search: {
        target: "macs",
        share: { wanted: 0.5, found: best.cost },
        images: 2000,
        rollouts,
        finalists: tried.finalists,
        winner: best.rollout,
      },
      layers: widths.map((width, layer) => ({
        name: layerName(layer),
        place: layer + 1,
        mode: kept[layer] < width ? "couple" : "whole",
        kept: kept[layer],
        of: width,
        relativeError: kept[layer] < width ? 0.2 * random() : 0,
        reason: kept[layer] < width ? undefined : text ?? "the model's input",
      })),
      batchNorm: { reestimated: true, lossKept: 0.7, lossReestimated: 0.6 },
      maskedDifference: 2e-6,
      seconds: {
        total: 75,
        calibrate: 20,
        search: 30,
        select: 5,
        reconstruct: 5,
        batchNorm: 1,
        repair: 0,
        tune: 10,
        evaluate: 4,
      },
      images: {
        calibration: 7680,
        test: images,
        unreadable: 1,
        unreadableNames: [text ?? "a/b.png"],
        unreadableReasons: [
          text ?? "reading a/b.png: found an empty file, wanted a PNG; remove it",
        ],
      },
      seed: 0,
      workers: 2,
      notices: text ? [text] : [],
    },
  };
}

/** A record of a tuning run. */
export function tuningRecord(kind: "finetune" | "train"): TuningRecord {
  const { report, search: _, profile, ...rest } = pruneRecord();
  return {
    ...rest,
    kind,
    model: kind === "train" ? "resnet20" : "runs/half",
    profile: kind === "train" ? { ...profile!, before: undefined } : profile,
    report: {
      accuracy: { before: 0.8, after: 0.86 },
      loss: report.loss,
      validationAccuracy: 0.9,
      epochs: epochsOf(5),
      notices: [],
      interrupted: false,
      seconds: 60,
      seed: 0,
      workers: 2,
    },
  };
}

/** A record of a tuned pruning run of a network with two outputs, which are compared with the original's. */
export function detectorRecord(): PruneRecord {
  const { answers: _, search, report, ...rest } = pruneRecord();
  const { accuracy: _accuracy, tuning, ...figures } = report;
  const withoutAccuracy = <Kind extends { readonly accuracy?: number }>(
    { accuracy: _, ...others }: Kind,
  ) => others;
  const compared = tuning!.epochs.map(({ validationAccuracy, ...epoch }) => ({
    ...withoutAccuracy(epoch),
    validationOutputError: 1 - validationAccuracy!,
  }));
  const outputs = [
    { name: "boxes", before: 0, after: 0.12 },
    { name: "scores", before: 0, after: 0.16 },
  ];
  return {
    ...rest,
    model: "models/detector",
    out: "runs/detector",
    search: { ...search!, rollouts: search!.rollouts.map(withoutAccuracy) },
    report: {
      ...figures,
      outputError: { before: 0, after: 0.1414, outputs },
      loss: { before: 0, after: 0.02 },
      search: { ...report.search!, finalists: report.search!.finalists.map(withoutAccuracy) },
      tuning: {
        outputErrorBefore: 0.21,
        lossBefore: 0.0441,
        validationOutputError: 0.1375,
        groups: [],
        epochs: compared,
      },
    },
  };
}
