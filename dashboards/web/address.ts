/** What the page shows, as the text after # in its address: so that a view can be sent, bookmarked and gone back to. */

/** Which stretch of the stored data: all of it, its last minutes, or a fixed window. */
export type Span =
  | { readonly kind: 'whole' }
  | { readonly kind: 'last'; readonly minutes: number }
  | { readonly kind: 'fixed'; readonly fromUs: number; readonly toUs: number };

export interface Address {
  readonly span: Span;
  readonly collector: string | undefined;
  readonly client: string | undefined;
  readonly server: string | undefined;
  /** Fingerprint of the class whose details are open. */
  readonly opened: string | undefined;
}

export const WHOLE: Address = {
  span: { kind: 'whole' },
  collector: undefined,
  client: undefined,
  server: undefined,
  opened: undefined,
};

/** Reads the text after #; what it cannot read is taken as not said. */
export function addressFrom(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const opened = fields.get('class');
  return {
    span: spanFrom(fields),
    collector: fields.get('collector') ?? undefined,
    client: fields.get('client') ?? undefined,
    server: fields.get('server') ?? undefined,
    opened: opened !== null && /^[0-9a-f]{16}$/.test(opened) ? opened : undefined,
  };
}

function spanFrom(fields: URLSearchParams): Span {
  const minutes = Number(fields.get('last'));
  if (Number.isInteger(minutes) && minutes > 0) return { kind: 'last', minutes };
  const fromUs = Number(fields.get('from'));
  const toUs = Number(fields.get('to'));
  if (Number.isSafeInteger(fromUs) && Number.isSafeInteger(toUs) && 0 < fromUs && fromUs < toUs) {
    return { kind: 'fixed', fromUs, toUs };
  }
  return { kind: 'whole' };
}

/** The text after #, without it; empty for the whole extent without a scope. */
export function addressText({ span, collector, client, server, opened }: Address): string {
  const fields = new URLSearchParams();
  if (span.kind === 'last') fields.set('last', String(span.minutes));
  if (span.kind === 'fixed') {
    fields.set('from', String(span.fromUs));
    fields.set('to', String(span.toUs));
  }
  if (collector !== undefined) fields.set('collector', collector);
  if (client !== undefined) fields.set('client', client);
  if (server !== undefined) fields.set('server', server);
  if (opened !== undefined) fields.set('class', opened);
  return fields.toString();
}

/** The window that a span means while the stored data reaches as far as `extent`. */
export function windowOf(span: Span, extent: { fromUs: number; toUs: number }) {
  switch (span.kind) {
    case 'whole':
      return { fromUs: extent.fromUs, toUs: extent.toUs };
    case 'last':
      return {
        fromUs: Math.max(extent.fromUs, extent.toUs - span.minutes * 60_000_000),
        toUs: extent.toUs,
      };
    case 'fixed':
      return { fromUs: span.fromUs, toUs: span.toUs };
  }
}
