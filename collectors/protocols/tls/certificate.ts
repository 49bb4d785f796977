/** Who a certificate names, and until when: of the first of a chain, which is the server's own. */
import { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../../../src/events/tls-facts.ts';
import { ByteReader } from './byte-reader.ts';

const NAME_CHARACTERS_MAX = 512;

/**
 * Reads the body of a Certificate message (RFC 5246, 7.4.2; with `context`, RFC 8446, 4.4.2).
 * @returns undefined when it holds no certificate that can be read
 */
export function readCertificate(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: boolean,
): CertificateFacts | undefined {
  const reader = new ByteReader(bytes, start, end);
  if (context) reader.vector(1);
  const first = reader.vector(3).vector(3);
  const encoded = first.take(first.left);
  if (reader.failed || encoded.length === 0) return undefined;
  try {
    const { subject, issuer, validTo } = new X509Certificate(encoded);
    const expiresUs = Date.parse(validTo) * 1000;
    return {
      subject: nameText(subject),
      issuer: nameText(issuer),
      expiresUs: Number.isSafeInteger(expiresUs) ? expiresUs : undefined,
    };
  } catch {
    return undefined; // Not a certificate, whatever it is.
  }
}

/** One attribute a line, as Node gives it, in one line; other control characters have no business in a name. */
function nameText(name: string): string {
  const text = name.replaceAll('\n', ', ').replace(/\p{Cc}/gu, '?');
  return text.slice(0, NAME_CHARACTERS_MAX);
}
