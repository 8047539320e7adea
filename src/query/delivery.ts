/** Delivery times in the names of CloudTrail's log files, and where they stop. */

/** One stretch without a file. */
export interface DeliveryGap {
  readonly account_id: string;
  readonly region: string;
  /** Delivery time of the last file before, microseconds UTC. */
  readonly from_us: number;
  /** Of the first file after. */
  readonly to_us: number;
}

// CloudTrail User Guide, "CloudTrail log file examples", "Log file name format":
// AccountID_CloudTrail_RegionName_YYYYMMDDTHHmmZ_UniqueString.json.gz
const NAME = /(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_[^/]*$/;

/** Files come every few minutes while there are events; an hour without one is worth naming. */
const GAP_US = 3_600_000_000;

/** Stretches of more than an hour between the files of one account and region, in order. */
export function deliveryGaps(names: readonly string[]): readonly DeliveryGap[] {
  const times = new Map<string, number[]>();
  for (const name of names) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const [account = '', region = ''] = match.slice(1);
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = match.slice(3).map(Number);
    const group = `${account} ${region}`;
    const list = times.get(group) ?? [];
    list.push(Date.UTC(year, month - 1, day, hour, minute) * 1000);
    times.set(group, list);
  }
  return [...times.keys()].sort().flatMap((group) => {
    const [account = '', region = ''] = group.split(' ');
    const sorted = (times.get(group) ?? []).sort((a, b) => a - b);
    return sorted.flatMap((from, at) => {
      const to = sorted[at + 1] ?? from;
      return to - from > GAP_US ? [{ account_id: account, region, from_us: from, to_us: to }] : [];
    });
  });
}
