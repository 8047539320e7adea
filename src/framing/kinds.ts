/** Files that nothing here reads, told by their first bytes, and what to do with each. The bytes decide, never the name. */
import { Buffer } from 'node:buffer';

interface Kind {
  readonly magic: readonly number[];
  /** Where the magic stands; 0 if not said. */
  readonly at?: number;
  readonly what: string;
}

function ascii(text: string): readonly number[] {
  return [...Buffer.from(text, 'latin1')];
}

const UNPACK = 'unpack it and collect what comes of it too';

const KINDS: readonly Kind[] = [
  // PKWARE APPNOTE, sections 4.3.7 and 4.3.16: with entries, and without.
  { magic: [0x50, 0x4b, 3, 4], what: `a zip archive, which is not unpacked: ${UNPACK}` },
  { magic: [0x50, 0x4b, 5, 6], what: 'a zip archive without entries' },
  {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    what: `compressed with xz, which is not read: ${UNPACK}`,
  },
  { magic: ascii('BZh'), what: `compressed with bzip2, which is not read: ${UNPACK}` },
  { magic: [0x04, 0x22, 0x4d, 0x18], what: `compressed with lz4, which is not read: ${UNPACK}` },
  // Framing format of Snappy, section 4.1: Firehose compresses so where it is told to.
  {
    magic: [0xff, 6, 0, 0, ...ascii('sNaPpY')],
    what: `compressed with Snappy, which is not read: ${UNPACK}`,
  },
  {
    magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
    what: `a 7-Zip archive, which is not unpacked: ${UNPACK}`,
  },
  { magic: [...ascii('Rar!'), 0x1a, 7], what: `a RAR archive, which is not unpacked: ${UNPACK}` },
  { magic: ascii('ustar'), at: 257, what: `a tar archive, which is not unpacked: ${UNPACK}` },
  {
    magic: [...ascii('ElfFile'), 0],
    what: 'a Windows event log (EVTX), which is not read: write it as XML (`wevtutil qe FILE /lf:true /f:xml`) or JSON, and collect that too',
  },
  {
    magic: ascii('LPKSHHRH'),
    what: 'a journal of systemd, which is not read: write it as JSON (`journalctl --file FILE -o json`), and collect that too',
  },
  { magic: ascii('PARE'), what: 'a Parquet file whose footer is encrypted, which is not read' },
  { magic: [...ascii('Obj'), 1], what: 'an Avro file, which is not read' },
  { magic: ascii('ORC'), what: 'an ORC file, which is not read' },
  { magic: [...ascii('SQLite format 3'), 0], what: 'an SQLite database, which is not read' },
  // Packets, in either order of bytes, by the microsecond and the nanosecond; and the newer format.
  ...[
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x0a, 0x0d, 0x0d, 0x0a],
  ].map((magic): Kind => ({ magic, what: 'a capture of packets, which is not read' })),
  { magic: ascii('%PDF-'), what: 'a PDF document' },
  { magic: [0x7f, ...ascii('ELF')], what: 'a program (ELF)' },
];

/** What a file is that nothing reads, and what to do with it; undefined if its first bytes do not say so. */
export function notRead(head: Buffer): string | undefined {
  const found = KINDS.find(({ magic, at = 0 }) =>
    magic.every((byte, index) => head[at + index] === byte),
  );
  return found?.what;
}
