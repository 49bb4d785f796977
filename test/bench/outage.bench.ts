/**
 * Proof that nothing acknowledged is lost and nothing is stored twice, whoever is killed and when. The exit code says
 * whether it held. Run: npx tsx test/bench/outage.bench.ts [blows] [seed]
 */
import { faultsOf, sufferOutages } from '../store/outage.ts';

const outcome = await sufferOutages(Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 20));
console.log(JSON.stringify(outcome, undefined, 2));
const faults = faultsOf(outcome);
for (const fault of faults) console.log(`FAULT ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else console.log('nothing acknowledged is missing, nothing is there twice, rollups equal the base');
