import * as tf from "@tensorflow/tfjs";

/** The loss that a classifier is trained with. */
export interface LossOptions {
  /** ε of label smoothing (Szegedy et al. 2016, arXiv 1512.00567, section 7). */
  readonly labelSmoothing: number;
  /** Weight of the distillation term: the cross-entropy towards the teacher's softened answer. */
  readonly distillationWeight: number;
  /** T of distillation, by which the scores of both networks are divided (Hinton et al. 2015, arXiv 1503.02531). */
  readonly temperature: number;
}

/**
 * Mean loss of a batch: the cross-entropy, and with a teacher the cross-entropy towards its softened answer
 * (Hinton et al. 2015, arXiv 1503.02531, section 2),
 *
 *     mean CE(y, softmax(s)) + weight · CE(softmax(t / T), softmax(s / T))
 *
 * with the student's logits s and the teacher's t.
 *
 * @param logits The student's, N × classes.
 * @param labels Class of every image.
 * @param options Smoothing, weight and temperature.
 * @param teacher The teacher's logits, N × classes.
 * @returns The mean over images, in nats.
 */
export function meanLoss(
  logits: tf.Tensor2D,
  labels: Int32Array,
  { labelSmoothing, distillationWeight, temperature }: LossOptions,
  teacher?: tf.Tensor2D,
): tf.Scalar {
  const classes = logits.shape[1];
  const exact = tf.oneHot(tf.tensor1d(labels, "int32"), classes).toFloat();
  const targets = exact.mul(1 - labelSmoothing).add(labelSmoothing / classes);
  const loss = crossEntropy(targets, logits);
  if (teacher === undefined) return loss;
  const softened = tf.softmax(teacher.div(temperature));
  return loss.add(crossEntropy(softened, logits.div(temperature)).mul(distillationWeight));
}

/**
 * How far a network's answers are from its teacher's, both softened (Hinton et al. 2015, arXiv 1503.02531, section 2),
 *
 *     T² · mean KL(softmax(t / T) ‖ softmax(s / T))
 *
 * with the student's logits s and the teacher's t. No labels are needed. T² keeps the size of the gradients.
 *
 * @param logits The student's, … × classes.
 * @param teacher The teacher's, of the same shape.
 * @param temperature T.
 * @returns The mean over images and positions, in nats; 0 where both agree.
 */
export function answerDivergence(
  logits: tf.Tensor,
  teacher: tf.Tensor,
  temperature: number,
): tf.Scalar {
  const wanted = teacher.div(temperature);
  const softened = tf.softmax(wanted);
  const gap = crossEntropy(softened, logits.div(temperature)).sub(crossEntropy(softened, wanted));
  return gap.mul(temperature ** 2) as tf.Scalar;
}

function crossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)));
}
