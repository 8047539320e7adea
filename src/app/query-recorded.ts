/** Reads a recorded run back, each file checked against the signed record. */
import { constants, type Buffer } from 'node:buffer';
import { join } from 'node:path';
import { readSmallFile } from '../bundle/small-file.ts';
import { sameHex, sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import {
  canonicalResult,
  cellOf,
  type CanonicalCell,
  type CanonicalResult,
} from '../query/canonical.ts';
import { paramsJson, type BoundParams, type BoundValue } from '../query/params.ts';
import { readQuestion, type Question } from '../query/question.ts';
import { parseRun, runNumber, type RunRecord } from '../query/run-record.ts';
import type { Case } from './case.ts';
import { signedFileProblem } from './signed-file.ts';

interface Recorded {
  readonly record: RunRecord;
  readonly sql: string;
  /** Empty for the answer of a verb. */
  readonly params: BoundParams;
  /** What a verb was asked; undefined for SQL. */
  readonly question: Question | undefined;
  readonly result: CanonicalResult;
}

/** A run's files, each checked against the signed record. @throws ExhibitError `E_NOT_FOUND`, `E_TAMPERED`. */
export async function readRecorded(target: Case, folder: string, id: string): Promise<Recorded> {
  if (runNumber(id) === undefined) {
    throw new ExhibitError('E_NOT_FOUND', `"${id}" is not a run`, {
      hint: 'runs are Q-0001, Q-0002 and so on',
    });
  }
  const read = async (name: string): Promise<Buffer> => {
    const file = join(folder, name);
    const content = await readSmallFile(file, constants.MAX_STRING_LENGTH);
    if (content !== undefined) return content;
    throw new ExhibitError('E_NOT_FOUND', `the run ${id} or a file of it is not in this case`, {
      where: { file },
      hint: 'the folder queries/ of the case holds its runs; custody log tells which there were',
    });
  };
  const bytes = await read('run.json');
  const record = parseRun(bytes);
  if (record?.run_id !== id || record.case !== target.info.case) {
    throw tampered(join(folder, 'run.json'), 'run.json is not the record of this run');
  }
  await checkSignature(target, folder, bytes, await read('run.json.p7s'), record);
  const sql = await read('query.sql');
  const params = await read('params.json');
  const result = await read('result.jsonl');
  const expected: readonly (readonly [string, Buffer, string])[] = [
    ['query.sql', sql, record.core.query.sql_sha256],
    ['params.json', params, record.core.query.params_sha256],
    ['result.jsonl', result, record.core.result.ordered_sha256],
  ];
  for (const [name, content, hash] of expected) {
    if (!sameHex(sha256Hex(content), hash)) {
      throw tampered(join(folder, name), `${name} is not the file that run.json names`);
    }
  }
  const paramsFile = join(folder, 'params.json');
  const isVerb = record.core.query.verb !== undefined;
  const [, ...rows] = result.toString('utf8').slice(0, -1).split('\n');
  return {
    record,
    sql: sql.toString('utf8'),
    params: isVerb ? {} : readParams(params.toString('utf8'), paramsFile),
    question: isVerb ? readQuestion(params.toString('utf8'), paramsFile) : undefined,
    result: canonicalResult(record.core.result.columns, rows),
  };
}

async function checkSignature(
  target: Case,
  folder: string,
  bytes: Uint8Array,
  signature: Uint8Array,
  record: RunRecord,
): Promise<void> {
  const problem = await signedFileProblem(
    target,
    { bytes, signature, fingerprint: record.signer_cert_sha256 },
    ({ event, details }) => event === 'query' && details?.['run_id'] === record.run_id,
  );
  if (problem !== undefined) throw tampered(join(folder, 'run.json.p7s'), problem);
}

function readParams(text: string, file: string): BoundParams {
  const cells = JSON.parse(text) as Readonly<Record<string, CanonicalCell>>;
  const params = Object.fromEntries(
    Object.entries(cells).map(([name, cell]): [string, BoundValue] => {
      const value = cellOf(cell);
      if (value === null || typeof value === 'string' || typeof value === 'bigint')
        return [name, value];
      throw tampered(file, `the parameter ${name} has a type that no parameter has`);
    }),
  );
  if (paramsJson(params) !== text)
    throw tampered(file, 'params.json does not have its documented form');
  return params;
}

function tampered(file: string, message: string): ExhibitError {
  return new ExhibitError('E_TAMPERED', message, { where: { file } });
}
