/** What is usual in the hours of a window, asked of the store once an hour. */
import { Seasons } from '../../../analysis/health/seasons.ts';
import { HOUR_US } from '../../core/time.ts';
import type { Window } from '../../events/facts.ts';
import { readSeasons } from '../../store/questions/seasons.ts';
import type { Store } from '../../store/store.ts';

export class SeasonsOfStore {
  readonly #store: Store;
  #known: { readonly window: Window; readonly seasons: Seasons } | undefined = undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws MirrorSqlError */
  async of({ fromUs, toUs }: Window): Promise<Seasons> {
    const window = {
      fromUs: Math.floor(fromUs / HOUR_US) * HOUR_US,
      toUs: Math.ceil(toUs / HOUR_US) * HOUR_US,
    };
    const known = this.#known;
    if (known !== undefined && known.window.fromUs <= fromUs && known.window.toUs >= toUs)
      return known.seasons;
    const { collector } = this.#store;
    const seasons = new Seasons(await readSeasons(this.#store, window, { collector }));
    this.#known = { window, seasons };
    return seasons;
  }
}
