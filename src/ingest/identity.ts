/** What a database was made from: equal identity, equal content. */
import { sha256Hex } from '../core/digest.ts';
import { readMigrations, schemaHash } from '../db/migrate.ts';
import { SOURCES } from '../sources/_registry.ts';

/** One sealed evidence item whose seal was verified. */
export interface SealedEvidence {
  readonly evidenceNo: number;
  readonly evidenceId: string;
  readonly payloadSetSha256: string;
  readonly volumes: readonly {
    readonly path: string;
    /** From the seal. */
    readonly sha256: string;
    readonly bytes: number;
  }[];
}

/** Keys of case_meta that say what the database was made from and by which rules. */
export function inputIdentity(
  evidence: readonly Pick<SealedEvidence, 'evidenceId' | 'payloadSetSha256'>[],
  flowFields: readonly string[] | undefined,
): Readonly<Record<string, string>> {
  const set = evidence.map((item) => `${item.payloadSetSha256}  ${item.evidenceId}\n`).join('');
  return {
    schema_sha256: schemaHash(readMigrations()),
    sources: JSON.stringify(
      Object.fromEntries(SOURCES.map((source) => [source.id, source.version])),
    ),
    child_tables: JSON.stringify(
      Object.fromEntries(
        SOURCES.flatMap(({ id, children = [] }) => children.map((child) => [child.id, id])),
      ),
    ),
    evidence_set_sha256: sha256Hex(set),
    vpc_format: (flowFields ?? []).join(' '),
  };
}
