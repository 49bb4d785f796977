/** Legible in both themes: contrast ratios of WCAG 2.2 (1.4.3 for text, 1.4.11 for graphics), from the style sheet itself. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('dashboards/web/style.css', 'utf8');

/** The colours that a rule of the style sheet gives to its names. */
function paletteOf(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const rule = css.slice(start, css.indexOf('}', start));
  return new Map(
    [...rule.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [
      name,
      color,
    ]),
  );
}

/** WCAG 2.2, relative luminance. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrastOf(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT = ['--ink', '--ink-2', '--ink-3', '--accent', '--bad', '--good'];
const GROUNDS = ['--paper', '--panel', '--hover', '--raised'];
const LINES = [
  '--series-blue',
  '--series-red',
  '--series-green',
  '--series-purple',
  '--series-amber',
  '--series-grey',
  '--time-1',
  '--time-2',
  '--time-3',
  '--bar-full',
];

describe.each([
  ['light', ':root'],
  ['dark', ':root[data-theme="dark"]'],
])('the %s theme', (_theme, selector) => {
  const palette = paletteOf(selector);
  const contrast = (a: string, b: string) => contrastOf(palette.get(a) ?? '', palette.get(b) ?? '');

  it.each(TEXT)('has text in %s that is legible on every ground', (name) => {
    for (const ground of GROUNDS)
      expect(contrast(name, ground), ground).toBeGreaterThanOrEqual(4.5);
  });

  it.each(LINES)('has lines in %s that stand out from the panel', (name) => {
    expect(contrast(name, '--panel')).toBeGreaterThanOrEqual(3);
  });

  it('has warnings that are legible on their own ground', () => {
    expect(contrast('--warn', '--incomplete-paper')).toBeGreaterThanOrEqual(4.5);
    expect(contrast('--ink', '--incomplete-paper')).toBeGreaterThanOrEqual(4.5);
  });
});
