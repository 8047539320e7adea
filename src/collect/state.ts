/** What the events of a journal add up to: the plan, and the end state of each planned file. */
import type { FileFacts, StagedProblem } from '../bundle/objects.ts';
import type { FailEvent, JournalEvent, JournalPath, StoredEvent } from './journal.ts';
import { pathBytes, pathKey } from './paths.ts';

/** A planned file. */
export interface Planned extends JournalPath {
  readonly size: number;
  readonly file?: FileFacts;
}

/** Grows with each event of a journal. */
export class JournalState {
  readonly #planned = new Map<string, Planned>();
  readonly #ends = new Map<string, StoredEvent | FailEvent>();
  #begun = false;
  #planComplete = false;
  #finished = false;
  #firstAt: string | undefined;
  #lastAt: string | undefined;

  /** Takes the next event. */
  readonly add = (event: JournalEvent): void => {
    this.#begun = true;
    if ('at' in event) {
      this.#firstAt ??= event.at;
      this.#lastAt = event.at;
    }
    switch (event.state) {
      case 'planned':
        this.#finished = false;
        this.#planned.set(keyOf(event), event);
        break;
      case 'stored':
      case 'failed':
      case 'gone':
      case 'skipped':
        this.#ends.set(keyOf(event), event);
        break;
      case 'lost':
        this.#ends.delete(keyOf(event));
        this.#finished = false;
        break;
      case 'plan_complete':
        this.#planComplete = true;
        break;
      case 'finished':
        this.#finished = true;
        break;
      case 'started':
      case 'resumed':
      case 'request':
      case 'receiving':
      case 'listed':
      case 'clock':
        break;
    }
  };

  /** The journal has a first line. */
  get begun(): boolean {
    return this.#begun;
  }

  get planComplete(): boolean {
    return this.#planComplete;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Time of the first line that has one. */
  get firstAt(): string | undefined {
    return this.#firstAt;
  }

  /** Time of the last line that has one. */
  get lastAt(): string | undefined {
    return this.#lastAt;
  }

  /** True if the path has a planned line or an end state. */
  knows(path: JournalPath): boolean {
    const key = keyOf(path);
    return this.#planned.has(key) || this.#ends.has(key);
  }

  /** Planned files without an end state, in canonical order. */
  pending(): Planned[] {
    return inOrder([...this.#planned].filter(([key]) => !this.#ends.has(key)));
  }

  /** Files and bytes of the plan. */
  plan(): { readonly files: number; readonly bytes: number } {
    let bytes = 0;
    for (const planned of this.#planned.values()) bytes += planned.size;
    return { files: this.#planned.size, bytes };
  }

  /** Copied files in canonical order. */
  readonly stored = (): StoredEvent[] => {
    const stored = new Array<[string, StoredEvent]>();
    for (const [key, end] of this.#ends) if (end.state === 'stored') stored.push([key, end]);
    return inOrder(stored);
  };

  /** Files and folders that were not copied, in canonical order. */
  problems(): StagedProblem[] {
    const problems = new Array<[string, StagedProblem]>();
    for (const [key, end] of this.#ends) {
      if (end.state === 'stored') continue;
      const { path, path_base64: base64, root, state, reason, detail } = end;
      problems.push([
        key,
        {
          original_path: path,
          ...(base64 === undefined ? {} : { original_path_base64: base64 }),
          root,
          state,
          reason,
          detail,
        },
      ]);
    }
    return inOrder(problems);
  }
}

function keyOf(path: JournalPath): string {
  return pathKey(path.root, pathBytes(path));
}

function inOrder<T>(pairs: [string, T][]): T[] {
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
