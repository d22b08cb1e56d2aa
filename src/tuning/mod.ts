/** Training and tuning over the workers. */
export {
  forecastTuning,
  PASSES_PER_STEP,
  STEP_SLOWNESS,
  stepPasses,
  type TuningForecast,
} from "./forecast.ts";
export { buildNetwork, networkNames } from "./nets/build.ts";
export {
  type EpochReport,
  settleTuning,
  TRAINING_DEFAULTS,
  TUNING_DEFAULTS,
  type TuningOptions,
  type TuningReport,
  type ValidationFigures,
} from "./options.ts";
export { openTeacher, prepareTuning, type TuningPlan } from "./prepare_tuning.ts";
export {
  damagedState,
  hasState,
  loadState,
  nameState,
  saveState,
  type StatePlace,
} from "./state_folder.ts";
export { requireTrainingImages, type TuningResult } from "./tune_network.ts";
