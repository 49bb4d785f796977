/** What a TLS handshake shows. Whatever was not seen is undefined. */

export interface CertificateFacts {
  /** Distinguished names in one line: `C=DE, O=Shop, CN=db.example`. */
  readonly subject: string;
  readonly issuer: string;
  /** End of its validity, in microseconds since 1970. */
  readonly expiresUs: number | undefined;
}

export interface TlsFacts {
  /** `TLS 1.3`. */
  readonly version: string | undefined;
  /** Name in IANA's registry, or its number in hex. */
  readonly cipherSuite: string | undefined;
  /** The name by which the client called the server. */
  readonly serverName: string | undefined;
  /** ALPN: what was agreed upon where that is seen, otherwise what the client offered. */
  readonly applicationProtocol: string | undefined;
  /** The session goes on from an earlier one, whose certificate is not shown again. */
  readonly resumed: boolean | undefined;
  /** The server's; TLS 1.3 shows it only to those who have the keys. */
  readonly certificate: CertificateFacts | undefined;
}
