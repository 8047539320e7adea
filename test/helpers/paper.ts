/** A root as it stands on paper. */
import { rootWords, shortHex } from '#src/custody/paper.ts';

/** 32 digits in groups. */
export function shortHexOfRoot(root: string): string {
  return shortHex(Buffer.from(root, 'hex'));
}

/** Twelve words, as somebody may type them. */
export function wordsOfRoot(root: string): string {
  return rootWords(Buffer.from(root, 'hex')).toUpperCase().replaceAll(' ', '-');
}
