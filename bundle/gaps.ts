import "core-js/actual/array/from-async";
import "core-js/actual/disposable-stack";
import "core-js/actual/iterator";
import "core-js/actual/map/group-by";
import "core-js/actual/promise/with-resolvers";
import "core-js/actual/typed-array/to-hex";

/** What the decoders of JPEG and PNG make, where there is no web platform. */
class PlainImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly colorSpace = "srgb";

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

globalThis.ImageData ??= PlainImageData as unknown as typeof ImageData;
