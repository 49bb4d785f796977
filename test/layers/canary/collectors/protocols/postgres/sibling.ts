// protocols-are-strangers
export { message } from '../mysql/message.ts';
