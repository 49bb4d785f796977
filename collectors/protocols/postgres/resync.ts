/**
 * Where a message may start in the middle of a stream: after a gap, or when the capture began late. A boundary is
 * believed when a chain of legal messages leads from it to the very end of the chunk (servers and clients flush at
 * message ends), or is long enough; the lengths of fixed messages make false hits rare.
 */
import { BackendTag, FrontendTag, MESSAGE_BYTES_MAX } from './messages.ts';

/** So many legal messages in a row are believed wherever the chain ends. */
const CHAIN_MIN = 3;

/** Whether a message with this tag and length may begin at `body - 5`; the body may reach beyond `end`. */
type Plausible = (
  view: DataView,
  tag: number,
  length: number,
  body: number,
  end: number,
) => boolean;

/** First boundary of the server's messages in view[start, end), or -1. */
export function findBackendBoundary(view: DataView, start: number, end: number): number {
  return find(view, start, end, plausibleBackend);
}

/** First boundary of the client's messages in view[start, end), or -1. */
export function findFrontendBoundary(view: DataView, start: number, end: number): number {
  return find(view, start, end, plausibleFrontend);
}

function find(view: DataView, start: number, end: number, plausible: Plausible): number {
  for (let position = start; position + 5 <= end; position++) {
    if (chainHolds(view, position, end, plausible)) return position;
  }
  return -1;
}

function chainHolds(view: DataView, start: number, end: number, plausible: Plausible): boolean {
  let position = start;
  for (let count = 0; count < CHAIN_MIN; count++) {
    if (position === end) return count > 0;
    if (position + 5 > end) return false;
    const length = view.getUint32(position + 1);
    if (length < 4 || length > MESSAGE_BYTES_MAX) return false;
    if (!plausible(view, view.getUint8(position), length, position + 5, end)) return false;
    position += length + 1;
    // A chain that leaves the chunk proves nothing about its last link.
    if (position > end) return false;
  }
  return true;
}

function plausibleBackend(
  view: DataView,
  tag: number,
  length: number,
  body: number,
  end: number,
): boolean {
  const last = body + length - 5;
  switch (tag) {
    case BackendTag.ReadyForQuery:
      return length === 5 && body < end && isTransactionStatus(view.getUint8(body));
    case BackendTag.ParseComplete:
    case BackendTag.BindComplete:
    case BackendTag.CloseComplete:
    case BackendTag.NoData:
    case BackendTag.PortalSuspended:
    case BackendTag.EmptyQueryResponse:
    case BackendTag.CopyDone:
      return length === 4;
    case BackendTag.CommandComplete:
      return length > 5 && length < 100 && isUpper(view, body, end) && isZero(view, last, end);
    case BackendTag.ErrorResponse:
    case BackendTag.NoticeResponse:
      return length > 6 && length < 65_536 && isUpper(view, body, end) && isZero(view, last, end);
    case BackendTag.DataRow:
    case BackendTag.RowDescription:
      return length >= 6 && body + 2 <= end && view.getUint16(body) <= 1664;
    case BackendTag.ParameterDescription:
      return length >= 6 && body + 2 <= end && length === 6 + 4 * view.getUint16(body);
    case BackendTag.ParameterStatus:
      return length > 6 && length < 10_000 && isZero(view, last, end);
    case BackendTag.CopyData:
      return true;
    default:
      return false;
  }
}

function plausibleFrontend(
  view: DataView,
  tag: number,
  length: number,
  body: number,
  end: number,
): boolean {
  const last = body + length - 5;
  switch (tag) {
    case FrontendTag.Sync:
    case FrontendTag.Flush:
    case FrontendTag.Terminate:
    case FrontendTag.CopyDone:
      return length === 4;
    case FrontendTag.Query:
      return length >= 5 && isZero(view, last, end);
    case FrontendTag.Parse:
      return length >= 8;
    case FrontendTag.Bind:
      return length >= 12;
    case FrontendTag.Describe:
    case FrontendTag.Close:
      return length >= 6 && length < 10_000 && isTarget(view, body, end) && isZero(view, last, end);
    case FrontendTag.Execute:
      return length >= 9 && length < 10_000 && isZero(view, last - 4, end);
    case FrontendTag.CopyData:
      return true;
    default:
      return false;
  }
}

function isTransactionStatus(byte: number): boolean {
  return byte === 0x49 || byte === 0x54 || byte === 0x45;
}

function isUpper(view: DataView, at: number, end: number): boolean {
  if (at >= end) return false;
  const byte = view.getUint8(at);
  return byte >= 0x41 && byte <= 0x5a;
}

function isZero(view: DataView, at: number, end: number): boolean {
  return at >= 0 && at < end && view.getUint8(at) === 0;
}

/** 'S' a statement, 'P' a portal. */
function isTarget(view: DataView, at: number, end: number): boolean {
  if (at >= end) return false;
  const byte = view.getUint8(at);
  return byte === 0x53 || byte === 0x50;
}
