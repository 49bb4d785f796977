/** What the reader chose and the browser remembers: light or dark, UTC or local time. */
import { createContext } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Zone } from './format.ts';

export type Theme = 'light' | 'dark';

export const ZoneContext = createContext<Zone>('utc');
/** Charts draw on canvas, so they must hear of a change of theme. */
export const ThemeContext = createContext<Theme>('light');

/** The theme, chosen or else the system's, kept on the document; and the way to change it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const [chosen, setChosen] = useState(() => remembered('theme'));
  const [systemDark, setSystemDark] = useState(system.matches);
  useEffect(() => {
    const changed = () => setSystemDark(system.matches);
    system.addEventListener('change', changed);
    return () => system.removeEventListener('change', changed);
  }, []);
  const theme: Theme =
    chosen === 'light' || chosen === 'dark' ? chosen : systemDark ? 'dark' : 'light';
  document.documentElement.dataset['theme'] = theme;
  useEffect(() => {
    // Paper is white. Capturing, so that the colours are set before any chart hears of the printing.
    const show = (shown: Theme) => () => {
      document.documentElement.dataset['theme'] = shown;
    };
    const [before, after] = [show('light'), show(theme)];
    addEventListener('beforeprint', before, { capture: true });
    addEventListener('afterprint', after, { capture: true });
    return () => {
      removeEventListener('beforeprint', before, { capture: true });
      removeEventListener('afterprint', after, { capture: true });
    };
  }, [theme]);
  return [
    theme,
    (next) => {
      remember('theme', next);
      setChosen(next);
    },
  ];
}

export function useZone(): [Zone, (zone: Zone) => void] {
  const [zone, setZone] = useState<Zone>(() => (remembered('zone') === 'local' ? 'local' : 'utc'));
  return [
    zone,
    (next) => {
      remember('zone', next);
      setZone(next);
    },
  ];
}

/** A file opened by double click may have no storage; then nothing is remembered. */
function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`mirrorsql.${name}`);
  } catch {
    return null;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`mirrorsql.${name}`, value);
  } catch {
    // Not remembered; the choice holds until the page is closed.
  }
}
