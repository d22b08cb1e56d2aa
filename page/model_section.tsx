import { asBytes, asCompact, asCount } from "./figures.ts";
import { DropZone } from "./drop_zone.tsx";
import { JobStatus } from "./job_status.tsx";
import type { DroppedFiles } from "./unpack.ts";
import type { LoadedModel } from "./jobs.ts";
import type { JobPlace } from "./use_job.ts";

interface ModelSectionProps {
  readonly job: JobPlace;
  readonly model?: LoadedModel;
  readonly onFiles: (files: DroppedFiles) => void;
}

/** Where the model is dropped, and what it is made of. */
export function ModelSection({ job, model, onFiles }: ModelSectionProps) {
  return (
    <section aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <DropZone
        what="model"
        hint="Drop a model: model.json with its weight files, .keras, .h5, .onnx, .tflite, or a zip or folder of these."
        onFiles={onFiles}
      />
      <JobStatus job={job} />
      {model && <ModelDescription model={model} />}
    </section>
  );
}

/** What MACs and shapes are of, where the model leaves it open. */
function sizeOf({ countedFor }: LoadedModel["description"]): string {
  if (countedFor === undefined) return "";
  const sizes = countedFor.inputs.map(({ shape }) => shape.join(" × ")).join(" and ");
  return ` for ${sizes}${countedFor.source === "assumed" ? ", which is assumed" : ""}`;
}

function ModelDescription({ model }: { model: LoadedModel }) {
  const { path, description } = model;
  const { layers, macs, params, bytes, inputShape, isPerPosition } = description;
  const readers = layers.filter(({ mode }) => mode !== undefined);
  const cut = readers.filter(({ mode }) => mode !== "whole");
  return (
    <>
      <dl class="facts" data-testid="model">
        <dt>Read</dt>
        <dd>{path}</dd>
        <dt>Images of</dt>
        <dd>{inputShape.map((extent) => extent ?? "any").join(" × ")}</dd>
        <dt>Layers</dt>
        <dd>{layers.length}</dd>
        <dt>
          <abbr title="multiply–accumulates for one image">MACs</abbr>
        </dt>
        <dd>
          {isPerPosition ? "by the size of its images" : `${asCompact(macs)}${sizeOf(description)}`}
        </dd>
        <dt>Parameters</dt>
        <dd>{asCount(params)}</dd>
        <dt>Can be cut</dt>
        <dd>{cut.length} of {readers.length} convolutions and Dense layers</dd>
        <dt>File size</dt>
        <dd>{asBytes(bytes)}</dd>
      </dl>
      {cut.length === 0 && (
        <p class="note">
          Nothing in this model can be made smaller. The table says why for each layer.
        </p>
      )}
      <details>
        <summary>All {layers.length} layers</summary>
        <div class="scroll" tabIndex={0} role="group" aria-label="Layers of the model">
          <table>
            <thead>
              <tr>
                <th scope="col">Layer</th>
                <th scope="col">Class</th>
                <th scope="col">Output</th>
                <th scope="col" class="number">MACs</th>
                <th scope="col" class="number">Parameters</th>
                <th scope="col">Stays whole because</th>
              </tr>
            </thead>
            <tbody>
              {layers.map((layer) => (
                <tr key={layer.name}>
                  <th scope="row">{layer.name}</th>
                  <td>{layer.className}</td>
                  <td>{layer.outputShape.map((extent) => extent ?? "any").join(" × ")}</td>
                  <td class="number">{isPerPosition ? "" : asCount(layer.macs)}</td>
                  <td class="number">{asCount(layer.params)}</td>
                  <td>{layer.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
