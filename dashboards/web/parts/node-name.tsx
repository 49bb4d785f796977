/** A node, by the name that people gave it; its address is in the tooltip. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Report } from '../../../src/server/contract.ts';

/** The names of the report that is shown. */
export const NamesContext = createContext<Report['names']>({});

export function NodeName({ node, port }: { node: string; port?: number }) {
  const name = useContext(NamesContext)[node];
  const ending = port === undefined ? '' : `:${String(port)}`;
  if (name === undefined) {
    return (
      <span class="mono">
        {node}
        {ending}
      </span>
    );
  }
  return (
    <span title={node + ending}>
      {name}
      {ending}
    </span>
  );
}
