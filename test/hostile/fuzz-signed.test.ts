/** Fuzzing by structure of what is signed: the DER of a signature, value by value, and the files of a ledger, file by file. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { appendEntry } from '#src/app/ledger.ts';
import { caseRoot } from '#src/app/case.ts';
import { verifyBy } from '#src/crypto/cms-verify.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { tempDir } from '../helpers/temp.ts';

let made: TestCase;

beforeAll(async () => {
  made = await testCase();
  for (const reason of ['one', 'two', 'three'])
    await appendEntry(made.case, made.signer, made.fx, { event: 'note', reason });
});

/** A value of DER: its tag, and its bytes or the values in it. */
interface Value {
  readonly tag: number;
  readonly body: Buffer | readonly Value[];
}

/** X.690 section 8.1; enough of it for what we write ourselves. */
function parse(bytes: Buffer): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length > 0x80) {
      const size = length - 0x80;
      length = bytes.readUIntBE(at, size);
      at += size;
    }
    const body = bytes.subarray(at, at + length);
    values.push({ tag, body: (tag & 0x20) === 0 ? body : parse(body) });
    at += length;
  }
  return values;
}

function write(values: readonly Value[]): Buffer {
  return Buffer.concat(
    values.map(({ tag, body }) => {
      const bytes = Buffer.isBuffer(body) ? body : write(body);
      if (bytes.length < 0x80) return Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
      const size = bytes.length < 0x100 ? 1 : 2;
      const length = Buffer.alloc(size);
      length.writeUIntBE(bytes.length, 0, size);
      return Buffer.concat([Buffer.of(tag, 0x80 + size), length, bytes]);
    }),
  );
}

interface Edit {
  readonly at: number;
  readonly kind: 'drop' | 'double' | 'tag' | 'bytes' | 'swap' | 'wrap' | 'null';
  readonly value: number;
  readonly bytes: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(200),
  kind: fc.constantFrom('drop', 'double', 'tag', 'bytes', 'swap', 'wrap', 'null'),
  value: fc.nat(255),
  bytes: fc.uint8Array({ maxLength: 40 }),
});

/** The tree with its n-th value changed, counted as it is read. */
function edited(values: readonly Value[], change: Edit): Value[] {
  let left = change.at % count(values);
  const visit = (list: readonly Value[]): Value[] => {
    const out: Value[] = [];
    for (const [index, value] of list.entries()) {
      const here = left-- === 0;
      if (!here) {
        const { tag, body } = value;
        out.push(Buffer.isBuffer(body) ? value : { tag, body: visit(body) });
        continue;
      }
      if (change.kind === 'double') out.push(value, value);
      else if (change.kind === 'tag') out.push({ ...value, tag: change.value });
      else if (change.kind === 'bytes') out.push({ ...value, body: Buffer.from(change.bytes) });
      else if (change.kind === 'wrap') out.push({ tag: 0x30, body: [value] });
      else if (change.kind === 'null') out.push(value, { tag: 5, body: Buffer.alloc(0) });
      else if (change.kind === 'swap') out.push(list[(index + 1) % list.length] ?? value);
    }
    return out;
  };
  return visit(values);
}

function count(values: readonly Value[]): number {
  return values.reduce((sum, { body }) => sum + 1 + (Buffer.isBuffer(body) ? 0 : count(body)), 0);
}

describe('CMS verifier', () => {
  test('accepts no signature whose structure was changed', async () => {
    const content = Buffer.from('evidence-seal v1');
    const signature = made.signer.sign(content);
    const tree = parse(Buffer.from(signature));
    expect(write(tree).equals(signature)).toBe(true);
    const root = await caseRoot(made.case);
    const want = { root, fingerprint: made.case.info.examiner.certificate };
    expect(verifyBy(content, signature, want).ok).toBe(true);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const mutant = write(edits.reduce<readonly Value[]>(edited, tree));
        const verdict = verifyBy(content, mutant, want);
        expect(verdict.ok).toBe(mutant.equals(signature));
      }),
      { numRuns: fuzzRuns(500) },
    );
  });
});

describe('ledger reader', () => {
  const step = fc.record({
    kind: fc.constantFrom('edit', 'edit', 'drop', 'copy', 'swap', 'insert'),
    file: fc.nat(7),
    other: fc.nat(7),
    at: fc.nat(3000),
    cut: fc.nat(4),
    put: fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        '\n',
        '"',
        '{',
        '}',
        ',',
        '0',
        '\0',
        '\xff',
        '"a":1,',
        '9007199254740993',
      ),
      fc.string({ maxLength: 8 }),
    ),
  });

  test('finds no ledger good that was changed', async () => {
    const { dir } = made.case.paths;
    const copy = join(await tempDir(), 'case');
    const files = readdirSync(join(dir, 'custody')).sort();
    const good = new Map(files.map((name) => [name, readFileSync(join(dir, 'custody', name))]));
    cpSync(dir, copy, { recursive: true });
    const custody = join(copy, 'custody');
    const head = String(verifyLedger(copy).entries.at(-1)?.hash);
    const restore = (): void => {
      for (const name of readdirSync(custody)) if (!good.has(name)) rmSync(join(custody, name));
      for (const [name, bytes] of good) writeFileSync(join(custody, name), bytes);
    };
    const apply = ({
      kind,
      file,
      other,
      at,
      cut,
      put,
    }: typeof step extends fc.Arbitrary<infer T> ? T : never): void => {
      const [one = '', two = ''] = [files[file % files.length], files[other % files.length]];
      const [from, to] = [join(custody, one), join(custody, two)];
      const have = readdirSync(custody);
      if (!have.includes(one)) return;
      if (kind === 'drop') rmSync(from);
      else if (kind === 'copy') writeFileSync(to, readFileSync(from));
      else if (kind === 'swap' && have.includes(two) && one !== two) {
        renameSync(from, `${from}.x`);
        renameSync(to, from);
        renameSync(`${from}.x`, to);
      } else if (kind === 'insert')
        cpSync(from, join(custody, `0000000${String((at % 3) + 5)}.json`));
      else if (kind === 'edit') {
        const bytes = readFileSync(from);
        const place = at % (bytes.length + 1);
        const middle = Buffer.from(put, 'latin1');
        writeFileSync(
          from,
          Buffer.concat([bytes.subarray(0, place), middle, bytes.subarray(place + cut)]),
        );
      }
    };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
        for (const one of steps) apply(one);
        const same =
          readdirSync(custody).sort().join() === files.join() &&
          files.every((name) =>
            readFileSync(join(custody, name)).equals(good.get(name) ?? Buffer.alloc(0)),
          );
        const { checks } = verifyLedger(copy, { head });
        restore();
        expect(checks.some(({ status }) => status === 'fail')).toBe(!same);
      }),
      { numRuns: fuzzRuns(150) },
    );
  });
});
