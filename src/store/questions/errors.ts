/** Failed statements by their code, and over time. */
import type { ErrorStep, WindowFacts } from '../../events/facts.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import type { Failures } from './failures.ts';

/** @throws MirrorSqlError */
export async function readErrors(
  asked: Promise<Failures>,
  stepUs: ErrorStep['stepUs'],
  descriptions: ClassDescriptions,
): Promise<Pick<WindowFacts, 'errors' | 'errorSteps'>> {
  const { codes, classesOf, steps } = await asked;
  const described = await descriptions.of(
    codes.flatMap((code) => classesOf(code).map(({ fingerprint }) => fingerprint)),
  );
  return {
    errors: codes.map((code) => ({
      sqlstate: code.sqlstate,
      errorClass: code.errorClass,
      count: code.count,
      firstUs: code.firstUs,
      lastUs: code.lastUs,
      sampleMessage: code.lastMessage,
      sessions: code.sessions,
      clients: code.clients,
      classes: classesOf(code).map(({ fingerprint, count }) => ({
        fingerprint,
        normalized: described(fingerprint).normalized,
        count,
      })),
    })),
    errorSteps: steps.map((step) => ({ ...step, stepUs })),
  };
}
