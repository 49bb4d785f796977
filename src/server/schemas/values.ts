/** The values that every schema of an answer is made of. */
import Type, { type TSchema } from 'typebox';

export const CLOSED = { additionalProperties: false };

/** A value that is null where it is not known or there was nothing to count. */
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const count = (description: string) => Type.Integer({ minimum: 0, description });
/** A share or rate from 0 to 1. */
export const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
export const timeUs = (description: string) =>
  Type.Integer({ description: `${description}; microseconds since 1970-01-01 UTC` });
export const durationUs = (description: string) =>
  Type.Number({ minimum: 0, description: `${description}; microseconds` });
export const text = (description: string) => Type.String({ description });
export const fingerprint = Type.String({
  pattern: '^[0-9a-f]{16}$',
  description: 'Class of statements; all zeros stand for statements whose text is not known',
});

/** Readonly at every depth, so that a schema's type and a readonly interface can be compared. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
