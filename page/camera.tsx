import { useEffect, useRef, useState } from "preact/hooks";
import { asCount } from "./figures.ts";
import { nameOfPicture } from "./picture_name.ts";
import type { DroppedFiles } from "./unpack.ts";

/** Milliseconds between two pictures, and how well they are stored. */
const PERIOD = 250, QUALITY = 0.92;

interface CameraProps {
  /** Given the pictures, as though they had been dropped. */
  readonly onFiles: (files: DroppedFiles) => void;
}

/** Takes pictures with the device's camera, for one class after another. */
export function Camera({ onFiles }: CameraProps) {
  const [stream, setStream] = useState<MediaStream>();
  const [refusal, setRefusal] = useState("");
  const [className, setClassName] = useState("");
  const [isRecording, setRecording] = useState(false);
  const [pictures, setPictures] = useState<DroppedFiles>(new Map());
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    if (video.current) video.current.srcObject = stream ?? null;
    return () => stream?.getTracks().forEach((track) => track.stop());
  }, [stream]);

  useEffect(() => {
    if (!isRecording) return;
    const timer = setInterval(async () => {
      const picture = await takePicture(video.current!);
      if (picture === undefined) return;
      setPictures((last) => new Map(last).set(nameOfPicture(className, last.size + 1), picture));
    }, PERIOD);
    return () => clearInterval(timer);
  }, [isRecording, className]);

  const start = async () => {
    setRefusal("");
    try {
      setStream(await navigator.mediaDevices.getUserMedia({ video: true }));
    } catch (error) {
      setRefusal((error as Error).message);
    }
  };
  const stop = () => {
    setRecording(false);
    setStream(undefined);
  };
  const use = () => {
    stop();
    onFiles(pictures);
  };

  return (
    <details class="camera" onToggle={({ currentTarget }) => !currentTarget.open && stop()}>
      <summary>Take pictures with the camera</summary>
      {stream
        ? <video ref={video} autoplay muted playsInline aria-label="What the camera sees" />
        : (
          <div class="buttons">
            <button type="button" onClick={start}>Start the camera</button>
          </div>
        )}
      {refusal && (
        <p class="error" role="alert">
          The camera cannot be used ({refusal}). Allow it for this page, or choose image files.
        </p>
      )}
      {stream && (
        <>
          <label>
            Class on the pictures{" "}
            <input
              type="text"
              value={className}
              aria-describedby="class-hint"
              onInput={({ currentTarget }) => setClassName(currentTarget.value)}
            />
          </label>
          <p class="hint" id="class-hint">
            As the model calls it. Leave it empty for pictures without classes.
          </p>
        </>
      )}
      <div class="buttons">
        {stream && (
          <button type="button" onClick={() => setRecording(!isRecording)}>
            {isRecording ? "Stop taking pictures" : "Take four pictures a second"}
          </button>
        )}
        {pictures.size > 0 && (
          <>
            <button type="button" class="primary" onClick={use}>
              Use {asCount(pictures.size)} pictures
            </button>
            <button type="button" onClick={() => setPictures(new Map())}>Discard them</button>
          </>
        )}
      </div>
    </details>
  );
}

/** What a video shows; nothing while it shows nothing. */
async function takePicture(video: HTMLVideoElement): Promise<Blob | undefined> {
  const [width, height] = [video.videoWidth, video.videoHeight];
  if (width === 0 || height === 0) return undefined;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d")!.drawImage(video, 0, 0);
  return await new Promise((resolve) =>
    canvas.toBlob((blob) => resolve(blob ?? undefined), "image/jpeg", QUALITY)
  );
}
