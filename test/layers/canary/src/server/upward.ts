// server-looks-down
export { command } from '../cli/command.ts';
