/** The smallest plan that still fails: fewer sessions, fewer operations, fewer faults. */
import { NO_FAULTS, type Faults } from './faults.ts';
import type { Plan } from './scene.ts';
import { simulate } from './simulation.ts';

function complaintsOf(plan: Plan): readonly string[] {
  try {
    return simulate(plan).complaints;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** What is complained of, without whom it concerns. */
function kindOf(complaint: string): string {
  return complaint.replace(/^.*: (?=[a-z])/, '').replace(/["\d[].*$/, '');
}

/** Takes away whatever can go, until nothing can. */
export function shrink(plan: Plan): Plan {
  let smallest = plan;
  const [first = ''] = complaintsOf(plan);
  const kind = kindOf(first);
  const fails = (candidate: Plan): boolean =>
    complaintsOf(candidate).some((complaint) => kindOf(complaint) === kind);
  for (let again = true; again; ) {
    again = false;
    for (const candidate of candidates(smallest)) {
      if (!fails(candidate)) continue;
      smallest = candidate;
      again = true;
      break;
    }
  }
  return smallest;
}

function* candidates(plan: Plan): Generator<Plan> {
  if (plan.sessions.length > 1)
    for (const session of plan.sessions)
      yield { ...plan, sessions: plan.sessions.filter((other) => other !== session) };
  for (const name of Object.keys(NO_FAULTS) as (keyof Faults)[]) {
    if (plan.faults[name] === NO_FAULTS[name]) continue;
    yield { ...plan, faults: { ...plan.faults, [name]: NO_FAULTS[name] } };
  }
  if (plan.operations > 1) {
    yield { ...plan, operations: Math.floor(plan.operations / 2) };
    yield { ...plan, operations: plan.operations - 1 };
  }
  for (const session of plan.sessions)
    for (let operation = 0; operation < plan.operations; operation++) {
      const name = `${session}/${operation}`;
      if (plan.without.has(name)) continue;
      yield { ...plan, without: new Set([...plan.without, name]) };
    }
  const { faultsDone } = safely(plan);
  for (const fault of faultsDone) yield { ...plan, spared: new Set([...plan.spared, fault]) };
}

function safely(plan: Plan): { readonly faultsDone: readonly string[] } {
  try {
    return simulate(plan);
  } catch {
    return { faultsDone: [] };
  }
}

/** What a person needs to see what went wrong. */
export function describePlan(plan: Plan): string {
  const faults = Object.entries(plan.faults)
    .filter(([name, value]) => value !== NO_FAULTS[name as keyof Faults])
    .map(([name, value]) => `${name}=${String(value)}`);
  const lines = [`  plan: sessions ${plan.sessions.join()}; ${faults.join(' ') || 'no faults'}`];
  try {
    const { complaints, faultsDone, scene } = simulate(plan);
    lines.push(`  faults done: ${faultsDone.join(' ')}`);
    for (const { said } of scene.sessions)
      lines.push(...said.map((line) => `    ${line.slice(0, 400)}`));
    lines.push(
      ...complaints.slice(0, 8).map((complaint) => `  COMPLAINT ${complaint.slice(0, 400)}`),
    );
  } catch (error) {
    lines.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return lines.join('\n');
}
