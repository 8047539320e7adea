/**
 * What is checked of an object's bytes when they arrive: every checksum that S3 sent for the whole object, and the ETag where
 * it is an MD5 (Amazon S3 User Guide, "Checking object integrity").
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CanonicalValue } from '../core/canonical.ts';
import { crc32c, crc64nvme, type Crc } from './crc.ts';
import type { Hashes } from './keeper.ts';

interface Check {
  readonly name: string;
  readonly wanted: string;
  readonly update: (chunk: Uint8Array) => void;
  readonly got: () => string;
}

/** Takes an object's bytes, from the first on. */
export class Receipt {
  readonly #sha256 = createHash('sha256');
  readonly #sha512 = createHash('sha512');
  readonly #checks: readonly Check[];
  size = 0;

  /** @param head what S3 said of the object with its first bytes. */
  constructor(head: Head) {
    this.#checks = checksOf(head);
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sha512.update(chunk);
    for (const check of this.#checks) check.update(chunk);
    this.size += chunk.length;
  }

  /** SHA-256 of what came so far. */
  soFar(): string {
    return this.#sha256.copy().digest('hex');
  }

  /** Ours, and what does not agree with what S3 said. Call once. */
  end(): { readonly hashes: Hashes; readonly wrong: string[] } {
    const wrong = this.#checks.flatMap(({ name, wanted, got }) => {
      const is = got();
      return is === wanted ? [] : [`${name} is ${is}, S3 says ${wanted}`];
    });
    const hashes = { sha256: this.#sha256.digest('hex'), sha512: this.#sha512.digest('hex') };
    return { hashes, wrong };
  }
}

type Head = Readonly<Record<string, CanonicalValue>>;

function checksOf(head: Head): Check[] {
  const checks: Check[] = [];
  for (const [field, make] of Object.entries(SUMS)) {
    const wanted = head[`Checksum${field}`];
    // A checksum of the checksums of parts ends in their number, and says nothing of bytes without the parts' sizes.
    if (typeof wanted !== 'string' || head['ChecksumType'] === 'COMPOSITE') continue;
    if (/-\d+$/.test(wanted)) continue;
    const sum = make();
    checks.push({
      name: field,
      wanted,
      update: sum.update,
      got: () => Buffer.from(sum.digest()).toString('base64'),
    });
  }
  const md5 = md5Of(head);
  if (md5 !== undefined) {
    const hash = createHash('md5');
    checks.push({
      name: 'MD5',
      wanted: md5,
      update: (chunk) => hash.update(chunk),
      got: () => hash.digest('hex'),
    });
  }
  return checks;
}

/** The ETag is the MD5 of the bytes unless the object came in parts or is encrypted with a key of KMS or the client's. */
function md5Of(head: Head): string | undefined {
  const { ETag: etag, ServerSideEncryption: encryption } = head;
  const plain = encryption === undefined || encryption === 'AES256';
  if (!plain || head['SSECustomerAlgorithm'] !== undefined || typeof etag !== 'string') {
    return undefined;
  }
  return /^"([0-9a-f]{32})"$/.exec(etag)?.[1];
}

const SUMS: Readonly<Record<string, () => Crc>> = {
  CRC32: () => {
    let crc = 0;
    return {
      update: (chunk) => {
        crc = crc32(chunk, crc);
      },
      digest: () => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(crc);
        return bytes;
      },
    };
  },
  CRC32C: crc32c,
  CRC64NVME: crc64nvme,
  SHA1: () => ofHash(createHash('sha1')),
  SHA256: () => ofHash(createHash('sha256')),
};

function ofHash(hash: Hash): Crc {
  return { update: (chunk) => hash.update(chunk), digest: () => hash.digest() };
}
