// collectors-use-no-packages
export { mean } from 'simple-statistics';
