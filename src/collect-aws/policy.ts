/** The least that must be allowed for a collection: made from the very tables that say what is asked. */
import { KINDS, TABLE, type Ask, type Follow, type Kind } from './table.ts';
import { SERVICES } from './services.ts';

/** Reading objects, whatever their state. */
const OBJECTS = [
  's3:GetObject',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
];
const LISTS = ['s3:ListBucket', 's3:ListBucketVersions'];

/** What a policy is for. */
export interface PolicyFor {
  readonly kinds: readonly Kind[];
  /** `s3://` places; empty and `anyBucket` for buckets that only answers will tell. */
  readonly places: readonly { readonly bucket: string; readonly prefix: string }[];
  readonly anyBucket: boolean;
  readonly restore: boolean;
  readonly roleArn?: string | undefined;
  /** `arn:aws:iam::*:role/NAME` for a role in every account. */
  readonly orgRole?: string | undefined;
}

/** An IAM policy, in IAM's own form (IAM User Guide, "IAM JSON policy elements reference"). */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Sid: string;
    readonly Effect: 'Allow';
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
  }[];
}

/** The policy of whoever collects. */
export function policyFor(what: PolicyFor): Policy {
  const { kinds, places, anyBucket, restore } = what;
  const actions = new Set(['ec2:DescribeRegions']);
  for (const kind of KINDS) {
    if (kinds.includes(kind)) for (const ask of TABLE[kind]) addActions(ask, actions);
  }
  if (what.orgRole !== undefined) actions.add('organizations:ListAccounts');
  const buckets = anyBucket ? ['*'] : [...new Set(places.map(({ bucket }) => bucket))].sort();
  const objects = anyBucket
    ? ['arn:aws:s3:::*/*']
    : [...new Set(places.map(({ bucket, prefix }) => `arn:aws:s3:::${bucket}/${prefix}*`))].sort();
  const roles = [what.roleArn, what.orgRole].filter((role) => role !== undefined);
  return {
    Version: '2012-10-17',
    Statement: [
      // Descriptions and lists: hardly any of these actions can be narrowed to resources.
      { Sid: 'Ask', Effect: 'Allow', Action: [...actions].sort(), Resource: ['*'] },
      ...(buckets.length === 0
        ? []
        : [
            {
              Sid: 'ListBuckets',
              Effect: 'Allow' as const,
              Action: LISTS,
              Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}`),
            },
            {
              Sid: 'ReadObjects',
              Effect: 'Allow' as const,
              Action: [...OBJECTS, ...(restore ? ['s3:RestoreObject'] : [])],
              Resource: objects,
            },
          ]),
      ...(roles.length === 0
        ? []
        : [
            {
              Sid: 'AssumeRoles',
              Effect: 'Allow' as const,
              Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
              Resource: roles,
            },
          ]),
    ],
  };
}

function addActions(ask: Ask | Follow, actions: Set<string>): void {
  const own = `${SERVICES[ask.service].iam}:${ask.operation}`;
  for (const action of ask.actions ?? [own]) actions.add(action);
  for (const follow of ask.then ?? []) addActions(follow, actions);
}

/** Every question of the tables, those that follow from others included. */
export function allAsks(): (Ask | Follow)[] {
  const all: (Ask | Follow)[] = [];
  const add = (ask: Ask | Follow): void => {
    all.push(ask);
    ask.then?.forEach(add);
  };
  for (const kind of KINDS) TABLE[kind].forEach(add);
  return all;
}
