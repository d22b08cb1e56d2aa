import type { LayerReport } from "../src/browser.ts";

/** Channels of every layer's input before and after, as bars in a table. */
export function ChannelChart({ layers }: { layers: readonly LayerReport[] }) {
  const most = Math.max(...layers.map(({ of }) => of));
  const explained = layers.filter(({ reason }) => reason);
  return (
    <>
      <table class="channels">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Input channels kept</th>
            <th scope="col" class="number">
              <span class="unseen">Count</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ name, kept, of }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  <rect class="removed" width={100 * of / most} height="10" />
                  <rect class="kept" width={100 * kept / most} height="10" />
                </svg>
              </td>
              <td class="number">{kept} of {of}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {explained.length > 0 && (
        <details>
          <summary>Why some layers keep all</summary>
          <ul>
            {explained.map(({ name, reason }) => <li key={name}>{name}: {reason}</li>)}
          </ul>
        </details>
      )}
    </>
  );
}
