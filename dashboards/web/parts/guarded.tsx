/** What a part of the page that fails leaves behind: a sentence, in place of nothing. */
import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';

export function Guarded({ children }: { children: ComponentChildren }) {
  const [fault] = useErrorBoundary() as [unknown, () => void];
  if (fault === undefined) return <>{children}</>;
  return (
    <main class="message" role="alert">
      <h1>This page cannot show what it was given</h1>
      <p>
        Load it again: the server may have become another version while it was open. If that does
        not help, it is a defect of MirrorSQL; please report it with this line:
      </p>
      <pre class="sql full">{fault instanceof Error ? fault.message : 'no reason was given'}</pre>
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </main>
  );
}
