/** A flag of PocketFlow that is refused, or taken with one value alone. */
export interface ForeignFlag {
  /** Its default in PocketFlow, as it is typed; `none` without one. */
  readonly default: string;
  /** The one value that says what Secateur does anyway; every value is refused where there is none. */
  readonly only?: string;
  /** What takes its place, as an order. */
  readonly instead: string;
}

const WORKERS = "give --workers for threads that share the images";
const LOCAL = "copy the images to this machine and give --data_dir_local";
const COUNTS = "leave it out, the data set says it";
const REPORT = "leave it out, report.html and report.json beside the model have every epoch";

/** PocketFlow's flags that have no option of Secateur, by their name there. */
export const FOREIGN_FLAGS: ReadonlyMap<string, ForeignFlag> = new Map([
  ["mobilenet_depth_mult", {
    default: "1.0",
    only: "1",
    instead: "train a narrower network elsewhere and give --model",
  }],
  ["model_http_url", { default: "none", instead: "download the model and give --model" }],
  ["save_path_eval", {
    default: "./models_eval/model.ckpt",
    instead: "give --save_path, whose model serves training and evaluation",
  }],
  ["save_path_dst", {
    default: "./models_dst/model.ckpt",
    instead: "leave it out, the unpruned model is the teacher",
  }],
  ["cp_best_path", {
    default: "./models/best_model.ckpt",
    instead: "give --cp_channel_pruned_path, where the best weights are written",
  }],
  ["cp_original_path", {
    default: "./models/original_model.ckpt",
    instead: "give --save_path, where the unpruned model stays",
  }],
  ["summ_step", { default: "100", instead: REPORT }],
  ["save_step", {
    default: "10000",
    instead: "leave it out, a checkpoint is kept after every epoch and --resume goes on from it",
  }],
  ["log_dir", { default: "./logs", instead: REPORT }],
  ["enbl_warm_start", {
    default: "False",
    only: "false",
    instead: "give --model to start from a trained model",
  }],
  ["enbl_multi_gpu", { default: "False", only: "false", instead: WORKERS }],
  ["data_disk", { default: "local", only: "local", instead: LOCAL }],
  ["data_hdfs_host", { default: "none", instead: LOCAL }],
  ["data_dir_hdfs", { default: "none", instead: LOCAL }],
  ["cycle_length", { default: "4", instead: WORKERS }],
  ["nb_threads", { default: "8", instead: WORKERS }],
  ["buffer_size", { default: "1024", instead: "leave it out, all images are shuffled together" }],
  ["prefetch_size", { default: "8", instead: WORKERS }],
  ["nb_classes", { default: "10", instead: COUNTS }],
  ["nb_smpls_train", { default: "50000", instead: COUNTS }],
  ["nb_smpls_val", {
    default: "5000",
    instead: "give --validation-images for images that choose the best epoch",
  }],
  ["nb_smpls_eval", { default: "10000", instead: COUNTS }],
  ["ddpg_actor_depth", {
    default: "2",
    only: "2",
    instead: "give --ddpg-width for other networks of the agent",
  }],
  ["ddpg_actor_width", {
    default: "64",
    only: "64",
    instead: "give --ddpg-width for actor and critic together",
  }],
  ["ddpg_critic_depth", {
    default: "2",
    only: "2",
    instead: "give --ddpg-width for other networks of the agent",
  }],
  ["ddpg_critic_width", {
    default: "64",
    only: "64",
    instead: "give --ddpg-width for actor and critic together",
  }],
  ["ddpg_noise_type", {
    default: "param",
    only: "param",
    instead: "leave it out, noise is put on the actor's weights",
  }],
  ["ddpg_noise_prtl", {
    default: "tdecy",
    only: "tdecy",
    instead: "give --ddpg_noise_std_init and --ddpg_noise_std_finl for how the noise decays",
  }],
  ["ddpg_noise_dst_finl", {
    default: "0.01",
    instead: "give --ddpg_noise_std_finl for the noise at the end",
  }],
  ["ddpg_noise_adpt_rat", {
    default: "1.03",
    instead: "give --ddpg_noise_std_init and --ddpg_noise_std_finl for how the noise decays",
  }],
  ["ddpg_loss_w_dcy", {
    default: "0.0",
    only: "0",
    instead: "give --ddpg_lrn_rate for a slower agent",
  }],
  ["ddpg_record_step", { default: "1", only: "1", instead: "give --ddpg-replay for its memory" }],
  ["ddpg_enbl_bsln_func", {
    default: "True",
    only: "true",
    instead: "give --ddpg_bsln_decy_rate for a slower baseline",
  }],
]);

/**
 * The name of one of PocketFlow's flags as the command line parser knows it.
 *
 * @param flag Its name in PocketFlow.
 * @returns The name, without dashes in front.
 */
export function optionNameOf(flag: string): string {
  return flag.replace(/^cp_/, "").replaceAll("_", "-");
}

/** What takes the place of PocketFlow's other learners, as an order. */
export const FOREIGN_LEARNERS: ReadonlyMap<string, string> = new Map([
  ...["chn-pruned-lgc", "chn-pruned-rmt", "chn-pruned-gpu", "dis-chn-pruned"].map(
    (learner): [string, string] => [learner, "give --learner channel, which cuts channels"],
  ),
  ["weight-sparse", "give --learner channel, which cuts whole channels"],
  ...["uniform", "uniform-tf", "tf-uniform", "non-uniform"].map((learner): [string, string] => [
    learner,
    "give --learner channel, and --quantize uint8 for weights of fewer bits",
  ]),
]);
