/** Flags that many verbs share. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';

/** Values of {@link commonOptions}. */
export interface CommonOptions {
  readonly case?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds `--case`, `--json`, `--quiet` and `--no-color`. */
export function commonOptions(command: Command): Command {
  return command
    .option(
      '--case <dir>',
      'case folder (default: EXHIBIT_CASE, then the nearest parent with case.json)',
    )
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .option('--no-color', 'no colours (also NO_COLOR)');
}

/**
 * The case folder: `--case`, `EXHIBIT_CASE`, then the nearest parent holding case.json.
 * @throws ExhibitError `E_NO_CASE` when there is none.
 */
export function findCase(options: CommonOptions, fx: Effects): string {
  const named = options.case ?? fx.env['EXHIBIT_CASE'];
  if (named !== undefined && named !== '') {
    const dir = resolve(fx.cwd, named);
    if (existsSync(join(dir, 'case.json'))) return dir;
    throw new ExhibitError('E_NO_CASE', 'the folder is not a case: it holds no case.json', {
      where: { file: dir },
      hint: 'name the folder that `exhibit init` made',
    });
  }
  for (let dir = resolve(fx.cwd); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'case.json'))) return dir;
    if (dirname(dir) === dir) break;
  }
  throw new ExhibitError('E_NO_CASE', 'no case folder here', {
    hint: 'go into a case folder, or give --case DIR or EXHIBIT_CASE',
  });
}

/** For an option that may be given more than once. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
