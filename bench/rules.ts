/** A hundred Sigma rules for the generated trail, as SigmaHQ's for CloudTrail are made, and each as SQL for the peer. */
import { APIS } from './apis.ts';

/** A rule, and the same question to a table with our columns and the text of the record. */
export interface BenchRule {
  readonly yaml: string;
  readonly sql: string;
}

const quoted = (text: string): string => `'${text}'`;

/** @param count how many; the same for the same count. */
export function benchRules(count: number): readonly BenchRule[] {
  return Array.from({ length: count }, (_, at) => rule(at));
}

function rule(at: number): BenchRule {
  const [api, other] = [APIS[at % APIS.length], APIS[(at * 7 + 3) % APIS.length]];
  const names = [api?.name ?? '', other?.name ?? '', `Delete${String(at)}`, `Put${String(at)}`];
  const source = `${api?.service ?? ''}.amazonaws.com`;
  const base = [`eventSource: ${source}`, `eventName: [${names.join(', ')}]`];
  const baseSql = `event_source = ${quoted(source)} AND event_name IN (${names.map(quoted).join(', ')})`;
  const made = (lines: readonly string[], condition: string, sql: string): BenchRule => ({
    yaml: [
      `title: Bench ${String(at)}`,
      'logsource: {product: aws, service: cloudtrail}',
      'detection:',
      ...lines.map((line) => `    ${line}`),
      `    condition: ${condition}`,
      'level: low',
      '',
    ].join('\n'),
    sql,
  });
  const selection = ['s:', ...base.map((line) => `    ${line}`)];
  // One in ten is asked of every row, two of the record's own members; the others of single calls, as SigmaHQ's are.
  switch (at % 10) {
    case 5:
    case 6:
      return made(
        [...selection, `    requestParameters.name|contains: a${String(at)}`],
        's',
        `${baseSql} AND json_extract_string(raw, '$.requestParameters.name') ILIKE '%a${String(at)}%'`,
      );
    case 7:
      return made(
        [
          ...selection,
          ...['filter_main_a:', '    userIdentity.type: AWSService'],
          ...['filter_main_b:', '    errorCode|exists: true'],
        ],
        's and not 1 of filter_main_*',
        `${baseSql} AND NOT (ifnull(user_identity_type = 'AWSService', false) OR error_code IS NOT NULL)`,
      );
    case 8:
      return made(
        ['s:', '    eventSource: iam.amazonaws.com', `    errorMessage|contains: u${String(at)}`],
        's',
        `event_source = 'iam.amazonaws.com' AND error_message ILIKE '%u${String(at)}%'`,
      );
    case 9:
      return made(
        ['s:', `    userIdentity.arn|re: '.+:assumed-role/service-${String(at % 60)}/job-1.*'`],
        's',
        `regexp_matches(user_identity_arn, '.+:assumed-role/service-${String(at % 60)}/job-1.*')`,
      );
    default:
      return made(selection, 's', baseSql);
  }
}
