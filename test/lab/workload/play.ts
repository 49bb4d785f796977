/** The whole workload: everything that the wire's reading must get right, against a real server. */
import {
  asideWork,
  commandLineWork,
  driverWork,
  multiStatementWork,
  sqlObjectWork,
  transactionWork,
} from './driver-work.ts';
import {
  badEndings,
  cancelWork,
  deadlockWork,
  deferredWork,
  errorWork,
  refusedLogins,
  twoPhaseWork,
} from './fault-work.ts';
import type { Place } from './place.ts';
import { copyWork, pipelineWork, portalWork, statementWork } from './wire-work.ts';

export async function playWorkload(place: Place): Promise<void> {
  await driverWork(place);
  await transactionWork(place);
  await multiStatementWork(place);
  await sqlObjectWork(place);
  await asideWork(place);
  await commandLineWork(place);
  await pipelineWork(place);
  await statementWork(place);
  await portalWork(place);
  await copyWork(place);
  await errorWork(place);
  await deferredWork(place);
  await deadlockWork(place);
  await cancelWork(place);
  await refusedLogins(place);
  await twoPhaseWork(place);
  await badEndings(place);
}
