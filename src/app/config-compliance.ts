/** `config compliance`: whether resources complied with rules, when that was recorded, and where it stands. */
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import {
  type Evidence,
  evidenceOf,
  evidenceSql,
  findResource,
  type Questions,
  type Row,
} from './config-rows.ts';

/** What is asked for; absent means all. */
export interface ComplianceChoice {
  /** Name of the rule, exactly. */
  readonly rule?: string;
  /** Id, name or ARN of the resource. */
  readonly resource?: string;
  /** Results recorded by then; microseconds UTC. */
  readonly atUs?: number;
  /** Every result, not only the last of each rule and resource. */
  readonly history?: boolean;
}

/** One result. */
export interface Compliance {
  readonly rule: string;
  readonly resource_type: string | null;
  readonly resource_id: string | null;
  /** COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA. */
  readonly compliance: string;
  /** What it was before, where a notification says so. */
  readonly before: string | null;
  readonly annotation: string | null;
  /** Null: the output of describe-compliance names no time. */
  readonly recorded_at: string | null;
  readonly account_id: string | null;
  readonly region: string | null;
  readonly evidence: Evidence;
}

/** The answer of `config compliance`. */
export interface ComplianceAnswer {
  readonly results: readonly Compliance[];
  readonly runs: readonly string[];
}

const RESULT = evidenceSql('config_compliance', 'c');
const ITEM = evidenceSql('config_item', 'i');
const STATE = evidenceSql('config_compliance_state', 's');

// SQLite may look at any row and any expression first: each keeps clear of text that is no JSON by itself.
const CONFIGURATION = 'CASE WHEN json_valid(i.configuration) THEN i.configuration END';

// Config also records compliance as items of its own, each with a list of rules.
const SQL = `SELECT * FROM (
SELECT c.config_rule_name AS rule, c.resource_type AS resource_type, c.resource_id AS resource_id, c.compliance_type AS compliance,
  c.old_compliance_type AS old, c.annotation AS annotation, c.time_us AS time_us, c.account_id AS account_id, c.region AS region, ${RESULT.columns}
FROM config_compliance AS c ${RESULT.joins}
UNION ALL
SELECT CASE r.type WHEN 'object' THEN json_extract(r.value, '$.configRuleName') END, json_extract(${CONFIGURATION}, '$.targetResourceType'),
  json_extract(${CONFIGURATION}, '$.targetResourceId'), CASE r.type WHEN 'object' THEN json_extract(r.value, '$.complianceType') END,
  NULL, NULL, i.time_us, i.account_id, i.region, ${ITEM.columns}
FROM config_item AS i, json_each(${CONFIGURATION}, '$.configRuleList') AS r ${ITEM.joins}
WHERE i.resource_type = 'AWS::Config::ResourceCompliance'
UNION ALL
SELECT s.config_rule_name, s.resource_type, s.resource_id, s.compliance_type, NULL, NULL, NULL, s.account_id, s.region, ${STATE.columns}
FROM config_compliance_state AS s ${STATE.joins}
) WHERE (compliance IS NOT NULL) AND (:rule = '' OR rule = :rule) AND (:resource = '' OR resource_id = :resource) AND coalesce(time_us, 0) <= :at_us
ORDER BY rule, resource_type, resource_id, account_id, region, time_us IS NULL, time_us, source, id`;

/**
 * Results of rules.
 * @throws ExhibitError `E_NOT_IMPORTED`, `E_USAGE` when the resource may be several.
 */
export async function configCompliance(
  { ask, runs }: Questions,
  choice: ComplianceChoice,
): Promise<ComplianceAnswer> {
  const { rule = '', resource, atUs = Number.MAX_SAFE_INTEGER, history = false } = choice;
  const id = resource === undefined ? '' : await resourceId({ ask, runs }, resource);
  const rows = await ask(SQL, { rule, resource: id, at_us: atUs });
  const kept = history ? rows : rows.filter((row, at) => !isSame(row, rows[at + 1]));
  return { results: kept.map(complianceOf), runs };
}

/** The id by which results name a resource: an ARN or name is looked up in the items; what none is about may be an id. */
async function resourceId({ ask }: Questions, name: string): Promise<string> {
  try {
    return (await findResource(ask, { name })).resource_id;
  } catch (error) {
    if (!(error instanceof ExhibitError) || error.code !== 'E_NOT_FOUND') throw error;
    return name;
  }
}

/** True if the next row is a later result of the same rule and resource. Results without a time stand by themselves. */
function isSame(row: Row, next: Row | undefined): boolean {
  if (next === undefined || row['time_us'] === null || next['time_us'] === null) return false;
  return ['rule', 'resource_type', 'resource_id', 'account_id', 'region'].every(
    (name) => row[name] === next[name],
  );
}

function complianceOf(row: Row): Compliance {
  const text = (name: string): string | null =>
    row[name] === null || row[name] === undefined ? null : String(row[name]);
  return {
    rule: text('rule') ?? '',
    resource_type: text('resource_type'),
    resource_id: text('resource_id'),
    compliance: text('compliance') ?? '',
    before: text('old'),
    annotation: text('annotation'),
    recorded_at: row['time_us'] === null ? null : formatUs(Number(row['time_us'])),
    account_id: text('account_id'),
    region: text('region'),
    evidence: evidenceOf(row),
  };
}
