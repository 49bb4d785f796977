// store-looks-down
export { finding } from '../../analysis/finding.ts';
