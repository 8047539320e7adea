import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readBundle } from '#src/crypto/chain.ts';
import { encodeRequest, makeRequest } from '#src/crypto/timestamp-request.ts';
import { verifyTimestamp } from '#src/crypto/timestamp.ts';
import { makeTsa } from '../helpers/tsa.ts';

test('x', async () => {
  for (const k of ['rsa', 'ec'] as const) {
    const tsa = await makeTsa({ key: k, intermediate: true });
    const stamped = Buffer.from('hello');
    const request = makeRequest(createHash('sha256').update(stamped).digest());
    const r = await tsa.answer(encodeRequest(request));
    const v = verifyTimestamp(r, {
      stamped,
      request,
      between: readBundle(Buffer.from(tsa.chainPem)).others,
      roots: readBundle(Buffer.from(tsa.rootPem)).roots,
    });
    expect(v).toMatchObject({ ok: true, trusted: true, name: 'Test TSA' });
  }
});
