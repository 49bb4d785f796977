/**
 * The secrets of TLS connections as programs write them for whom they trust (NSS key log format, SSLKEYLOGFILE): one
 * line a secret, `LABEL client-random secret`, in hex. They stay in this memory: nothing of them is told, and errors and
 * counters hold numbers only. Here wait, too, the connections whose keys are expected to come.
 */

/** What is known of one connection; TLS 1.2 has a master secret, TLS 1.3 the four others. */
export interface TlsSecrets {
  master?: Buffer;
  clientHandshake?: Buffer;
  serverHandshake?: Buffer;
  clientTraffic?: Buffer;
  serverTraffic?: Buffer;
}

const LABELS: ReadonlyMap<string, keyof TlsSecrets> = new Map([
  ['CLIENT_RANDOM', 'master'],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'clientHandshake'],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', 'serverHandshake'],
  ['CLIENT_TRAFFIC_SECRET_0', 'clientTraffic'],
  ['SERVER_TRAFFIC_SECRET_0', 'serverTraffic'],
]);

const LINE = /^([A-Z_0-9]+) ([0-9a-fA-F]{64}) ([0-9a-fA-F]{64,96})\s*$/;
/** No line of the format is longer. */
const LINE_CHARACTERS_MAX = 512;

export interface KeyLogLimits {
  /** Connections whose secrets are remembered; the oldest are forgotten first. One costs about 1 KiB. */
  readonly keyLogConnectionsMax: number;
  /** Records of all connections that wait for their keys. */
  readonly tlsHeldBytesTotalMax: number;
}

export class KeyLog {
  /** More may come: a connection without keys waits for them for a while. */
  readonly follows: boolean;
  readonly #limits: KeyLogLimits;
  readonly #secrets = new Map<string, TlsSecrets>();
  readonly #waiting = new Map<string, () => void>();
  #rest = '';
  /** Secrets taken in; lines that hold none that is used; connections forgotten. */
  secretsCount = 0;
  linesPassedOver = 0;
  forgottenCount = 0;
  /** Bytes of records that wait for their keys, and how often there was no more room for any. */
  heldBytes = 0;
  crowdedCount = 0;

  constructor(follows: boolean, limits: KeyLogLimits) {
    this.follows = follows;
    this.#limits = limits;
  }

  /** Takes in more of the log, cut anywhere. */
  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS_MAX + 1);
    for (const line of lines) this.#line(line);
  }

  /** The log has ended, or begins anew: what stands behind the last line's end is a line. */
  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  /** @param clientRandom in hex */
  find(clientRandom: string): TlsSecrets | undefined {
    return this.#secrets.get(clientRandom);
  }

  /** `wake` is called after each secret of this connection that comes, until `giveUp`. */
  await(clientRandom: string, wake: () => void): void {
    this.#waiting.set(clientRandom, wake);
  }

  giveUp(clientRandom: string): void {
    this.#waiting.delete(clientRandom);
  }

  /** Room for `size` bytes that wait; false when there is none. */
  hold(size: number): boolean {
    if (this.heldBytes + size > this.#limits.tlsHeldBytesTotalMax) return false;
    this.heldBytes += size;
    return true;
  }

  /** A connection had to stop waiting because there was no room. */
  crowded(): void {
    this.crowdedCount++;
  }

  release(size: number): void {
    this.heldBytes -= size;
  }

  #line(line: string): void {
    const [, label = '', random = '', secret = ''] =
      line.length > LINE_CHARACTERS_MAX ? [] : (LINE.exec(line) ?? []);
    const name = LABELS.get(label);
    if (name === undefined) {
      if (line !== '' && !line.startsWith('#')) this.linesPassedOver++;
      return;
    }
    // Made anew, so that it does not keep the text alive that it was cut from.
    const clientRandom = Buffer.from(random, 'hex').toString('hex');
    let secrets = this.#secrets.get(clientRandom);
    if (secrets === undefined) {
      if (this.#secrets.size >= this.#limits.keyLogConnectionsMax) this.#forgetOldest();
      secrets = {};
      this.#secrets.set(clientRandom, secrets);
    }
    secrets[name] = Buffer.from(secret, 'hex');
    this.secretsCount++;
    const wake = this.#waiting.get(clientRandom);
    wake?.();
  }

  #forgetOldest(): void {
    const oldest = this.#secrets.keys().next();
    if (oldest.done === true) return;
    this.#secrets.delete(oldest.value);
    this.forgottenCount++;
  }
}
