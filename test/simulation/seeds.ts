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
  500100: 'an error that ended the connection took the place of the one before it',
  500156: 'a lost request of several sent at once: each answer went to the next one, unmarked',
  500236: 'a lost answer among several: the same in the other direction',
  500758: 'a request without its last byte waited for the answer that had passed it',
  501250: 'a name kept an old text after its Parse had been taken for a failed one',
  600654: 'an execution was told as a success whose commit may have failed in the gap behind it',
  600674: 'a Parse was told as failed without a mark, its execution was lost',
  600694: 'a function call without its last byte: the same as 500758',
  602426: 'data of a COPY were lost behind its Sync, and it had no mark',
  802059:
    'a request in front of a RST was lost, and its transaction was told as rolled back by the end',
  802923: 'lost answers that a RST acknowledges were told as never given',
  819434: 'the same, in a pipeline whose first round had failed',
  808086: 'the capture ended between the last answer and the commit that failed: told as a success',
  812010: 'the same',
  816119: 'the same, before a Flush',
  819512: 'the same, of a capture that was not cut',
  804074:
    'a repetition that filled a hole came behind the answer to its first bytes, which it acknowledges',
  810121: 'an Execute was lost, and the next of its portal was told as if it fetched first',
  811647: 'the same, by snap length',
  815931:
    'an answer overtook the last byte of its request, which was held back, and all behind it moved',
  802197:
    'a guess told a string of statements as one that was refused: it was sent, which the model did not count',
  804787: 'a repetition from before the capture counted as the beginning of what is seen',
  820400: 'the unnamed portal outlived a query string',
  820765: 'without its startup packet the first ReadyForQuery was taken for that of the login',
  826043:
    'an error of the server to nobody, without some of its bytes, was told as that of a statement',
  826316: 'of the server alone, a commit that failed is told apart from the statement before it',
  826484: 'of the server alone, a description was told as a statement that ran',
  831963: 'an Execute behind a Parse without some of its bytes was told without a mark',
  832351: 'a portal of a block that had failed was marked as one that goes on',
  833899: 'a Parse that a guess tells as failed was counted as a statement that ran',
  841408: 'a string told as refused by a guess did not stand for the statements in it',
  849501: 'an answer without the end of its portal: a later fetch was told as if it were all',
  853719: 'a name kept its old text after a Parse of it was lost that its answer told of',
  887362:
    'a function call was taken for a savepoint that may bring a portal back, which was marked',
  888627:
    'of the client alone, a Parse whose failure nobody saw stood for an execution under its name',
  931311: 'a COMMIT AND CHAIN closed no portal in the model',
  934427: 'a ROLLBACK AND CHAIN closed no portal in the model',
  906523: 'a string told as passed over by a guess did not stand for the statements in it',
  909429:
    'the last byte of the last ReadyForQuery was lost before a RST: a rollback was told that never was',
  859812: 'the answer to another statement chained a transaction that never was, and had no mark',
  871378:
    'a Parse that a guess tells as failed, of a text that was run later, was counted as an execution',
  822418: 'an error at a Sync without its last byte was told apart from the statement that failed',
  920726:
    'the farewell of a server that was shut down became the failure of a statement that it had answered',
  924167: 'the same, where the request came behind its answer',
  923094: 'the same, of a farewell whose code was not seen, which stays a guess',
  948150:
    'the server was seen late, in the middle of its answers: those that were owed moved all behind them',
  958121: 'the same',
};
