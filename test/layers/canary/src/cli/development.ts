// no-development-packages-in-the-product
export { assert } from 'fast-check';
