/** Files with rules: what is read, what is not and why, and mistakes that are pointed at. */
import { describe, expect, test } from 'vitest';
import { ExhibitError } from '#src/core/errors.ts';
import { readPattern } from '#src/detect/pattern.ts';
import { readRuleFile, readTargets } from '#src/detect/rules.ts';
import { receive } from '#src/detect/transform.ts';

describe('mistakes', () => {
  const mistakes: readonly (readonly [string, string])[] = [
    ['', 'line 1, column 1: expected a JSON value, found the end'],
    ['[]', 'line 1, column 1: expected an object, found an empty array'],
    ['{}', 'line 1, column 1: expected a field or more, found an empty object'],
    ['{"a":{}}', 'line 1, column 6: expected a field or more, found an empty object'],
    ['{"a":[]}', 'line 1, column 6: expected a value or more, found an empty array'],
    ['{\n  "a": "x"\n}', 'line 2, column 8: expected an array or an object, found a string'],
    ['{"a":["x",]}', 'line 1, column 11: expected a JSON value, found "]"'],
    ['{"a":["x"]} x', 'line 1, column 13: expected the end of the text, found "x"'],
    ['{"a":["x]}', 'line 1, column 7: expected a closing quote, found the end'],
    ['{"a":["\\x"]}', 'line 1, column 7: expected a JSON string'],
    ['{"a":[["x"]]}', 'found an array'],
    ['{"a":[{}]}', 'line 1, column 7: expected one operator, found an empty object'],
    ['{"a":[{"prefx":"x"}]}', 'line 1, column 8: expected prefix, suffix'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 'line 1, column 21: expected one operator alone'],
    ['{"a":[{"prefix":5}]}', 'expected a string or {"equals-ignore-case": ...}, found a number'],
    ['{"a":[{"prefix":{"suffix":"x"}}]}', 'expected "equals-ignore-case", found "suffix"'],
    ['{"a":[{"equals-ignore-case":["x"]}]}', 'expected a string, found an array'],
    ['{"a":[{"wildcard":"a**b"}]}', 'expected single asterisks, found "**"'],
    ['{"a":[{"wildcard":"a\\\\b"}]}', 'after a backslash, found "b"'],
    ['{"a":[{"anything-but":null}]}', 'found null'],
    ['{"a":[{"anything-but":[]}]}', 'found an empty array'],
    ['{"a":[{"anything-but":["x",1]}]}', 'expected only strings or only numbers, found a number'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 'expected a string that is not empty'],
    ['{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}', 'found an object'],
    ['{"a":[{"anything-but":{"constructor":"x"}}]}', 'found "constructor"'],
    ['{"a":[{"numeric":5}]}', 'expected an array such as'],
    ['{"a":[{"numeric":["NE",5]}]}', 'expected one of "=", "<", "<=", ">", ">=", found "NE"'],
    ['{"a":[{"numeric":[">","5"]}]}', 'expected a number after ">", found a string'],
    ['{"a":[{"numeric":["<",5,">",1]}]}', 'expected nothing after "<" and its number'],
    ['{"a":[{"numeric":[">",5,"<",1]}]}', 'expected a number above the first, found 1'],
    ['{"a":[{"exists":"true"}]}', 'expected true or false, found a string'],
    ['{"a":[{"cidr":"10.0.0.0"}]}', 'and the length of the mask, found "10.0.0.0"'],
    ['{"a":[{"cidr":"10.0.0.0/33"}]}', 'found "10.0.0.0/33"'],
    ['{"a":[{"cidr":"::1::/3"}]}', 'found "::1::/3"'],
    ['['.repeat(300), 'expected at most 200 levels'],
  ];
  test.each(mistakes)('%j', (text, said) => {
    let caught: unknown;
    try {
      readPattern(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ExhibitError);
    expect((caught as ExhibitError).code).toBe('E_PATTERN');
    expect((caught as ExhibitError).message).toContain(said);
    expect((caught as ExhibitError).where?.line).toBe(text.startsWith('{\n') ? 2 : 1);
  });

  test('choices that multiply are refused before they are made', () => {
    const or = Array.from({ length: 12 }, (_, at) => {
      const field = `f${String(at)}`;
      return `"${field}":{"$or":[{"a":[1]},{"b":[2]}]}`;
    });
    expect(() => readPattern(`{${or.join(',')}}`)).toThrow('at most 1000 combinations');
    const absent = Array.from({ length: 30 }, (_, at) => `"f${String(at)}":["x",{"exists":false}]`);
    expect(() => readPattern(`{${absent.join(',')}}`)).toThrow('at most 1000 combinations');
  });
});

describe('files', () => {
  test('list-rules: what sees no events is said, a mistake hides no other rule', () => {
    const text = JSON.stringify({
      Rules: [
        {
          Name: 'keys',
          Arn: 'arn:aws:events:eu-west-1:111122223333:rule/keys',
          State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
          EventPattern: '{"source":["aws.iam"]}',
          EventBusName: 'arn:aws:events:eu-west-1:111122223333:event-bus/security',
        },
        { Name: 'off', State: 'DISABLED', EventPattern: '{"source":["aws.iam"]}' },
        { Name: 'hourly', State: 'ENABLED', ScheduleExpression: 'rate(1 hour)' },
        { Name: 'broken', State: 'ENABLED', EventPattern: '{"source":"aws.iam"}' },
      ],
    });
    const { rules, skipped } = readRuleFile(text, 'rules.json');
    expect(rules).toMatchObject([
      {
        name: 'keys',
        account: '111122223333',
        region: 'eu-west-1',
        bus: 'security',
        state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      },
    ]);
    expect(skipped.map(({ name, mistake }) => [name, mistake])).toEqual([
      ['off', undefined],
      ['hourly', undefined],
      ['broken', { file: 'rules.json', line: 1 }],
    ]);
    expect(skipped[2]?.reason).toBe(
      'in the text of EventPattern, line 1, column 11: expected an array or an object, found a string',
    );
  });

  test('a template, a list, a bare pattern with the names of rules as fields', () => {
    const template = {
      Resources: {
        Alarm: {
          Type: 'AWS::Events::Rule',
          Properties: {
            EventPattern: { source: ['aws.ec2'] },
            Targets: [{ Id: 't', Arn: { Ref: 'Topic' }, InputPath: '$.detail' }],
          },
        },
        Topic: { Type: 'AWS::SNS::Topic' },
      },
    };
    const names = (value: unknown): readonly string[] =>
      readRuleFile(JSON.stringify(value), 'd/x.json').rules.map(({ name }) => name);
    expect(names(template)).toEqual(['Alarm']);
    expect(names([{ source: ['a'] }, { Name: 'n', EventPattern: '{"a":[1]}' }])).toEqual([
      'x[0]',
      'n',
    ]);
    expect(names({ Name: ['a'], State: ['b'], Rules: ['c'], Resources: { Type: ['d'] } })).toEqual([
      'x',
    ]);
  });
});

describe('targets', () => {
  const event = {
    source: 'aws.ec2',
    region: 'eu-west-1',
    detail: { state: 'say "x"', id: 9007199254740993n, list: [{ a: 1 }, { a: 2 }, { b: 3 }] },
  };
  const rule = { name: 'r', arn: 'arn:rule' };
  const text = (target: object): string => {
    const [one] = readTargets(JSON.stringify({ Targets: [{ Id: 't', Arn: 'a', ...target }] }));
    return one === undefined ? '' : receive(one, event, rule).text;
  };
  const transformed = (template: string, paths: Readonly<Record<string, string>> = {}): string =>
    text({ InputTransformer: { InputPathsMap: paths, InputTemplate: template } });

  test('the event, a constant, a part', () => {
    expect(text({})).toContain('"id":9007199254740993');
    expect(text({ Input: '{"a":1}' })).toBe('{"a":1}');
    expect(text({ InputPath: '$.detail.list[1].a' })).toBe('2');
    expect(text({ InputPath: '$.detail.list[*].a' })).toBe('[1,2]');
    expect(text({ InputPath: '$.detail.none' })).toBe('null');
  });

  test('a transformer: values in and outside quotes, names of the rule, what is not there', () => {
    const paths = { state: '$.detail.state', list: '$.detail.list', gone: '$.gone' };
    expect(transformed('{"s": <state>, "t": "is <state>"}', paths)).toBe(
      String.raw`{"s": "say \"x\"", "t": "is say \"x\""}`,
    );
    expect(transformed('"<list>"', paths)).toBe(String.raw`"[{\"a\":1},{\"a\":2},{\"b\":3}]"`);
    expect(transformed('"<aws.events.rule-name> <aws.events.rule-arn>"')).toBe('"r arn:rule"');
    expect(transformed('<aws.events.event>')).toBe('{"source":"aws.ec2","region":"eu-west-1"}');
    expect(transformed('"<gone>"', paths)).toBe('""');
  });

  test('a value that holds a placeholder stays as it is', () => {
    const [one] = readTargets(
      '{"Targets":[{"Id":"t","Arn":"a","InputTransformer":{"InputPathsMap":{"a":"$.a","b":"$.b"},"InputTemplate":"\\"<a>\\""}}]}',
    );
    expect(one === undefined ? '' : receive(one, { a: '<b>', b: 'x' }, rule).text).toBe('"<b>"');
  });

  test('a path that is none is pointed at', () => {
    expect(() => readTargets('{"Targets":[{"Id":"t","InputPath":"detail"}]}')).toThrow(
      'column 35: expected a path such as $.detail.state, found "detail"',
    );
  });
});
