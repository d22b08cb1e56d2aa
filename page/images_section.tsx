import { Camera } from "./camera.tsx";
import { DropZone } from "./drop_zone.tsx";
import { asAccuracy, asCount } from "./figures.ts";
import { JobStatus } from "./job_status.tsx";
import type { DroppedFiles } from "./unpack.ts";
import type { Accuracy, LoadedImages, LoadedModel, Reading } from "./jobs.ts";
import { isReadable, ReadingFields } from "./reading_fields.tsx";
import type { JobPlace } from "./use_job.ts";

interface ImagesSectionProps {
  readonly job: JobPlace;
  readonly accuracyJob: JobPlace;
  readonly images?: LoadedImages;
  readonly model?: LoadedModel;
  readonly reading: Reading;
  readonly accuracy?: Accuracy;
  readonly onFiles: (files: DroppedFiles) => void;
  readonly onReading: (reading: Reading) => void;
}

/** Where images are dropped, how they are read, and how many of them the model knows. */
export function ImagesSection(props: ImagesSectionProps) {
  const { job, accuracyJob, images, model, reading, accuracy, onFiles, onReading } = props;
  return (
    <section aria-labelledby="images-title">
      <h2 id="images-title">Images</h2>
      <DropZone
        what="images"
        hint="Drop images the model knows: a folder or zip with a folder for each class, image files without classes, or an .npz."
        onFiles={onFiles}
      />
      <Camera onFiles={onFiles} />
      <JobStatus job={job} />
      {images && <ImageFacts images={images} accuracy={accuracy} reading={reading} />}
      {images && model && <ReadingFields model={model} reading={reading} onChange={onReading} />}
      {images && model && !isReadable(model, reading) && (
        <p class="note">
          The model does not say how its images are to be read. Choose it above; a wrong choice
          shows as a low accuracy.
        </p>
      )}
      <JobStatus job={accuracyJob} />
    </section>
  );
}

function ImageFacts(
  { images, accuracy, reading }: Pick<ImagesSectionProps, "accuracy" | "reading"> & {
    images: LoadedImages;
  },
) {
  const { format, images: counts, classCount } = images.summary;
  return (
    <>
      <dl class="facts" data-testid="images">
        <dt>Read</dt>
        <dd>{images.place.path} ({format})</dd>
        <dt>Images</dt>
        <dd>
          {asCount(counts.train)}
          {counts.test !== undefined && ` and ${asCount(counts.test)} for testing`}
        </dd>
        <dt>Classes</dt>
        <dd>{classCount ?? "none"}</dd>
        {accuracy?.accuracy !== undefined && (
          <>
            <dt>Accuracy</dt>
            <dd data-testid="accuracy">
              {asAccuracy(accuracy.accuracy)} of {asCount(accuracy.images)} test images
            </dd>
          </>
        )}
      </dl>
      {(classCount === undefined || !reading.labels) && (
        <p class="note">
          Without classes there is no accuracy: the smaller model's outputs are compared with the
          original's.
        </p>
      )}
      {accuracy?.notices.map((notice) => <p key={notice} class="note">Note: {notice}.</p>)}
      {accuracy !== undefined && accuracy.unreadable.length > 0 && (
        <p class="note">
          Left out: {accuracy.unreadableReasons.slice(0, 3).join(". ")}
          {accuracy.unreadable.length > 3 && `, and ${accuracy.unreadable.length - 3} more`}.
        </p>
      )}
    </>
  );
}
