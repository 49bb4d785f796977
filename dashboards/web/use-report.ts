/** Keeps the report of the shown window up to date: asks again when the window changes, or when the stored data grows. */
import { useEffect, useState } from 'preact/hooks';
import type { NodeRow, Report, Window } from '../../src/server/contract.ts';
import { type Address, addressText, windowOf } from './address.ts';
import { ApiError, readExtent, readNodes, readReport } from './api.ts';

/** While the stored data grows, look often; while it stands still, seldom. */
const LOOK_MS_MIN = 5_000;
const LOOK_MS_MAX = 60_000;
/** After a failure that may pass. */
const RETRY_MS = 10_000;

export interface ReportState {
  /** undefined: not known yet; null: the store is empty. */
  readonly extent: Window | null | undefined;
  readonly report: Report | undefined;
  /** All nodes of the window, also those that the scope leaves out. */
  readonly nodes: readonly NodeRow[];
  readonly loading: boolean;
  /** The report is of another view than the one that is asked for, and not just a little older. */
  readonly awaited: boolean;
  readonly error: ApiError | undefined;
  readonly retry: () => void;
}

export function useReport(address: Address): ReportState {
  const [attempt, setAttempt] = useState(0);
  const { extent, error: extentError } = useExtent(attempt);
  const [report, setReport] = useState<Report>();
  const [shownView, setShownView] = useState<string>();
  const [nodes, setNodes] = useState<readonly NodeRow[]>([]);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<ApiError>();
  const { collector, client, server } = address;
  const view = addressText({ ...address, opened: undefined });
  const window =
    extent === null || extent === undefined ? undefined : windowOf(address.span, extent);

  useEffect(() => {
    if (window === undefined) return undefined;
    const aborter = new AbortController();
    const load = async () => {
      setLoading(true);
      const everyNode =
        client === undefined && server === undefined
          ? undefined
          : await readNodes(
              { ...window, collector, client: undefined, server: undefined },
              aborter.signal,
            );
      const fresh = await readReport({ ...window, collector, client, server }, aborter.signal);
      setReport(fresh);
      setShownView(view);
      setNodes(everyNode?.nodes ?? fresh.nodes);
      setError(undefined);
      setLoading(false);
    };
    load().catch((fault: unknown) => {
      if (aborter.signal.aborted) return;
      setError(asApiError(fault));
      setLoading(false);
    });
    return () => aborter.abort();
  }, [window?.fromUs, window?.toUs, view, attempt]);

  useEffect(() => {
    if (error === undefined || error.lasting) return undefined;
    const retry = () => {
      if (document.hidden) timer = setTimeout(retry, RETRY_MS);
      else setAttempt((before) => before + 1);
    };
    let timer = setTimeout(retry, RETRY_MS);
    return () => clearTimeout(timer);
  }, [error]);

  const failed = error ?? extentError;
  return {
    extent,
    report,
    nodes,
    loading: loading && failed === undefined && extent !== null,
    awaited: report !== undefined && shownView !== view,
    error: failed,
    retry: () => setAttempt(attempt + 1),
  };
}

/** The extent of the store, looked at again and again while the page can be seen. */
function useExtent(attempt: number) {
  const [extent, setExtent] = useState<Window | null>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waitMs = LOOK_MS_MIN;
    let seenToUs: number | undefined;
    const look = async () => {
      try {
        const { extent: found } = await readExtent(aborter.signal);
        const moved = found?.toUs !== seenToUs;
        waitMs = moved ? LOOK_MS_MIN : Math.min(LOOK_MS_MAX, waitMs * 2);
        seenToUs = found?.toUs;
        setExtent((before) => (moved || before === undefined ? found : before));
        setError(undefined);
      } catch (fault) {
        if (aborter.signal.aborted) return;
        setError(asApiError(fault));
        waitMs = LOOK_MS_MIN;
      }
      timer = setTimeout(lookWhenSeen, waitMs);
    };
    const lookWhenSeen = () => {
      if (document.hidden) timer = setTimeout(lookWhenSeen, waitMs);
      else void look();
    };
    void look();
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [attempt]);
  return { extent, error };
}

function asApiError(fault: unknown): ApiError {
  return fault instanceof ApiError
    ? fault
    : new ApiError('The page failed.', fault instanceof Error ? fault.message : String(fault));
}
