/** The BagIt profile that every volume keeps (BagIt Profiles Specification 1.4.0), shipped inside the bag itself. */

/** Never fetched: a verifier must not make a network call that the bag chooses. */
export const PROFILE_ID = 'urn:exhibit:bagit-profile:evidence:1';

/** Tag files that every bag has, besides the manifests. */
export const REQUIRED_TAG_FILES = [
  'acquisition/collection.json',
  'acquisition/environment.json',
  'acquisition/objects.jsonl',
  'bag-info.txt',
  'bagit.txt',
  'profile/evidence-profile.json',
] as const;

/** Tag files that the first volume carries: the journal, and the list of what could not be collected. */
export const FIRST_VOLUME_FILES = [
  'acquisition/errors.jsonl',
  'acquisition/journal.jsonl',
] as const;

/** Tag files that some bags have. */
export const OPTIONAL_TAG_FILES = [...FIRST_VOLUME_FILES, 'acquisition/public-keys.json'] as const;

/** Payload manifests and, of the same algorithms, tag manifests. */
export const MANIFESTS = ['manifest-sha256.txt', 'manifest-sha512.txt'] as const;

/** Labels of bag-info.txt, in the order they are written; all required but the organization. */
export const BAG_INFO_LABELS = [
  'Source-Organization',
  'Contact-Name',
  'External-Description',
  'External-Identifier',
  'Bagging-Date',
  'Bag-Size',
  'Payload-Oxum',
  'Bag-Group-Identifier',
  'Bag-Count',
  'Internal-Sender-Identifier',
  'Bag-Software-Agent',
  'BagIt-Profile-Identifier',
] as const;

/** Text of profile/evidence-profile.json. */
export function profileJson(): string {
  const labels = BAG_INFO_LABELS.map((label) => [
    label,
    {
      required: label !== 'Source-Organization',
      repeatable: false,
      ...(label === 'BagIt-Profile-Identifier' ? { values: [PROFILE_ID] } : {}),
    },
  ]);
  const profile = {
    'BagIt-Profile-Info': {
      'BagIt-Profile-Identifier': PROFILE_ID,
      'BagIt-Profile-Version': '1.4.0',
      'Source-Organization': 'exhibit',
      'External-Description':
        'One volume of sealed evidence: RFC 8493 bag in a canonical ustar archive.',
      Version: '1',
    },
    'Bag-Info': Object.fromEntries(labels) as Record<string, unknown>,
    'Manifests-Required': ['sha256', 'sha512'],
    'Manifests-Allowed': ['sha256', 'sha512'],
    'Tag-Manifests-Required': ['sha256', 'sha512'],
    'Tag-Manifests-Allowed': ['sha256', 'sha512'],
    'Allow-Fetch.txt': false,
    'Fetch.txt-Required': false,
    'Data-Empty': false,
    Serialization: 'required',
    'Accept-Serialization': ['application/tar'],
    'Accept-BagIt-Version': ['1.0'],
    'Tag-Files-Required': REQUIRED_TAG_FILES.filter((path) => path.includes('/')),
    'Tag-Files-Allowed': [...REQUIRED_TAG_FILES, ...OPTIONAL_TAG_FILES]
      .filter((path) => path.includes('/'))
      .sort(),
    'Payload-Files-Allowed': ['data/*'],
  };
  return `${JSON.stringify(profile, null, 2)}\n`;
}
