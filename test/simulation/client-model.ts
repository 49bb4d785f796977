/** A client of one session: sends requests in one write or several, waits for the answers or does not. */
import type { Dialogue, Message } from './dialogue.ts';
import type { Dice } from './dice.ts';
import { encode, type Group, type Request } from './requests.ts';
import type { ServerModel } from './server-model.ts';
import type { Statement } from './statements.ts';

export class ClientModel {
  nowUs: number;
  /** What it sent, in a line each, for a person to read. */
  readonly said: string[] = [];
  readonly #dialogue: Dialogue;
  readonly #server: ServerModel;
  readonly #dice: Dice;

  constructor(dialogue: Dialogue, server: ServerModel, dice: Dice, nowUs: number) {
    this.#dialogue = dialogue;
    this.#server = server;
    this.#dice = dice;
    this.nowUs = nowUs;
  }

  /**
   * Sends these in one write.
   * @param wait for what the server says to it; otherwise the next write follows at once
   */
  ask(requests: readonly Request[], wait = true): Message[] {
    const messages = this.send(requests);
    const sentUs = this.#sentUs;
    requests.forEach((request, index) => {
      const at = messages[index];
      if (at !== undefined) this.#server.receive(request, at, sentUs);
    });
    if (wait) this.think();
    return messages;
  }

  /** Sends without anybody there to answer. */
  send(requests: readonly Request[]): Message[] {
    const encoded = requests.map(encode);
    const messages = requests.map((request, index) => {
      const size = encoded[index]?.length ?? 0;
      const message = this.#dialogue.place('client', request.type, size);
      if (request.type === 'query')
        for (const { text } of [request, ...request.statements])
          this.#server.expected.texts.add(text);
      if ('group' in request) {
        request.group.sizeBytes += size;
        if (request.type === 'parse')
          this.#server.expected.texts.add(request.group.statement?.text ?? '');
        if (request.type === 'execute') request.group.execute = message;
      }
      return message;
    });
    this.#sentUs = this.#dialogue.write(
      'client',
      this.nowUs,
      Buffer.concat(encoded),
      messages[0]?.start ?? 0,
    );
    this.nowUs = this.#sentUs + this.#dice.between(1, 300);
    this.said.push(`client: ${requests.map(describe).join(' | ')}`);
    return messages;
  }

  #sentUs = 0;

  /** Goes on when the server has said what it had to say, and after a thought. */
  think(): void {
    const pause = this.#dice.oneIn(20) ? 2_000_000 : this.#dice.between(20, 3000);
    this.nowUs = Math.max(this.nowUs, this.#server.nowUs) + pause;
  }

  /** Parse, Bind, Describe and Execute as one group. */
  group(
    statement: Statement | undefined,
    statementName: string,
    portalName: string,
    mayBeBinary = false,
  ): { readonly group: Group; readonly binary: boolean[] } {
    const dice = this.#dice;
    const binary: boolean[] = [];
    const parameters = Array.from({ length: statement?.parameters ?? 0 }, () => {
      const whole = mayBeBinary && dice.oneIn(3);
      binary.push(whole);
      if (whole) return `${dice.between(-5, 2_000_000_000)}`;
      return dice.oneIn(5) ? null : `v${dice.below(1_000_000)}'`;
    });
    const group = {
      statement,
      statementName,
      portalName,
      parameters,
      sizeBytes: 0,
      execute: undefined,
    };
    return { group, binary };
  }
}

function describe(request: Request): string {
  switch (request.type) {
    case 'query':
      return `Q ${request.text}`;
    case 'parse':
      return `P[${request.group.statementName}] ${request.group.statement?.text ?? '?'}`;
    case 'bind':
      return `B[${request.group.portalName}<${request.group.statementName}]`;
    case 'describe':
      return `D${request.target}`;
    case 'execute':
      return `E[${request.group.portalName}] ${request.rowsMax}`;
    case 'close':
      return `C${request.target}[${request.name}]`;
    default:
      return request.type;
  }
}
