/** Training and tuning over the workers. */
export { checkpointHooks, type RunIdentity } from "./checkpoint.ts";
export { buildNetwork, networkNames } from "./nets/build.ts";
export {
  type EpochReport,
  pickTuningOptions,
  TRAINING_DEFAULTS,
  TUNING_DEFAULTS,
  type TuningOptions,
  type TuningReport,
} from "./options.ts";
export { hasState, type Identity, loadState, nameState, saveState } from "./state_folder.ts";
export { tuneNetwork, type TuningHooks, type TuningResult } from "./tune_network.ts";
