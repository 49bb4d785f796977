/** Seeds that failed once; each is run again by the tests. What was wrong is told with each. */
export const ONCE_FAILED: Readonly<Record<number, string>> = {
  14: 'a repetition and the bytes behind it waited for each other; rows of COPY were missing in the transaction',
  18: 'a Describe of an unknown name was told without the name',
  27: 'the transaction status went to a statement that was skipped',
  31: 'data of a COPY that did not wait for the server were not counted',
  44: 'a fetch before the Sync counted as a request of its own',
  57: 'a portal left open at COMMIT opened a transaction that never was',
  62: 'bytes lost at the end of a connection were counted twice',
  162: 'a Bind that found its portal taken was told as the end of that portal',
  315: 'a repetition that filled a hole waited for answers to what it held',
};
