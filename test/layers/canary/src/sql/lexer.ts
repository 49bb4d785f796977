export const lex = 1;
