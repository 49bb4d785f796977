/** Kinds up to Other carry the hash of their text in laneA and laneB. Literal and LiteralRow are made by folding.ts. */
export const Kind = {
  End: 0,
  /** A keyword or an identifier without quotes; its hash is blind to the case of ASCII letters. */
  Word: 1,
  /** An identifier in double quotes; hashes like the Word of the same letters, so "abc" is abc. */
  QuotedWord: 2,
  Operator: 3,
  /** A byte that begins nothing, such as a backslash or a lone dollar sign; also `:`, `:=` and `..`. */
  Other: 4,
  /** A string of any form: '', E'', B'', X'', N'', U&'', $$ $$, continued over lines. */
  Text: 5,
  Number: 6,
  /** $1 */
  Parameter: 7,
  LeftParen: 8,
  RightParen: 9,
  LeftBracket: 10,
  RightBracket: 11,
  Comma: 12,
  Semicolon: 13,
  Dot: 14,
  /** :: */
  Cast: 15,
  Literal: 16,
  LiteralRow: 17,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];
