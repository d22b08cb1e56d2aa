import { asBytes, asCompact, asCount } from "./figures.ts";
import { DropZone } from "./drop_zone.tsx";
import { JobStatus } from "./job_status.tsx";
import type { DroppedFiles } from "./unpack.ts";
import type { LoadedModel } from "./jobs.ts";
import { isSizeOpen } from "./reading_fields.tsx";
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
        hint="Drop a model: model.json with its weight files, .keras, .h5, .onnx, or a zip or folder of these."
        onFiles={onFiles}
      />
      <JobStatus job={job} />
      {model && <ModelDescription model={model} />}
    </section>
  );
}

function ModelDescription({ model }: { model: LoadedModel }) {
  const { path, description } = model;
  const { layers, macs, params, bytes, inputShape } = description;
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
        <dd>{isSizeOpen(model) ? "by the size of its images" : asCompact(macs)}</dd>
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
                  <td class="number">{isSizeOpen(model) ? "" : asCount(layer.macs)}</td>
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
