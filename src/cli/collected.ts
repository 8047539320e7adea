/** What every kind of `collect` prints at its end. */
import type { CollectResult } from '../app/collect.ts';
import { terminalSafe } from '../core/text.ts';
import { size } from './progress.ts';

/** Steps of a collection, as progress names them. */
export const PHASES = {
  check: 'checking earlier copies',
  plan: 'planning',
  copy: 'copying',
} as const;

/** One sentence for the end of the copying. */
export function summary(result: CollectResult): string {
  const again = result.resumed ? ' (went on with an earlier run)' : '';
  return `copied ${String(result.stored)} files, ${size(result.bytes)}, for ${result.evidence}${again}`;
}

/** Problems shown before the rest is only counted. */
const SHOWN = 20;

/** The result for people. */
export function resultText(result: CollectResult): string {
  const { evidence, sealed, problems } = result;
  const lines = [
    `${evidence}: ${String(result.stored)} files, ${String(result.bytes)} bytes collected`,
  ];
  if (result.metadata > 0) {
    lines.push(`  ${String(result.metadata)} of them are object metadata (head-object)`);
  }
  if (result.changed > 0) {
    lines.push(
      `  ${String(result.changed)} changed while they were read; kept as read, and marked`,
    );
  }
  for (const { original_path: path, state, reason, detail } of problems.slice(0, SHOWN)) {
    lines.push(`  ${state} (${reason}): ${terminalSafe(path)}: ${terminalSafe(detail)}`);
  }
  if (problems.length > SHOWN) {
    lines.push(`  and ${String(problems.length - SHOWN)} more, all recorded in the bundle`);
  }
  if (result.again === true) {
    lines.push(
      'not sealed: the same command may still get what is missing; run it again, or seal without that',
    );
  }
  if (sealed === undefined) lines.push(`not sealed yet: exhibit seal ${evidence}`);
  else {
    lines.push(...sealed.seal.volumes.map(({ file, sha256 }) => `  ${sha256}  ${file}`));
    lines.push(
      `payload set  ${sealed.seal.payloadSetSha256}`,
      `seal         ${sealed.seal.sha256}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The result for `--json`. */
export function resultJson({ sealed, again, ...copied }: CollectResult): unknown {
  return {
    ...copied,
    ...(again === undefined ? {} : { again }),
    sealed:
      sealed === undefined
        ? null
        : {
            seal_sha256: sealed.seal.sha256,
            payload_set_sha256: sealed.seal.payloadSetSha256,
            volumes: sealed.seal.volumes.map(({ file, sha256 }) => ({ file, sha256 })),
          },
  };
}
