// terminal-packages-stay-in-the-command-line
export { Command } from 'commander';
