// imports-resolve
export { nothing } from './nothing.ts';
