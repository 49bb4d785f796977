export interface Answer {
  ok: boolean;
}
export const schema = {};
