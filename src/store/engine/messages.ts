/** What the engine's process and its parent say to each other, and what the engine leaves for other processes. */

export type ToEngine =
  | {
      readonly type: 'start';
      readonly directory: string;
      /** 0: any free one. */
      readonly port: number;
      readonly user: string;
      readonly password: string;
    }
  /** End now, or, while other processes hold a lease, when the last one has gone. */
  | { readonly type: 'close' };

export type FromEngine =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'failed'; readonly reason: string }
  /** The engine stays for the sake of others. */
  | { readonly type: 'kept' };

/** store.json in the data directory, readable by its owner only. */
export interface StoreDescription {
  readonly pid: number;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}
