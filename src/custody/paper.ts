/**
 * A tree's root as people write it down and read it out: 32 hex digits in groups (the first 128 bits), or twelve words (the
 * first 192 bits). The words are proquints: 16 bits are consonant, vowel, consonant, vowel, consonant (D. S. Wilkerson,
 * "A Proposal for Proquints: Identifiers that are Readable, Spellable, and Pronounceable", arXiv:0901.4016).
 */
import type { Buffer } from 'node:buffer';

const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';
const WORDS = 12;

/** Hex digits of the short form. */
export const SHORT_DIGITS = 32;

/** `0f1e 2d3c …`: eight groups of four. */
export function shortHex(root: Buffer): string {
  return (root.toString('hex').slice(0, SHORT_DIGITS).match(/.{4}/g) ?? []).join(' ');
}

/** `babad lusab …`: twelve words. */
export function rootWords(root: Buffer): string {
  return Array.from({ length: WORDS }, (_, index) => word(root.readUInt16BE(2 * index))).join(' ');
}

function word(bits: number): string {
  return [
    CONSONANTS[bits >> 12],
    VOWELS[(bits >> 10) & 3],
    CONSONANTS[(bits >> 6) & 15],
    VOWELS[(bits >> 4) & 3],
    CONSONANTS[bits & 15],
  ].join('');
}

/**
 * The first 48 hex digits of the root that twelve words name, however they were typed (case, blanks, hyphens); undefined
 * when it is not twelve such words.
 */
export function wordsToHex(text: string): string | undefined {
  const letters = text.toLowerCase().replace(/[\s-]/g, '');
  const words =
    letters.match(/[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]/g) ?? [];
  if (words.length !== WORDS || words.join('') !== letters) return undefined;
  return words.map((five) => bitsOf(five).toString(16).padStart(4, '0')).join('');
}

function bitsOf(five: string): number {
  const at = (index: number): number =>
    (index % 2 === 0 ? CONSONANTS : VOWELS).indexOf(five.charAt(index));
  return (at(0) << 12) | (at(1) << 10) | (at(2) << 6) | (at(3) << 4) | at(4);
}
