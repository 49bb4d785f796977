// analysis-looks-down
export { table } from '../src/store/table.ts';
