/** Decompressors of zlib, driven piece by piece. */
import type { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';

/** How far an {@link Engine} came with a piece. */
export type Step = 'more' | 'ended' | 'fault';

/** A stream of zlib whose output, end and fault can be waited for, one input piece at a time. */
export class Engine {
  readonly #stream: Transform & { readonly bytesWritten: number };
  #wake: (step: Step) => void = () => undefined;
  /** Inflated since the last write. */
  output: Buffer[] = [];
  /** zlib's word for what is wrong, after the step `fault`. */
  fault = '';

  /** @param stream a decompressor that nobody else uses. */
  constructor(stream: Transform & { readonly bytesWritten: number }) {
    this.#stream = stream;
    this.#stream.on('data', (chunk: Buffer) => {
      this.output.push(chunk);
    });
    this.#stream.on('error', (error) => {
      this.fault = error.message;
      this.#wake('fault');
    });
    this.#stream.on('end', () => {
      this.#wake('ended');
    });
  }

  /** Input bytes that the stream used. */
  get used(): number {
    return this.#stream.bytesWritten;
  }

  /** Inflates a piece, or with undefined what is left at the end of the input. */
  async write(piece: Buffer | undefined): Promise<Step> {
    this.output = [];
    return new Promise<Step>((resolve) => {
      this.#wake = resolve;
      if (piece === undefined) {
        this.#stream.end();
        return;
      }
      this.#stream.write(piece, (error) => {
        // An error has its own event, which says what is wrong.
        if (error === null || error === undefined) resolve('more');
      });
    });
  }

  close(): void {
    this.#stream.destroy();
  }
}
