/** The real world for {@link Effects}: process clock, streams, environment, terminal, Ctrl-C. */
import { writeSync } from 'node:fs';
import { stdin, stderr, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Effects, TextSink } from '../core/effects.ts';
import { leave } from './leave.ts';

/** Effects of this process. The first Ctrl-C aborts `signal`, the second ends the process. */
export function realEffects(): Effects {
  const stop = new AbortController();
  let stoppedAt = 0;
  process.on('SIGINT', () => {
    // A terminal and the launcher may both deliver one and the same Ctrl-C: that is not a second one.
    if (stop.signal.aborted && performance.now() - stoppedAt > 300) {
      // As the system would without us, so that the shell sees a Ctrl-C; `process.exit` might wait for a thread.
      process.removeAllListeners('SIGINT');
      process.kill(process.pid, 'SIGINT');
      return;
    }
    stoppedAt = performance.now();
    stop.abort();
  });
  return {
    now: () => Date.now(),
    env: process.env,
    cwd: process.cwd(),
    argv: process.argv.slice(2),
    out: sink(1, stdout.isTTY),
    err: sink(2, stderr.isTTY),
    askSecret: stdin.isTTY ? askSecret : undefined,
    signal: stop.signal,
  };
}

// Synchronous writes: nothing is lost when the process ends, pipes included; a reader that went away ends us quietly.
function sink(fd: 1 | 2, isTTY: boolean): TextSink {
  return {
    isTTY,
    write: (text) => {
      let rest = Buffer.from(text, 'utf8');
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(fd, rest));
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code;
          if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
          else if (code === 'EPIPE') leave(0);
          else throw error;
        }
      }
    },
  };
}

async function askSecret(question: string): Promise<string> {
  stderr.write(question);
  const muted = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const reader = createInterface({ input: stdin, output: muted, terminal: true });
  try {
    return await new Promise<string>((resolve) => {
      reader.question('', resolve);
    });
  } finally {
    reader.close();
    stderr.write('\n');
  }
}
