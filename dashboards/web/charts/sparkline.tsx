/** Counts over time in the height of a line of text. */

const WIDTH = 120;
const HEIGHT = 18;
const BARS_MAX = 60;

/** Neighbouring steps are added up until at most `barsMax` bars are left. */
export function binned(counts: readonly number[], barsMax: number): number[] {
  const size = Math.max(1, Math.ceil(counts.length / barsMax));
  const bins = Array.from({ length: Math.ceil(counts.length / size) }, () => 0);
  for (const [index, count] of counts.entries()) {
    const bin = Math.floor(index / size);
    bins[bin] = (bins[bin] ?? 0) + count;
  }
  return bins;
}

export function Sparkline({ counts, label }: { counts: readonly number[]; label: string }) {
  const bins = binned(counts, BARS_MAX);
  const peak = Math.max(1, ...bins);
  const step = WIDTH / Math.max(1, bins.length);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      <path class="sparkline-base" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {bins.map((count, index) => {
        const height = count === 0 ? 0 : Math.max(1.5, (count / peak) * (HEIGHT - 1));
        return (
          <rect
            key={index}
            x={index * step}
            y={HEIGHT - height}
            width={Math.max(1, step - 0.5)}
            height={height}
          />
        );
      })}
    </svg>
  );
}
