import type { LoadedModel, Reading } from "./jobs.ts";

/** Names of the core's presets, and what they do to a byte. */
const PRESETS: readonly [name: string, meaning: string][] = [
  ["raw", "0 to 255, as they are"],
  ["unit", "0 to 1 (x / 255)"],
  ["keras-tf", "-1 to 1 (MobileNet)"],
  ["teachable-machine", "-1 to 1, the middle square (Teachable Machine)"],
  ["keras-torch", "mean and deviation of ImageNet (PyTorch)"],
  ["keras-caffe", "mean of ImageNet, BGR (ResNet, VGG of Keras)"],
];

/** Whether a model itself says how images become numbers. */
export function statesPixels({ file }: LoadedModel): boolean {
  return typeof file.metadata?.preprocess === "object";
}

/** Whether a model leaves the size of its images open. */
export function isSizeOpen({ description }: LoadedModel): boolean {
  return description.inputShape.slice(0, 2).includes(null);
}

/** Whether all is known that it takes to read images for a model. */
export function isReadable(model: LoadedModel, { preprocessing }: Reading): boolean {
  const { preset, inputSize } = preprocessing;
  const hasSize = !isSizeOpen(model) || inputSize?.every((extent) => extent > 0) === true;
  return hasSize && (preset !== undefined || statesPixels(model));
}

interface ReadingFieldsProps {
  readonly model: LoadedModel;
  readonly reading: Reading;
  readonly onChange: (reading: Reading) => void;
}

/** How images are read for a model. */
export function ReadingFields({ model, reading, onChange }: ReadingFieldsProps) {
  const { preprocessing, labels } = reading;
  const change = (change: Reading["preprocessing"]) =>
    onChange({ ...reading, preprocessing: { ...preprocessing, ...change } });
  return (
    <div class="fields">
      <label>
        Pixel values{" "}
        <select
          value={preprocessing.preset ?? ""}
          onChange={({ currentTarget }) => change({ preset: currentTarget.value || undefined })}
        >
          <option value="">
            {statesPixels(model) ? "as the model states" : "choose what the model was trained on"}
          </option>
          {PRESETS.map(([name, meaning]) => <option key={name} value={name}>{meaning}</option>)}
        </select>
      </label>
      {isSizeOpen(model) && (
        <fieldset>
          <legend>Input size</legend>
          {["Height", "Width"].map((name, axis) => (
            <label key={name}>
              {name}{" "}
              <input
                type="number"
                min="1"
                value={preprocessing.inputSize?.[axis] || ""}
                onInput={({ currentTarget }) => {
                  const size: [number, number] = [...preprocessing.inputSize ?? [0, 0]];
                  size[axis] = currentTarget.valueAsNumber || 0;
                  change({ inputSize: size });
                }}
              />
            </label>
          ))}
        </fieldset>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={labels}
          onChange={({ currentTarget }) => onChange({ ...reading, labels: currentTarget.checked })}
        />{" "}
        Use the classes
      </label>
    </div>
  );
}
