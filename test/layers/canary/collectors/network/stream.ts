// network-knows-no-protocol
export { message } from '../protocols/mysql/message.ts';
