// events-know-core-only
export { lex } from '../sql/lexer.ts';
