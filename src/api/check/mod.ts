/** Figures of a model against limits that a file sets. */
export { judge, type Judgement } from "./judge.ts";
export { toJUnit } from "./junit.ts";
export { type LimitName, LIMITS, type Limits, type Needs, needsOf, parseLimits } from "./limits.ts";
