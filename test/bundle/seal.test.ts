/** The seal's text: one accepted form, readable by sha256sum. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseSeal, readSeal, renderSeal, volumeName, type SealContent } from '#src/bundle/seal.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const hex = (digit: string): string => digit.repeat(64);
const CONTENT: SealContent = {
  caseId: 'CASE-1',
  evidenceId: 'EV-0001',
  payloadSetSha256: hex('1'),
  acquiredFrom: '2026-01-02T03:04:05Z',
  acquiredTo: '2026-01-02T03:04:06.5Z',
  anchorNotBefore: 'none',
  signerCertSha256: hex('2'),
  tool: `exhibit 0.1.0 sha256:${hex('3')} node 26.10.0`,
  volumes: [0, 1].map((index) => {
    const name = volumeName('EV-0001', index);
    return { name, file: `${name}.tar`, sha256: hex('4'), tagmanifestSha256: hex('5') };
  }),
};

test('comes back as it was written', () => {
  const text = renderSeal(CONTENT);
  expect(parseSeal(Buffer.from(text), 'EV-0001.seal')).toMatchObject({
    ...CONTENT,
    sha256: createHash('sha256').update(text).digest('hex'),
  });
});

describe('is refused', () => {
  const good = renderSeal(CONTENT);
  test.each([
    ['with CRLF', good.replaceAll('\n', '\r\n')],
    ['without its last line feed', good.slice(0, -1)],
    ['with a line more', `${good}# note\n`],
    ['with a blank line', good.replace('# bag', '\n# bag')],
    ['with another version', good.replace('v1', 'v2')],
    ['with another count', good.replace('# volumes: 2', '# volumes: 3')],
    ['with a count in another form', good.replace('# volumes: 2', '# volumes: 02')],
    ['with a hash in capitals', good.replace(hex('4'), hex('A'))],
    ['with a volume of another name', good.replace('EV-0001.v002.tar', '../../etc/passwd')],
    ['with a volume twice', good.replaceAll('v002', 'v001')],
    ['with a binary marker', good.replace(`${hex('4')}  `, `${hex('4')} *`)],
    ['with a time without zone', good.replace('03:04:05Z', '03:04:05')],
    ['with a byte above ASCII', good.replace('CASE-1', 'CASE-\u00e9')],
    ['when empty', ''],
  ])('%s', (_, text) => {
    expect(() => parseSeal(Buffer.from(text, 'latin1'), 'x.seal')).toThrow(
      expect.objectContaining({ code: 'E_TAMPERED' }) as Error,
    );
  });

  test('as a link, and says so when there is none', async () => {
    const dir = await tempDir();
    await expect(readSeal(join(dir, 'x.seal'))).rejects.toMatchObject({ code: 'E_NOT_SEALED' });
    writeFileSync(join(dir, 'real'), good);
    symlinkSync(join(dir, 'real'), join(dir, 'x.seal'));
    await expect(readSeal(join(dir, 'x.seal'))).rejects.toMatchObject({ code: 'E_TAMPERED' });
  });
});

test.skipIf(!hasTool('sha256sum'))(
  needs('is checked by sha256sum -c --strict', 'sha256sum'),
  async () => {
    const dir = await tempDir();
    const volumes = CONTENT.volumes.map((volume) => {
      writeFileSync(join(dir, volume.file), volume.name);
      return { ...volume, sha256: createHash('sha256').update(volume.name).digest('hex') };
    });
    writeFileSync(join(dir, 'EV-0001.seal'), renderSeal({ ...CONTENT, volumes }));
    const out = execFileSync('sha256sum', ['-c', '--strict', 'EV-0001.seal'], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(out).toBe('EV-0001.v001.tar: OK\nEV-0001.v002.tar: OK\n');
  },
);
