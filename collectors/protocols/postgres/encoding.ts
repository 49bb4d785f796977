/**
 * Texts of a session in its client_encoding (manual: Character Set Support), turned into UTF-8 where they are read:
 * before the lexer, because the second byte of a GBK, GB18030, Big5, Shift-JIS or UHC character may look like a quote or
 * a backslash. A session in UTF-8 never comes here.
 */

/** Names as the server reports them and as clients ask for them: letters and digits only, in lower case. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['big5', 'big5'],
  ['win950', 'big5'],
  ['windows950', 'big5'],
  ['euccn', 'gbk'],
  ['gb2312', 'gbk'],
  ['gbk', 'gbk'],
  ['win936', 'gbk'],
  ['windows936', 'gbk'],
  ['gb18030', 'gb18030'],
  ['gb180302022', 'gb18030'],
  ['eucjp', 'euc-jp'],
  ['eucjis2004', 'euc-jp'],
  ['euckr', 'euc-kr'],
  ['uhc', 'euc-kr'],
  ['win949', 'euc-kr'],
  ['windows949', 'euc-kr'],
  ['sjis', 'shift_jis'],
  ['shiftjis', 'shift_jis'],
  ['shiftjis2004', 'shift_jis'],
  ['mskanji', 'shift_jis'],
  ['win932', 'shift_jis'],
  ['windows932', 'shift_jis'],
  ['latin2', 'iso-8859-2'],
  ['iso88592', 'iso-8859-2'],
  ['latin3', 'iso-8859-3'],
  ['iso88593', 'iso-8859-3'],
  ['latin4', 'iso-8859-4'],
  ['iso88594', 'iso-8859-4'],
  ['latin5', 'windows-1254'],
  ['iso88599', 'windows-1254'],
  ['latin6', 'iso-8859-10'],
  ['iso885910', 'iso-8859-10'],
  ['latin7', 'iso-8859-13'],
  ['iso885913', 'iso-8859-13'],
  ['latin8', 'iso-8859-14'],
  ['iso885914', 'iso-8859-14'],
  ['latin9', 'iso-8859-15'],
  ['iso885915', 'iso-8859-15'],
  ['latin10', 'iso-8859-16'],
  ['iso885916', 'iso-8859-16'],
  ['iso88595', 'iso-8859-5'],
  ['iso88596', 'iso-8859-6'],
  ['iso88597', 'iso-8859-7'],
  ['iso88598', 'iso-8859-8'],
  ['koi8', 'koi8-r'],
  ['koi8r', 'koi8-r'],
  ['koi8u', 'koi8-u'],
  ['alt', 'ibm866'],
  ['win866', 'ibm866'],
  ['windows866', 'ibm866'],
  ['win874', 'windows-874'],
  ['windows874', 'windows-874'],
  ['win', 'windows-1251'],
  ...[1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258].flatMap((page): [string, string][] => [
    [`win${page}`, `windows-${page}`],
    [`windows${page}`, `windows-${page}`],
  ]),
]);
const UTF8_NAMES = new Set(['utf8', 'unicode']);
/** One byte, one character: windows-1252, which TextDecoder takes for it, has others from 0x80 to 0x9f. */
const LATIN1_NAMES = new Set(['latin1', 'iso88591']);
/** And TextDecoder of Node 20 takes LATIN1 for windows-1252, so these stand here. */
const WINDOWS_1252_NAMES = new Set(['win1252', 'windows1252']);
const WINDOWS_1252_FROM_80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** U+FFFD, which stands for bytes that are no character. */
const REPLACEMENT = '\ufffd';

/** How the texts of one encoding are read. */
export interface ClientEncoding {
  readonly name: string;
  /** Bytes[start, end) as text; what is no character becomes U+FFFD. */
  text(bytes: Uint8Array, start: number, end: number): string;
}

const known = new Map<string, ClientEncoding>();

/** The encoding of that name; undefined for UTF-8, whose bytes need no turning. */
export function encodingNamed(name: string): ClientEncoding | undefined {
  const key = name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  if (UTF8_NAMES.has(key) || key.length > 32) return undefined;
  if (LATIN1_NAMES.has(key)) return latin1;
  if (WINDOWS_1252_NAMES.has(key)) return windows1252;
  const label = LABELS.get(key);
  if (label === undefined) return plain;
  let encoding = known.get(label);
  if (encoding === undefined) {
    encoding = decoded(label);
    known.set(label, encoding);
  }
  return encoding;
}

function decoded(label: string): ClientEncoding {
  const decoder = new TextDecoder(label);
  return { name: label, text: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)) };
}

const latin1: ClientEncoding = {
  name: 'latin1',
  text: (bytes, start, end) => bufferOf(bytes, start, end).toString('latin1'),
};

const windows1252: ClientEncoding = {
  name: 'windows-1252',
  text: (bytes, start, end) =>
    latin1
      .text(bytes, start, end)
      .replaceAll(/[\x80-\x9f]/g, (byte) => WINDOWS_1252_FROM_80.charAt(byte.charCodeAt(0) - 0x80)),
};

/**
 * SQL_ASCII says nothing of its bytes, and EUC_TW, JOHAB and MULE_INTERNAL are decoded by nobody here: what is UTF-8
 * is taken for it.
 */
const plain: ClientEncoding = {
  name: 'ascii',
  text: (bytes, start, end) => bufferOf(bytes, start, end).toString('utf8'),
};

function bufferOf(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start));
}

/** How many characters of a decoded text stand for bytes that were none. */
export function replacedCount(text: string): number {
  let count = 0;
  for (let at = text.indexOf(REPLACEMENT); at >= 0; at = text.indexOf(REPLACEMENT, at + 1)) count++;
  return count;
}
