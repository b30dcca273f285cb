import { Writable } from 'node:stream';

/** A terminal, or none, that keeps what it is given. */
export class FakeStream extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns: number) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk;
    done();
  }

  cursorTo = () => true;
  clearLine = () => true;
  moveCursor = () => true;
}
