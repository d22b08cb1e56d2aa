import { useEffect, useState } from "preact/hooks";
import { BUDGET_AT_FIRST, BudgetSection, settingsOf } from "./budget_section.tsx";
import type { Curve } from "./curve.ts";
import { embedded, type EmbeddedName } from "./embedded.ts";
import { ImagesSection } from "./images_section.tsx";
import type { DroppedFiles } from "./unpack.ts";
import type { Accuracy, LoadedImages, LoadedModel, Pruned, Reading } from "./jobs.ts";
import { ModelSection } from "./model_section.tsx";
import { isReadable } from "./reading_fields.tsx";
import { ResultSection } from "./result_section.tsx";
import { useJob } from "./use_job.ts";

const READING_AT_FIRST: Reading = { preprocessing: {}, labels: true };

/** A pruning that is finished. */
interface Result {
  readonly run: number;
  readonly model: LoadedModel;
  readonly reading: Reading;
  readonly pruned: Pruned;
}

/** A file of the example as though it had been dropped. */
async function exampleFile(name: EmbeddedName, path: string): Promise<DroppedFiles> {
  return new Map([[path, new Blob([await embedded(name)])]]);
}

/** The whole page. What fails or is canceled leaves what was loaded before. */
export function App() {
  const [model, setModel] = useState<LoadedModel>();
  const [images, setImages] = useState<LoadedImages>();
  const [reading, setReading] = useState(READING_AT_FIRST);
  const [accuracy, setAccuracy] = useState<Accuracy>();
  const [budget, setBudget] = useState(BUDGET_AT_FIRST);
  const [result, setResult] = useState<Result>();
  const [curve, setCurve] = useState<Curve>();
  const [modelJob, imagesJob, accuracyJob] = [useJob(), useJob(), useJob()];
  const [curveJob, pruneJob] = [useJob(), useJob()];

  const subject = model && images && isReadable(model, reading)
    ? { model: model.file, data: images.place, ...reading }
    : undefined;
  const isLabelled = reading.labels && images?.summary.classCount !== undefined;

  useEffect(() => {
    setAccuracy(undefined);
    accuracyJob.reset();
    if (subject && isLabelled) {
      accuracyJob.run("evaluate", subject, "Measuring accuracy").then(setAccuracy);
    }
  }, [model, images, reading]);

  const { calibrationImages, channelMultiple, seed } = budget;
  useEffect(() => {
    setCurve(undefined);
    curveJob.reset();
  }, [model, images, reading, calibrationImages, channelMultiple, seed]);

  const openModel = async (files: DroppedFiles) => {
    const loaded = await modelJob.run("readModel", files, "Reading the model");
    if (loaded === undefined) return;
    setModel(loaded);
    setReading(READING_AT_FIRST);
  };
  const openImages = async (files: DroppedFiles) => {
    const loaded = await imagesJob.run("readImages", files, "Reading the images");
    if (loaded) setImages(loaded);
  };
  const openExample = async () => {
    await Promise.all([
      exampleFile("example-model", "resnet8-fashion-mnist.zip").then(openModel),
      exampleFile("example-images", "fashion-mnist.zip").then(openImages),
    ]);
  };
  const trace = async () => {
    if (!subject) return;
    const settings = { calibrationImages, channelMultiple, seed };
    setCurve(await curveJob.run("explore", { subject, settings }, "Starting"));
  };
  const prune = async () => {
    if (!model || !subject) return;
    curveJob.reset();
    const settings = settingsOf(budget);
    const pruned = await pruneJob.run("prune", { subject, settings }, "Starting");
    if (pruned) setResult((last) => ({ run: (last?.run ?? 0) + 1, model, reading, pruned }));
  };

  return (
    <>
      <header>
        <h1>Secateur</h1>
        <p>
          Makes a convolutional network smaller, in this browser. Nothing that you open leaves it.
        </p>
        <button type="button" onClick={openExample}>Try the example</button>
        <span class="hint">
          A ResNet-8 and 7,000 images of Fashion-MNIST, part of this page.
        </span>
      </header>
      <main>
        <ModelSection job={modelJob} model={model} onFiles={openModel} />
        <ImagesSection
          accuracyJob={accuracyJob}
          images={images}
          model={model}
          reading={reading}
          accuracy={accuracy}
          job={imagesJob}
          onFiles={openImages}
          onReading={setReading}
        />
        <BudgetSection
          job={pruneJob}
          model={model}
          isReady={subject !== undefined}
          budget={budget}
          onChange={setBudget}
          onPrune={prune}
          curveJob={curveJob}
          curve={curve}
          onTrace={trace}
        />
        {result && <ResultSection key={result.run} {...result} />}
      </main>
    </>
  );
}
