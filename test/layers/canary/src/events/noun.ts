export interface Noun {
  name: string;
}
