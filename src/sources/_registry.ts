/** Written by docs/generate.ts from the files of this folder; do not edit. */
import { cloudtrail } from './cloudtrail/index.ts';
import type { Source } from './source.ts';

/** Every source, in bytewise order of id. */
export const SOURCES: readonly Source[] = [cloudtrail];
