/** Everything a verb may touch besides the case folder; tests pass fakes, so that no clock or console is hidden. */

/** A text sink (stdout or stderr). */
export interface TextSink {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
}

/** The world as a verb sees it. */
export interface Effects {
  /** The clock: milliseconds since 1970 UTC. Only custody fields that exist to record time may hold it. */
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The words of the command line, for the custody ledger. */
  readonly argv?: readonly string[];
  /** Results. */
  readonly out: TextSink;
  /** Progress and errors. */
  readonly err: TextSink;
  /** Asks on the terminal without echo; undefined when there is no terminal to ask on. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** Aborted by Ctrl-C: long work stops at the next safe point. */
  readonly signal: AbortSignal;
}
