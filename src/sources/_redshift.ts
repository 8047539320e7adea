/** What the three audit logs of Redshift share: the name of their files, their times. */
import { logTime } from '../core/time.ts';
import { isoTime } from './_lines.ts';
import type { Column, Head, Value } from './source.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Columns of account, region and cluster, in the order of {@link ownerOf}. */
export const REDSHIFT_OWNER: readonly Column[] = [
  {
    name: 'account_id',
    type: 'TEXT',
    about: 'Account in the name of the file; NULL where the file has another name.',
  },
  {
    name: 'region',
    type: 'TEXT',
    about: 'Region in the name of the file; NULL where the file has another name.',
  },
  {
    name: 'cluster',
    type: 'TEXT',
    about: 'Cluster in the name of the file or log group; NULL where it has another name.',
  },
];

/** Account, region and cluster in the name of a file that Redshift delivered, or the cluster in a log group's. */
export function ownerOf({ path }: Head): readonly [Value, Value, Value] {
  const key = /(\d{12})_redshift_([a-z0-9-]+)_(.+)_(?:connectionlog|userlog|useractivitylog)_/.exec(
    path,
  );
  if (key !== null) return [key[1] ?? null, key[2] ?? null, key[3] ?? null];
  return [null, null, /(?:^|\/)aws\/redshift\/cluster\/([^/]+)\//.exec(path)?.[1] ?? null];
}

/** `Sat, 08 Nov 2025 09:00:05:123`, or the same as `2025-11-08 09:00:05.123`; UTC. */
export function redshiftTime(field: string): number | undefined {
  if (/^\d{4}-/.test(field)) return isoTime(field.replace(' ', 'T'));
  const [, day = '', name = '', year = '', clock = ''] = field.split(/[ ,]+/);
  const month = MONTHS.indexOf(name) + 1;
  const millis = clock.lastIndexOf(':');
  if (month === 0 || millis !== 8) return undefined;
  const date = `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
  return logTime(`${date}T${clock.slice(0, 8)}.${clock.slice(9)}Z`);
}
