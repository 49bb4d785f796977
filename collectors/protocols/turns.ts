/**
 * The rhythm of a conversation whose words are not seen: who speaks, and when the other one does. A turn is what the
 * client sends until the server answers, and all of the answer: for one request after another it is a request and its
 * response, for a pipeline it is many. Its time runs from the client's last byte to the server's last, as a statement's.
 */
import type { TurnFacts } from '../../src/events/events.ts';

export class Turns {
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;
  #askedUs = -1;
  #answeredUs = -1;

  /** Of the turns that have ended. */
  get facts(): TurnFacts {
    return { count: this.#count, sumUs: this.#sumUs, maxUs: this.#maxUs };
  }

  client(tsUs: number): void {
    this.end();
    this.#askedUs = tsUs;
  }

  server(tsUs: number): void {
    if (this.#askedUs >= 0) this.#answeredUs = tsUs;
  }

  /** The server has said the last of its answer, if it gave one. */
  end(): void {
    if (this.#answeredUs >= 0) {
      const durationUs = Math.max(0, this.#answeredUs - this.#askedUs);
      this.#count++;
      this.#sumUs += durationUs;
      this.#maxUs = Math.max(this.#maxUs, durationUs);
    }
    this.#askedUs = -1;
    this.#answeredUs = -1;
  }
}
