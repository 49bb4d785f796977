/** The address of the page as state: what it shows, and how many steps back the reader can go within it. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Address, addressFrom, addressText } from './address.ts';

export interface AddressState {
  readonly address: Address;
  /** Views opened before this one, without leaving the page. */
  readonly depth: number;
  /** Goes to another view. Opening and closing details replaces the view, so that "back" means the window before. */
  readonly change: (change: Partial<Address>) => void;
}

export function useAddress(): AddressState {
  const [state, setState] = useState(readState);
  useEffect(() => {
    const moved = () => setState(readState());
    addEventListener('popstate', moved);
    addEventListener('hashchange', moved);
    return () => {
      removeEventListener('popstate', moved);
      removeEventListener('hashchange', moved);
    };
  }, []);
  const change = useCallback((part: Partial<Address>) => {
    const before = readState();
    const text = addressText({ ...before.address, ...part });
    const place = text === '' ? location.pathname : `#${text}`;
    const scoped = 'collector' in part || 'client' in part || 'server' in part;
    const sameWindow = !('span' in part || scoped);
    if (sameWindow) history.replaceState({ depth: before.depth }, '', place);
    else history.pushState({ depth: before.depth + 1 }, '', place);
    setState(readState());
  }, []);
  return { ...state, change };
}

function readState(): { address: Address; depth: number } {
  const { depth } = (history.state ?? {}) as { depth?: unknown };
  return { address: addressFrom(location.hash), depth: typeof depth === 'number' ? depth : 0 };
}
