/**
 * Where a picture stands among those of the camera: in the folder of its class.
 *
 * @param className What is on it; blank where pictures have no classes.
 * @param number Its number.
 * @returns Its path.
 */
export function nameOfPicture(className: string, number: number): string {
  // A slash would make folders, and what begins with a dot is hidden.
  const folder = className.trim().replaceAll(/[/\\]/g, "-").replace(/^\.+/, "");
  return folder === "" ? `camera/${number}.jpg` : `camera/${folder}/${number}.jpg`;
}
