/** The last section: what the capture missed, so that nobody believes the report more than it deserves. */
import { wrapped } from './cell.ts';
import { type Page, section } from './page.ts';
import { bytesText, counted, countText } from './quantities.ts';

export function captureQuality(page: Page): string[] {
  const { capture } = page.report;
  const flaws: (readonly [value: number, text: string])[] = [
    [capture.lostBytes, `${bytesText(capture.lostBytes)} missing`],
    [capture.gaps, counted(capture.gaps, 'gap', 'gaps')],
    [
      capture.statementsWithFlaw,
      counted(capture.statementsWithFlaw, 'statement in part', 'statements in part'),
    ],
    [capture.unanswered, counted(capture.unanswered, 'request', 'requests') + ' unanswered'],
    [
      capture.unmatchedAnswers,
      counted(capture.unmatchedAnswers, 'answer', 'answers') + ' without a request',
    ],
    [capture.framesRefused, counted(capture.framesRefused, 'message', 'messages') + ' refused'],
    [capture.droppedByLimit, `${countText(capture.droppedByLimit)} dropped by a limit`],
    [
      capture.encryptedSessions,
      counted(capture.encryptedSessions, 'session encrypted', 'sessions encrypted'),
    ],
  ];
  const found = flaws.filter(([value]) => value > 0).map(([, text]) => text);
  const seen = `${countText(capture.packets)} packets, ${bytesText(capture.bytes)}`;
  const tint = capture.complete ? page.paint.green : page.paint.yellow;
  return section(page, 'Capture', seen, [
    ...wrapped(capture.verdict, page.inner).map((line) => tint(line)),
    ...wrapped(found.join(', '), page.inner).map((line) => page.paint.dim(line)),
  ]);
}
