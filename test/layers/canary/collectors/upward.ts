// collectors-look-down
export { table } from '../src/store/table.ts';
