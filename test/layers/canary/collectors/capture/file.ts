// capture-knows-packets-only
export { packet } from '../network/packet.ts';
