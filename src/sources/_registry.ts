/** Every log source. Written by `npm run gen` from the files of this folder; do not edit. */
import { cloudtrail } from './cloudtrail/index.ts';
import { cloudtrail_digest } from './cloudtrail_digest.ts';
import { s3_access } from './s3_access.ts';
import type { Source } from './source.ts';
import { vpc_flow } from './vpc_flow.ts';
import { waf } from './waf.ts';

/** In bytewise order of id. */
export const SOURCES: readonly Source[] = [cloudtrail, cloudtrail_digest, s3_access, vpc_flow, waf];
