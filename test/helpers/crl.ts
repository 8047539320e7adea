/** Revocation lists made by openssl with the key of a case's root, as docs/timestamps.md makes them. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFile } from '#src/app/case.ts';
import type { TestCase } from './case.ts';
import { tempDir } from './temp.ts';
import { openssl } from './tsa.ts';

/** One certificate that is taken back. */
interface Entry {
  readonly serial: string;
  /** YYYYMMDDhhmmssZ. */
  readonly at: string;
  /** As openssl's index has it: `keyCompromise`, `superseded`, `keyTime,20260101000000Z`. */
  readonly reason?: string;
}

/** A list by the root of a case (or by another key), as docs/timestamps.md makes it. */
export async function revocationList(
  by: TestCase,
  entries: readonly Entry[],
  extensions = '',
  md = 'sha256',
): Promise<Buffer> {
  const dir = await tempDir();
  const { paths, info } = by.case;
  const key = createPrivateKey(readFileSync(keyFile(paths, info.root)));
  writeFileSync(join(dir, 'root.key'), key.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(dir, 'root.pem'), readFileSync(paths.rootPem));
  writeFileSync(join(dir, 'crlnumber'), '01\n');
  const index = entries.map(({ serial, at, reason }) =>
    [
      'R',
      '460101000000Z',
      `${at.slice(2)}${reason === undefined ? '' : `,${reason}`}`,
      serial,
      'unknown',
      '/CN=x',
    ].join('\t'),
  );
  writeFileSync(join(dir, 'index.txt'), index.map((line) => `${line}\n`).join(''));
  writeFileSync(
    join(dir, 'ca.cnf'),
    `[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=${md}\ndefault_crl_days=30\ncrl_extensions=ext\n[ext]\nauthorityKeyIdentifier=keyid\n${extensions}\n`,
  );
  const args = [
    '-config',
    'ca.cnf',
    '-cert',
    'root.pem',
    '-keyfile',
    'root.key',
    '-out',
    'crl.pem',
  ];
  await openssl(['ca', '-gencrl', ...args], dir);
  return readFileSync(join(dir, 'crl.pem'));
}
