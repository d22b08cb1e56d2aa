import { barX, ruleX, text } from "@observablehq/plot";
import { isNarrow, nameRows } from "../bands.ts";
import { type Chart, renderChart } from "../chart.ts";
import { html } from "../html.ts";
import type { PruneRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { formatPercent } from "../units.ts";

type Layer = PruneRecord["report"]["layers"][number];

const MODES: Record<Layer["mode"], string> = {
  whole: "left whole",
  private: "cut on both sides: this layer alone reads these channels",
  select: "chooses among shared channels, behind a selector",
  couple: "cut together with all other readers of the same channels",
  dropped: "left the network with its residual block",
};

/** What was cut, and what the cuts lost. */
export function layersSection({ report }: PruneRecord): Section {
  return {
    id: "layers",
    title: "Layers",
    body: html`${[channelsChart(report.layers), errorChart(report.layers)].map(renderChart)}`,
  };
}

function channelsChart(layers: readonly Layer[]): Chart {
  const cut = layers.filter(({ kept, of }) => kept < of);
  const [kept, of] = [sum(layers.map((layer) => layer.kept)), sum(layers.map((layer) => layer.of))];
  return {
    id: "channels",
    title: "Channels kept per layer",
    meaning:
      "The network from input to output. A bar is as wide as the layer has input channels: " +
      "outlined before, filled what is kept. Branches and their shortcuts stand one after the other.",
    summary: `${cut.length} of ${layers.length} layers read fewer channels than before; ` +
      `over all layers ${kept} of ${of} input channels are kept.`,
    legend: [
      { label: "before", color: "--before", shape: "bar" },
      { label: "kept of a layer that was cut", color: "--after", shape: "bar" },
      { label: "layer left whole", color: "--whole", shape: "bar" },
    ],
    draw(width) {
      const half = Math.max(...layers.map((layer) => layer.of)) / 2;
      return {
        ...nameRows(layers.map(({ name }) => name), width, "layer"),
        marginRight: 74,
        x: {
          domain: [-half, half],
          label: "input channels (width of the bar)",
          labelAnchor: "center",
          labelArrow: "none",
          ticks: isNarrow(width) ? 4 : 8,
          tickFormat: (place: number) => String(Math.round(Math.abs(2 * place))),
        },
        marks: [
          barX(layers, {
            y: "name",
            x1: (layer: Layer) => -layer.of / 2,
            x2: (layer: Layer) => layer.of / 2,
            fill: "var(--before)",
            stroke: "var(--before-line)",
          }),
          barX(layers, {
            y: "name",
            x1: (layer: Layer) => -layer.kept / 2,
            x2: (layer: Layer) => layer.kept / 2,
            fill: (layer: Layer) => layer.kept < layer.of ? "var(--after)" : "var(--whole)",
            title: (layer: Layer) =>
              `${layer.name}: ${layer.kept} of ${layer.of} channels, ${
                layer.reason ?? MODES[layer.mode]
              }`,
          }),
          ruleX([0], { stroke: "var(--paper)" }),
          text(layers, {
            y: "name",
            x: half,
            dx: 8,
            textAnchor: "start",
            text: (layer: Layer) => `${layer.kept} of ${layer.of}`,
          }),
        ],
      };
    },
    table: {
      caption: "Input channels of every layer",
      header: ["layer", "place in a ratio list", "kept", "of", "how", "why it stayed whole"],
      rows: layers.map(({ name, place, kept, of, mode, reason }) => [
        name,
        place,
        kept,
        of,
        MODES[mode],
        reason,
      ]),
    },
  };
}

function errorChart(layers: readonly Layer[]): Chart {
  const worst = layers.toSorted((a, b) => b.relativeError - a.relativeError)[0];
  const perCent = ({ relativeError }: Layer) => 100 * relativeError;
  return {
    id: "errors",
    title: "Reconstruction error per layer",
    meaning:
      "Share of the variance of a layer's sampled outputs that is lost after the regression, " +
      "on training images that the regression has not seen. It includes what earlier cuts broke and this layer could not repair; " +
      "0 for a layer that was left alone. Tuning afterwards is not in it.",
    summary: `The largest error is ${formatPercent(worst.relativeError)}, of ${worst.name}.`,
    draw: (width) => ({
      ...nameRows(layers.map(({ name }) => name), width, "layer"),
      marginRight: 62,
      x: {
        label: "share of the layer's output that is lost (%)",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: isNarrow(width) ? 4 : 8,
        grid: true,
        domain: [0, Math.max(1, ...layers.map(perCent))],
      },
      marks: [
        barX(layers, {
          y: "name",
          x: perCent,
          fill: "var(--loss)",
          title: (layer: Layer) => `${layer.name}: ${formatPercent(layer.relativeError)}`,
        }),
        ruleX([0]),
        text(layers, {
          y: "name",
          x: perCent,
          dx: 6,
          textAnchor: "start",
          text: (layer: Layer) => formatPercent(layer.relativeError),
        }),
      ],
    }),
    table: {
      caption: "Reconstruction error of every layer",
      header: ["layer", "lost", "ridge", "channels that were always zero"],
      rows: layers.map(({ name, relativeError, ridge, dead }) => [
        name,
        formatPercent(relativeError),
        ridge === undefined ? undefined : ridge.toExponential(0),
        dead,
      ]),
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
