import { Option } from "@commander-js/extra-typings";
import {
  AGENT_DEFAULTS,
  type AgentOptions,
  AUTO_DEFAULTS,
  type AutoPolicy,
  type BudgetTarget,
  type RuntimeName,
  SEARCH_DEFAULTS,
} from "../../src/mod.ts";
import { nonNegativeInteger, positiveInteger, positiveNumber, share } from "./parsers.ts";
import { UsageError } from "../usage_error.ts";

/**
 * Options of `--prune-option auto`, which is meant where one of them is given; those of the agent are called as PocketFlow
 * calls them.
 */
export const searchOptions = {
  rollouts: new Option("--nb-rlouts <n>", "networks that are tried (cp_nb_rlouts)")
    .argParser(positiveInteger).default(SEARCH_DEFAULTS.rollouts),
  rolloutsMin: new Option(
    "--nb-rlouts-min <n>",
    "roll-outs before the agent learns and acts (cp_nb_rlouts_min)",
  ).argParser(nonNegativeInteger).default(SEARCH_DEFAULTS.rolloutsMin),
  proposals: new Option(
    "--proposals <n>",
    "networks that are proposed together before any of them is learnt from; the answer depends on it, not on how many are measured at once",
  ).argParser(positiveInteger).default(SEARCH_DEFAULTS.proposals),
  rewardPolicy: new Option(
    "--reward-policy <policy>",
    "accuracy within the budget; or flops, -max(tolerance, 1 - accuracy) * ln(MACs), without a budget; without classes accuracy is 1 - relative error (cp_reward_policy)",
  ).choices(["accuracy", "flops"]).default(SEARCH_DEFAULTS.rewardPolicy),
  noiseTolerance: new Option(
    "--noise-tolerance <share>",
    "errors up to this count as none under flops (cp_noise_tolerance)",
  ).argParser(share).default(SEARCH_DEFAULTS.noiseTolerance),
  start: new Option(
    "--search-start <start>",
    "where the search starts: the counts of budget, or none",
  )
    .choices(["budget", "none"]).default(AUTO_DEFAULTS.start),
  images: new Option(
    "--search-images <n>",
    "training images that networks are tried on, others than those of the statistics where there are enough",
  ).argParser(positiveInteger).default(AUTO_DEFAULTS.images),
  finalists: new Option(
    "--finalists <n>",
    "networks that are cut and repaired, to choose among: the start, the best tried, others near them",
  ).argParser(positiveInteger).default(AUTO_DEFAULTS.finalists),
  ratioNoise: new Option(
    "--ratio-noise <number>",
    "deviation of the ratios tried around the best",
  ).argParser(share).default(SEARCH_DEFAULTS.ratioNoise),
  randomEvery: new Option(
    "--random-every <n>",
    "before the agent acts, every so many networks are random; 0 for none",
  ).argParser(nonNegativeInteger).default(SEARCH_DEFAULTS.randomEvery),
  exploreEvery: new Option(
    "--explore-every <n>",
    "once the agent acts, every so many networks are still tried around the best; 0 for none",
  ).argParser(nonNegativeInteger).default(SEARCH_DEFAULTS.exploreEvery),
  width: new Option("--ddpg-width <n>", "units of the agent's hidden layers")
    .argParser(positiveInteger).default(AGENT_DEFAULTS.width),
  learningRate: new Option("--ddpg-lrn-rate <number>", "Adam's rate for actor and critic")
    .argParser(positiveNumber).default(AGENT_DEFAULTS.learningRate),
  discount: new Option("--ddpg-gamma <share>", "worth of a reward one decision earlier")
    .argParser(share).default(AGENT_DEFAULTS.discount),
  targetRate: new Option("--ddpg-tau <share>", "how far target networks follow in a step")
    .argParser(share).default(AGENT_DEFAULTS.targetRate),
  agentBatch: new Option("--ddpg-batch-size <n>", "decisions that a step learns from")
    .argParser(positiveInteger).default(AGENT_DEFAULTS.batchSize),
  noiseFirst: new Option(
    "--ddpg-noise-std-init <number>",
    "deviation of the noise on the actor's weights in the first roll-out",
  ).argParser(positiveNumber).default(AGENT_DEFAULTS.noiseFirst),
  noiseLast: new Option("--ddpg-noise-std-finl <number>", "the same in the last one")
    .argParser(positiveNumber).default(AGENT_DEFAULTS.noiseLast),
  baselineDecay: new Option(
    "--ddpg-bsln-decy-rate <share>",
    "how much of the reward's moving average stays when a roll-out ends",
  ).argParser(share).default(AGENT_DEFAULTS.baselineDecay),
  replayCapacity: new Option("--ddpg-replay <n>", "decisions that are remembered")
    .argParser(positiveInteger).default(AGENT_DEFAULTS.replayCapacity),
};

for (const option of Object.values(searchOptions)) option.implies({ pruneOption: "auto" });

/** Values of these options, and what is counted. */
export interface SearchFlags {
  /** Share to keep. */
  readonly preserveRatio: number;
  /** What is counted. */
  readonly target: BudgetTarget;
  /** File of measured times. */
  readonly latencyTable?: string;
  /** What times are measured on. */
  readonly runtime?: RuntimeName;
  /** Roll-outs. */
  readonly nbRlouts: number;
  /** Roll-outs before the agent learns. */
  readonly nbRloutsMin: number;
  /** Networks that are proposed together. */
  readonly proposals: number;
  /** What is rewarded. */
  readonly rewardPolicy: "accuracy" | "flops";
  /** Errors that count as none. */
  readonly noiseTolerance: number;
  /** Where the search starts. */
  readonly searchStart: "budget" | "none";
  /** Images that networks are tried on. */
  readonly searchImages: number;
  /** Networks to choose among at the end. */
  readonly finalists: number;
  /** Deviation of the ratios. */
  readonly ratioNoise: number;
  /** How often networks are random. */
  readonly randomEvery: number;
  /** How often they are near the best. */
  readonly exploreEvery: number;
  /** Units of hidden layers. */
  readonly ddpgWidth: number;
  /** Adam's rate. */
  readonly ddpgLrnRate: number;
  /** Discount. */
  readonly ddpgGamma: number;
  /** Target rate. */
  readonly ddpgTau: number;
  /** Decisions of a step. */
  readonly ddpgBatchSize: number;
  /** First noise. */
  readonly ddpgNoiseStdInit: number;
  /** Last noise. */
  readonly ddpgNoiseStdFinl: number;
  /** Decay of the baseline. */
  readonly ddpgBslnDecyRate: number;
  /** Decisions that are remembered. */
  readonly ddpgReplay: number;
}

/**
 * The library's policy from the flags.
 *
 * @throws {UsageError} When the reward and the target do not go together.
 */
export function autoPolicy(flags: SearchFlags): AutoPolicy {
  const { preserveRatio: share, target, latencyTable, runtime, rewardPolicy } = flags;
  if (rewardPolicy === "flops" && target !== "macs") {
    throw new UsageError(
      `reading --reward-policy flops and --target ${target}: the former counts MACs; ` +
        `give --target macs or --reward-policy accuracy`,
    );
  }
  return {
    kind: "auto",
    share,
    target,
    latencyTable,
    runtime,
    search: {
      rollouts: flags.nbRlouts,
      rolloutsMin: flags.nbRloutsMin,
      proposals: flags.proposals,
      rewardPolicy,
      noiseTolerance: flags.noiseTolerance,
      ratioNoise: flags.ratioNoise,
      randomEvery: flags.randomEvery,
      exploreEvery: flags.exploreEvery,
    },
    agent: agentOptions(flags),
    start: flags.searchStart,
    images: flags.searchImages,
    finalists: flags.finalists,
  };
}

function agentOptions(flags: SearchFlags): AgentOptions {
  return {
    width: flags.ddpgWidth,
    learningRate: flags.ddpgLrnRate,
    discount: flags.ddpgGamma,
    targetRate: flags.ddpgTau,
    batchSize: flags.ddpgBatchSize,
    noiseFirst: flags.ddpgNoiseStdInit,
    noiseLast: flags.ddpgNoiseStdFinl,
    baselineDecay: flags.ddpgBslnDecyRate,
    replayCapacity: flags.ddpgReplay,
  };
}
