/** A small S3 and a few APIs on loopback, which can be told to misbehave. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import { afterAll } from 'vitest';

/** One version of an object, or a delete marker. */
export interface Held {
  readonly bucket: string;
  readonly key: string;
  body: Buffer;
  readonly version?: string;
  readonly marker?: true;
  readonly headers?: Readonly<Record<string, string>>;
  readonly storage?: string;
}

/** What the stub was asked. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** `GetObject bucket/key`, `LookupEvents`, ... */
  readonly what: string;
  /** How often it was asked so far, this time included. */
  readonly count: number;
}

/** What goes wrong: an answer instead of the right one, or a treatment of it. */
export interface Fault {
  readonly status?: number;
  readonly code?: string;
  /** Cut the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Flip a bit of the body. */
  readonly corrupt?: boolean;
  /** Milliseconds before each kilobyte. */
  readonly slow?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running stub. */
export interface Stub {
  readonly url: string;
  readonly held: Held[];
  readonly asked: Asked[];
  /** Bytes of bodies that were sent, by object. */
  readonly sent: Map<string, number>;
  /** Answers of JSON APIs by operation. */
  readonly apis: Map<string, (input: Record<string, unknown>, asked: Asked) => unknown>;
  fault: (asked: Asked) => Fault | undefined;
  pageSize: number;
  /** Milliseconds that its clock is ahead. */
  skew: number;
  close: () => Promise<void>;
}

const stubs: Stub[] = [];

afterAll(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.close()));
});

/** MD5 as S3's ETag has it. */
function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

/** Starts one on a free port; it is closed after the test file. */
export async function startStub(held: Held[] = []): Promise<Stub> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      answer(request, response, Buffer.concat(pieces).toString('utf8')).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
    request.on('error', () => {});
    response.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const stub: Stub = {
    url: `http://127.0.0.1:${String(port)}`,
    held,
    asked: [],
    sent: new Map(),
    apis: new Map(),
    fault: () => undefined,
    pageSize: 1000,
    skew: 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  stubs.push(stub);

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', stub.url);
    const what = nameOf(request, url, body);
    const count = (counts.get(what) ?? 0) + 1;
    counts.set(what, count);
    const asked: Asked = {
      ...{ method: request.method ?? '', url, headers: request.headers, body, what, count },
    };
    stub.asked.push(asked);
    const fault = stub.fault(asked);
    response.setHeader('Date', new Date(Date.now() + stub.skew).toUTCString());
    response.setHeader('x-amzn-requestid', `REQ${String(stub.asked.length)}`);
    for (const [name, value] of Object.entries(fault?.headers ?? {}))
      response.setHeader(name, value);
    if (fault?.status !== undefined) {
      const code = fault.code ?? 'InternalError';
      if (request.headers['x-amz-target'] === undefined && !what.includes('/')) {
        response.writeHead(fault.status, { 'content-type': 'text/xml' });
        response.end(
          `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
        );
      } else if (request.headers['x-amz-target'] === undefined) {
        response.writeHead(fault.status, { 'content-type': 'application/xml' });
        response.end(
          request.method === 'HEAD'
            ? ''
            : `<Error><Code>${code}</Code><Message>no</Message></Error>`,
        );
      } else {
        response.writeHead(fault.status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify({ __type: code, message: 'no' }));
      }
      return;
    }
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') {
      const make = stub.apis.get(what);
      response.writeHead(make === undefined ? 400 : 200, {
        'content-type': 'application/x-amz-json-1.1',
      });
      const input = JSON.parse(body === '' ? '{}' : body) as Record<string, unknown>;
      response.end(JSON.stringify(make?.(input, asked) ?? { __type: 'UnknownOperationException' }));
      return;
    }
    if (request.method === 'POST' && url.pathname === '/') {
      const action = new URLSearchParams(body).get('Action') ?? '';
      const made = stub.apis.get(action)?.({}, asked) ?? QUERY[action];
      response.writeHead(made === undefined ? 400 : 200, { 'content-type': 'text/xml' });
      response.end(
        made ??
          '<ErrorResponse><Error><Code>InvalidAction</Code><Message>no</Message></Error></ErrorResponse>',
      );
      return;
    }
    await s3(request, response, url, what, fault ?? {});
  }

  async function s3(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    what: string,
    fault: Fault,
  ): Promise<void> {
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    if (key === '' && url.searchParams.has('versions')) {
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(listVersions(stub, bucket, url.searchParams));
      return;
    }
    const version = url.searchParams.get('versionId');
    const object = stub.held.find(
      (one) =>
        one.bucket === bucket &&
        one.key === key &&
        (version === null || (one.version ?? 'null') === version),
    );
    const fail = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(
        request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>no</Message></Error>`,
      );
    };
    if (object === undefined || object.marker === true) {
      fail(404, 'NoSuchKey');
      return;
    }
    const etag = etagOf(object.body);
    const match = request.headers['if-match'];
    if (match !== undefined && match !== etag) {
      fail(412, 'PreconditionFailed');
      return;
    }
    if (url.searchParams.has('tagging')) {
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end('<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>');
      return;
    }
    if (url.searchParams.has('restore')) {
      response.writeHead(202);
      response.end();
      return;
    }
    if (object.storage === 'GLACIER') {
      fail(403, 'InvalidObjectState');
      return;
    }
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const from = range === undefined ? 0 : Number(range);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(object.body));
    response.writeHead(range === undefined ? 200 : 206, {
      'content-length': object.body.length - from,
      'content-type': 'application/octet-stream',
      etag,
      'last-modified': LAST_MODIFIED.toUTCString(),
      ...(range === undefined ? { 'x-amz-checksum-crc32': crc.toString('base64') } : {}),
      ...(object.version === undefined ? {} : { 'x-amz-version-id': object.version }),
      ...object.headers,
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    let bytes = object.body.subarray(from);
    if (fault.corrupt === true) {
      bytes = Buffer.from(bytes);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
    }
    const end = Math.min(fault.cutAfter ?? bytes.length, bytes.length);
    const count = (size: number): void => {
      stub.sent.set(what, (stub.sent.get(what) ?? 0) + size);
    };
    if (fault.slow === undefined) {
      response.write(bytes.subarray(0, end));
      count(end);
    } else {
      for (let at = 0; at < end && !response.destroyed; at += 1024) {
        response.write(bytes.subarray(at, Math.min(end, at + 1024)));
        count(Math.min(end, at + 1024) - at);
        await new Promise((resolve) => setTimeout(resolve, fault.slow));
      }
    }
    // What was written so far is to arrive before the connection goes.
    if (end < bytes.length) setTimeout(() => response.destroy(), 20);
    else response.end();
  }
  return stub;
}

/** When everything in the stub was last modified. */
const LAST_MODIFIED: Date = new Date('2026-01-02T03:00:00Z');

const QUERY: Readonly<Record<string, string>> = {
  GetCallerIdentity:
    '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ir</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  AssumeRole:
    '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEROLEROLE</AccessKeyId><SecretAccessKey>role-secret-role-secret</SecretAccessKey><SessionToken>role-token-role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>',
  DescribeRegions:
    '<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item><item><regionName>us-east-1</regionName></item></regionInfo></DescribeRegionsResponse>',
};

function nameOf(request: IncomingMessage, url: URL, body: string): string {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  if (request.method === 'POST' && url.pathname === '/') {
    return new URLSearchParams(body).get('Action') ?? '';
  }
  const path = decodeURIComponent(url.pathname.slice(1));
  if (url.searchParams.has('versions')) return `ListObjectVersions ${path.replace(/\/$/, '')}/`;
  if (url.searchParams.has('tagging')) return `GetObjectTagging ${path}`;
  if (url.searchParams.has('restore')) return `RestoreObject ${path}`;
  const version = url.searchParams.get('versionId');
  const verb = request.method === 'HEAD' ? 'HeadObject' : 'GetObject';
  return `${verb} ${path}${version === null ? '' : `@${version}`}`;
}

function listVersions(stub: Stub, bucket: string, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter');
  const after = query.get('key-marker');
  const afterVersion = query.get('version-id-marker');
  const all = stub.held
    .filter((one) => one.bucket === bucket && one.key.startsWith(prefix))
    .map((one, index) => ({ one, index }))
    .sort((a, b) => (a.one.key < b.one.key ? -1 : a.one.key > b.one.key ? 1 : a.index - b.index))
    .map(({ one }) => one);
  const folders = new Set<string>();
  const listed = all.filter(({ key }) => {
    const cut = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) return true;
    folders.add(key.slice(0, cut + 1));
    return false;
  });
  const start =
    after === null
      ? 0
      : listed.findIndex(({ key, version }) =>
          afterVersion === null
            ? key > after
            : key === after && (version ?? 'null') === afterVersion,
        ) + (afterVersion === null ? 0 : 1);
  const page = listed.slice(start < 0 ? listed.length : start).slice(0, stub.pageSize);
  const more = start >= 0 && start + page.length < listed.length;
  const last = page.at(-1);
  const seen = new Set(listed.slice(0, Math.max(start, 0)).map(({ key }) => key));
  const entries = page.map((one) => {
    const latest = !seen.has(one.key);
    seen.add(one.key);
    const common = `<Key>${xml(one.key)}</Key><VersionId>${one.version ?? 'null'}</VersionId><IsLatest>${String(latest)}</IsLatest><LastModified>${LAST_MODIFIED.toISOString()}</LastModified>`;
    return one.marker === true
      ? `<DeleteMarker>${common}</DeleteMarker>`
      : `<Version>${common}<ETag>${xml(etagOf(one.body))}</ETag><Size>${String(one.body.length)}</Size><StorageClass>${one.storage ?? 'STANDARD'}</StorageClass></Version>`;
  });
  return `<ListVersionsResult>${entries.join('')}${[...folders].map((folder) => `<CommonPrefixes><Prefix>${xml(folder)}</Prefix></CommonPrefixes>`).join('')}<IsTruncated>${String(more)}</IsTruncated>${more && last !== undefined ? `<NextKeyMarker>${xml(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.version ?? 'null'}</NextVersionIdMarker>` : ''}</ListVersionsResult>`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
