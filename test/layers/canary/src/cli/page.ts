// code-does-not-know-pages
export { page } from '../../dashboards/web/page.ts';
