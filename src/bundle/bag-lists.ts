/**
 * Texts of a bag, read by the letter of RFC 8493 ("The BagIt File Packaging Format (V1.0)"), with what its versions before 1.0
 * allowed besides. Pure: texts in, facts and problems out.
 */
import { Buffer } from 'node:buffer';
import { leadsOut } from '../archive/foreign.ts';

/** Versions that are read, oldest first. */
const VERSIONS = ['0.93', '0.94', '0.95', '0.96', '0.97', '1.0'] as const;

/** A version of BagIt. */
export type BagVersion = (typeof VERSIONS)[number];

/** What bagit.txt declares. */
export interface Declaration {
  readonly version: BagVersion;
  /** Of the other tag files, in lower case: `utf-8`. */
  readonly encoding: string;
}

/** One line of a manifest. */
export interface Listed {
  /** Decoded, relative to the bag. */
  readonly path: string;
  /** Lower case. */
  readonly hex: string;
}

/** Hash algorithms by the names that manifests carry, with Node's name and the length of their hex form. */
export const ALGORITHMS: Readonly<Record<string, { readonly hash: string; readonly hex: number }>> =
  {
    md5: { hash: 'md5', hex: 32 },
    sha1: { hash: 'sha1', hex: 40 },
    sha224: { hash: 'sha224', hex: 56 },
    sha256: { hash: 'sha256', hex: 64 },
    sha384: { hash: 'sha384', hex: 96 },
    sha512: { hash: 'sha512', hex: 128 },
  };

/** Section 2.1.1: exactly two lines, UTF-8 without a byte order mark. A text says what is wrong. */
export function readDeclaration(bytes: Buffer): Declaration | string {
  const text = decodeText(bytes, 'utf-8');
  if (text === undefined) return 'bagit.txt is not UTF-8';
  if (text.startsWith('\ufeff')) return 'bagit.txt begins with a byte order mark';
  const lines = linesOf(text);
  const version = /^BagIt-Version: (\d+\.\d+)$/.exec(lines[0] ?? '')?.[1];
  const encoding = /^Tag-File-Character-Encoding: (\S+)$/.exec(lines[1] ?? '')?.[1]?.toLowerCase();
  if (lines.length !== 2 || version === undefined || encoding === undefined)
    return 'bagit.txt is not the two lines that declare version and encoding';
  const known = VERSIONS.find((name) => name === version);
  if (known === undefined) return `version ${version} is none of ${VERSIONS.join(', ')}`;
  if (decodeText(Buffer.alloc(0), encoding) === undefined)
    return `the encoding ${encoding} is not known`;
  return { version: known, encoding };
}

/**
 * Text of a tag file, or undefined where the bytes are not of that encoding. Section 2.3: a byte order mark only where the
 * encoding needs one; it stays in the text otherwise.
 */
export function decodeText(bytes: Buffer, encoding: string): string | undefined {
  // The registry's ISO-8859-1, which the web reads as another.
  if (['iso-8859-1', 'latin1', 'us-ascii', 'ascii'].includes(encoding)) {
    return encoding.endsWith('ascii') && bytes.some((byte) => byte > 127)
      ? undefined
      : bytes.toString('latin1');
  }
  let label = encoding;
  // RFC 2781 section 4.3: the mark says which; without one, big-endian.
  if (encoding === 'utf-16')
    label = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-16be';
  try {
    const ignoreBOM = encoding !== 'utf-16';
    return new TextDecoder(label, { fatal: true, ignoreBOM }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lines of a text tag file (section 2.3): ended by LF, CR or CRLF, the last perhaps not at all. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * What a manifest lists, and the lines that are not of the form (section 2.1.3).
 * @param hexLength of a checksum; undefined: not known here, any will do.
 */
export function readManifest(
  text: string,
  kind: 'payload' | 'tag',
  version: BagVersion,
  hexLength: number | undefined,
): { readonly listed: Listed[]; readonly problems: string[] } {
  const listed: Listed[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [index, line] of linesOf(text).entries()) {
    const where = `line ${String(index + 1)}`;
    const [, sum, written] = /^([0-9A-Fa-f]+)[ \t]+(.+)$/s.exec(line) ?? [];
    if (sum === undefined || written === undefined) {
      problems.push(`${where} is not a checksum and a path`);
      continue;
    }
    const path = readPath(written, version);
    const problem =
      hexLength === undefined || sum.length === hexLength
        ? pathTrouble(path, written, kind)
        : 'has a checksum of another length';
    if (problem !== undefined || path === undefined) {
      problems.push(`${where} ${problem ?? ''}`);
      continue;
    }
    // A name is the same in its composed and decomposed form (section 6.1.1).
    const key = path.normalize('NFC');
    if (seen.has(key)) problems.push(`${where} lists ${JSON.stringify(path)} again`);
    seen.add(key);
    listed.push({ path, hex: sum.toLowerCase() });
  }
  return { listed, problems };
}

/** The path that is meant, or undefined if its percent-encoding is not that of the version. */
function readPath(written: string, version: BagVersion): string | undefined {
  let path = written;
  if (version === '1.0') {
    // Section 2.1.3: LF, CR and the percent sign, and only those.
    if (/%(?!0[AaDd]|25)/.test(path)) return undefined;
    path = path.replace(/%(0[AaDd]|25)/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  } else {
    // md5sum's mark of a binary file stood there in older bags; a percent sign stood for itself.
    path = path
      .replace(/^\*/, '')
      .replace(/%0[Aa]/g, '\n')
      .replace(/%0[Dd]/g, '\r');
  }
  return path.replace(/^\.\//, '');
}

function pathTrouble(
  path: string | undefined,
  written: string,
  kind: 'payload' | 'tag',
): string | undefined {
  const name = JSON.stringify(written);
  if (path === undefined) return `encodes something else than LF, CR and % in ${name}`;
  if (leadsOut(path)) return `has ${name}, which leads elsewhere`;
  // Section 5.1 names all three.
  if (/^[A-Za-z]:|^\\|^~|\0/.test(path)) return `has ${name}, which some systems take elsewhere`;
  if (kind === 'payload' && !path.startsWith('data/')) return `has ${name}, which is no payload`;
  if (kind === 'tag' && path.startsWith('data/')) return `has ${name}, which is payload`;
  if (kind === 'tag' && /^tagmanifest-[^/]*\.txt$/.test(path))
    return `has ${name}, which is a tag manifest itself`;
  return undefined;
}

/** Elements of bag-info.txt in order, and the lines that are none (section 2.2.2). */
export function readBagInfo(
  text: string,
  version: BagVersion,
): { readonly elements: (readonly [string, string])[]; readonly problems: string[] } {
  const form =
    version === '1.0'
      ? /^([^:\s](?:[^:]*[^:\s])?):[ \t](.*)$/s
      : /^([^:\s][^:]*?)[ \t]*:[ \t]*(.*)$/s;
  const elements: [string, string][] = [];
  const problems: string[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    const last = elements.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += ` ${line.trim()}`;
      continue;
    }
    const [, label, value] = form.exec(line) ?? [];
    if (label === undefined || value === undefined)
      problems.push(`line ${String(index + 1)} is not a label, a colon and a value`);
    else elements.push([label, value]);
  }
  return { elements, problems };
}
