/**
 * Builds the page (`vite build dashboards/web`) and, with `--mode report`, the template of the HTML report: one file with
 * its script and style inside, so that it opens by a double click and needs no network.
 */
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

const OUT = '../../dist/dashboards';

export default defineConfig(({ mode }) => ({
  base: './',
  build: {
    outDir: OUT,
    emptyOutDir: mode !== 'report',
    copyPublicDir: mode !== 'report',
    modulePreload: false as const,
    target: 'es2022',
    // The content security policy of the served page knows no inline files.
    assetsInlineLimit: 0,
    rolldownOptions: { input: mode === 'report' ? 'report.html' : 'index.html' },
  },
  root: import.meta.dirname,
  plugins: mode === 'report' ? [singleFile()] : [],
}));

/** Moves the only script and the only style of the page into the page, and forbids it every other one. */
function singleFile(): Plugin {
  return {
    name: 'single-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const page = files.find((file) => file.fileName.endsWith('.html'));
      const scripts = files.filter((file) => file.type === 'chunk');
      const styles = files.filter((file) => file.fileName.endsWith('.css'));
      const [script] = scripts;
      if (page?.type !== 'asset' || script === undefined || scripts.length > 1) {
        throw new Error('the report must be built of one page and one script');
      }
      // A closing tag inside a string of the script would end the script element early.
      const code = script.code.trim().replaceAll('</script', '<\\/script');
      const css = styles.map((file) => (file.type === 'asset' ? String(file.source) : '')).join('');
      const hash = createHash('sha256').update(code).digest('base64');
      const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:`;
      page.source = String(page.source)
        .replace(/<script type="module"[^>]*><\/script>\s*/, '')
        .replace(/<link rel="stylesheet"[^>]*>\s*/, '')
        .replace(
          '<meta charset="utf-8" />',
          () =>
            `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
        )
        .replace('</head>', () => `<style>${css}</style>\n  </head>`)
        .replace('</body>', () => `<script type="module">${code}</script>\n  </body>`);
      for (const file of files) if (file !== page) Reflect.deleteProperty(bundle, file.fileName);
    },
  };
}
