import type { ChangedAnswer, TestAnswers } from "../../session/mod.ts";
import { renderChart } from "../chart.ts";
import { type Html, html } from "../html.ts";
import type { Section } from "../section.ts";
import { formatPercent } from "../units.ts";
import { classesChart } from "./classes.ts";
import { confusionChart } from "./confusion.ts";

/** What the network answers after the run, and before where there was one worth asking. */
export function answersSection(answers: TestAnswers, hasBefore: boolean): Section {
  const charts = hasBefore
    ? [confusionChart(answers, "before"), confusionChart(answers, "after")]
    : [confusionChart(answers, "after")];
  return {
    id: "answers",
    title: "Answers to the test images",
    body: html`<div class="pair">${charts.map(renderChart)}</div>
${hasBefore ? renderChart(classesChart(answers)) : undefined}`,
  };
}

/** A kind of change. */
interface Kind {
  readonly title: string;
  readonly holds: (label: number, before: number, after: number) => boolean;
}

const KINDS: readonly Kind[] = [
  { title: "Right before, wrong now", holds: (label, before) => before === label },
  { title: "Wrong before, right now", holds: (label, _, after) => after === label },
  {
    title: "Wrong before, otherwise wrong now",
    holds: (label, before, after) => before !== label && after !== label,
  },
];

/** The images whose answer changed. */
export function changedSection(answers: TestAnswers): Section {
  const { labels, before, after } = answers;
  const changed = labels.flatMap((label, image) =>
    before[image] === after[image] ? [] : [{ label, before: before[image], after: after[image] }]
  );
  return {
    id: "changed",
    title: "Answers that changed",
    body: html`<p>${changed.length} of ${labels.length} test images (${
      formatPercent(changed.length / Math.max(1, labels.length), 1)
    }) got another answer than before. Shown are those of whose new answer the network is surest, with the probability that it gives.</p>
${
      KINDS.map(({ title, holds }) => {
        const count = changed.filter((item) => holds(item.label, item.before, item.after)).length;
        const shown = answers.changed.filter((item) =>
          holds(item.label, item.before.class, item.after.class)
        );
        return html`<h3>${title}: ${count}</h3>
${
          shown.length > 0
            ? html`<ul class="gallery">${shown.map((item) => renderImage(item, answers))}</ul>`
            : undefined
        }`;
      })
    }`,
  };
}

function renderImage(
  { source, label, before, after, picture }: ChangedAnswer,
  { classes }: TestAnswers,
): Html {
  const answer = ({ class: index, probability }: ChangedAnswer["after"]) =>
    html`${classes[index]} <span class="sure">${formatPercent(probability, 0)}</span>`;
  return html`
    <li>${picture === undefined
      ? html`<p>${source}</p>`
      : html`<img src="${picture}" alt="Test image of class ${classes[label]}" title="${source}">`}
    <dl><div><dt>is</dt><dd>${classes[label]}</dd></div><div><dt>was</dt><dd>${answer(
      before,
    )}</dd></div><div><dt>now</dt><dd>${answer(after)}</dd></div></dl></li>
  `;
}
