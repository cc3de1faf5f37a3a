import { describe, expect, test } from 'vitest'
import { stepSpecs } from '../steps/index.ts'
import { parseDefinition } from './parse-definition.ts'

/** `line:column path: message` of every error, in the order of the text. */
function errorsOf(text: string): readonly string[] {
  const result = parseDefinition(text, 'web.yaml', stepSpecs)
  return result.ok
    ? []
    : result.errors.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

/** One task with these lines in it, which begin in line 4, column 5. */
const task = (...lines: string[]): string =>
  ['name: x', 'tasks:', '  - key: t', ...lines.map((line) => `    ${line}`), ''].join('\n')
/** A whole definition with these lines at the top; they begin in line 1, column 1. */
const top = (...lines: string[]): string => [...lines, 'tasks: [{key: t, uses: noop}]', ''].join('\n')
const named = (...lines: string[]): string => top('name: x', ...lines)

test('an error carries the name of the file', () => {
  expect(parseDefinition('name: [', 'dir/web.yaml', stepSpecs)).toMatchObject({
    ok: false,
    errors: [{ file: 'dir/web.yaml' }],
  })
})

describe('no definition at all', () => {
  test.each<[string, readonly string[]]>([
    ['', ['1:1 : expected a pipeline definition, found nothing']],
    ['# only a comment\n', ['1:1 : expected a pipeline definition, found nothing']],
    ['null', ['1:1 : expected a definition: a mapping with name, found nothing']],
    ['- a', ['1:1 : expected a definition: a mapping with name, found a list']],
    ['build', ['1:1 : expected a definition: a mapping with name, found "build"']],
    ['a: 1\n---\nb: 2', ['2:1 : expected one document, found a second']],
    ['%YAML 1.1\n---\nname: x', ['1:1 : expected no % directives: definitions are YAML 1.2']],
    ['name: x\0', ['1:8 : expected text without control characters, found U+0000']],
    ['name: \u{D800}x', ['1:7 : expected text without control characters, found U+D800']],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

describe('YAML that is none', () => {
  test.each<[string, readonly string[]]>([
    [
      'a: b: c',
      [
        '1:4 : expected one key, found a second ": ": put text with ": " in it in quotes, and a key of its own in the column of the others',
      ],
    ],
    [
      'tasks:\n  - key: a\n   script: x',
      [
        '3:1 : expected "-" before an item of a list, or a key in the column of the first one of its item, found neither',
      ],
    ],
    ['a:\n - x\n b: 1', ['3:1 : expected the keys of a mapping in one column, found this one in another']],
    ['name:x\ntasks: []', ['1:1 : expected a key and ": " on one line, found text without ": "']],
    ['name: "x', ['1:9 : expected a closing ", found the end']],
    [
      "name: 'it's'",
      [
        '1:11 : expected nothing more after the value, found text: within quotes write the quote twice, or put the text in others',
      ],
    ],
    ['name: {a: 1\nb: 2', ['2:1 : expected } before this, for the { that is open']],
    ['tasks: [a, b\nb: 2', ['2:1 : expected ] before this, for the [ that is open']],
    ['name: @x', ['1:7 : expected text in quotes, as it begins with @']],
    ['name: %x', ['1:7 : expected text in quotes, as it begins with %']],
    ['name: "x"#y', ['1:10 : expected a blank before #, found none']],
    ['a: {{ x }}', ['1:5 : expected text as a key: put text that begins with { or [ in quotes']],
    ['a:\n\t- x', ['2:1 : expected spaces as indentation, found a tab']],
    ['a: !x', ['1:4 : expected no tag, found !x: put text that begins with ! in quotes']],
    ['a: "x', ['1:6 : expected a closing ", found the end']],
    ['a: ]', ['1:4 : expected a key or a value, found "]"']],
    [
      'a: "\\q"\nb: @x',
      [
        '1:5 : expected an escape that YAML knows, found \\q: a backslash is written twice',
        '2:4 : expected text in quotes, as it begins with @',
      ],
    ],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

describe('keys and values', () => {
  test.each<[string, readonly string[]]>([
    [
      'stages: []\n',
      ['1:1 name: expected `name` in a definition, found nothing', '1:9 stages: expected 1 to 1000 items, found 0'],
    ],
    ['name: x', ['1:1 stages: expected either `stages`, `tasks` or `flow`, found neither']],
    [
      'name: x\nstages: [{name: s, tasks: [{key: a, uses: noop}]}]\ntasks: []',
      [
        '3:1 tasks: expected either `stages`, `tasks` or `flow`, found both',
        '3:8 tasks: expected 1 to 20000 items, found 0',
      ],
    ],
    [
      'name: x\nname: y\ntasks: [{key: t, uses: noop, uses: noop}]',
      [
        '2:1 name: expected every key once, found "name" again',
        '3:30 tasks[0].uses: expected every key once, found "uses" again',
      ],
    ],
    [named('__proto__: 1'), ['2:1 : expected another key, found "__proto__"']],
    [
      named('tiemout: 3', 'constructor: 1', 'on-failure: stop'),
      [
        '2:1 tiemout: unknown key (did you mean "timeout"?): expected one of name, description, language, variables, outputs, params, env, secrets, triggers, concurrency, priority, timeout, on_failure, restarts, keep, workspace, notify, annotations, stages, tasks, flow, found "tiemout"',
        '3:1 constructor: unknown key: expected one of name, description, language, variables, outputs, params, env, secrets, triggers, concurrency, priority, timeout, on_failure, restarts, keep, workspace, notify, annotations, stages, tasks, flow, found "constructor"',
        '4:1 on-failure: unknown key (did you mean "on_failure"?): expected one of name, description, language, variables, outputs, params, env, secrets, triggers, concurrency, priority, timeout, on_failure, restarts, keep, workspace, notify, annotations, stages, tasks, flow, found "on-failure"',
      ],
    ],
    [top("name: ''"), ['1:7 name: expected a name of 1 to 128 characters, found an empty text']],
    [top(`name: ${'x'.repeat(129)}`), ['1:7 name: expected a name of 1 to 128 characters, found 129 characters']],
    [top("name: ' x'"), ['1:7 name: expected a name of 1 to 128 characters, found " x"']],
    [top('name: "a\\nb"'), ['1:7 name: expected text of one line, found "a\\nb"']],
    [top('name: 404'), ['1:7 name: expected text: put it in quotes, found 404']],
    [top('name: [x]'), ['1:7 name: expected a name of 1 to 128 characters, found a list']],
    [
      top('name: "a\\0b"'),
      ['1:7 name: expected text without a NUL character', '1:7 name: expected text of one line, found "a\\u0000b"'],
    ],
    [top('name: "\\ud83d"'), ['1:7 name: expected text without halves of surrogate pairs']],
    [named('restarts: 101'), ['2:11 restarts: expected a whole number from 0 to 100, found 101']],
    [named('restarts: 1.5'), ['2:11 restarts: expected a whole number from 0 to 100, found 1.5']],
    [
      named('restarts: .inf'),
      [
        '2:11 restarts: expected a number that JSON can hold, found .inf',
        '2:11 restarts: expected a whole number from 0 to 100, found nothing',
      ],
    ],
    [named('timeout: soon'), ['2:10 timeout: expected a duration such as 30s or 1h30m, at most 366d, found "soon"']],
    [named('timeout: 367d'), ['2:10 timeout: expected a duration such as 30s or 1h30m, at most 366d, found "367d"']],
    [named('timeout: -3'), ['2:10 timeout: expected a duration such as 30s or 1h30m, at most 366d, found -3']],
    [named('timeout: 0s'), ['2:10 timeout: expected a duration of more than 0, found "0s"']],
    [named('timeout:'), ['2:9 timeout: expected a duration such as 30s or 1h30m, at most 366d, found nothing']],
    [named('on_failure: skip'), ['2:13 on_failure: expected one of stop, hold, continue or restart, found "skip"']],
    [
      named('on_failure: [stop]'),
      ['2:13 on_failure: expected stop, hold, continue, restart, or a mapping with policy and expire, found a list'],
    ],
    [
      named('on_failure: {policy: stop, expire: 3h}'),
      ['2:13 on_failure.expire: expected expire only with the policy hold, found it with stop'],
    ],
    [named('on_failure: {expire: 3h}'), ['2:13 on_failure.policy: expected `policy` in on_failure, found nothing']],
    [named('annotations: {a: [1]}'), ['2:18 annotations.a: expected text, found a list']],
    [named("annotations: {'': x}"), ['2:15 annotations[""]: expected a name of 1 to 128 characters, found ""']],
    [
      named('env: {A-B: 1, MILLRACE_X: 2, C: , D: {}}'),
      [
        '2:7 env.A-B: expected the name of an environment variable: letters, digits and _, found "A-B"',
        '2:15 env.MILLRACE_X: names that begin with MILLRACE_ are reserved, found "MILLRACE_X"',
        '2:33 env.C: expected text, found nothing',
        '2:38 env.D: expected text, found a mapping',
      ],
    ],
    [named('env: x'), ['2:6 env: expected a mapping of names to values, found "x"']],
    [
      named('description: *there'),
      [
        '2:14 description: expected the name of an anchor that stands before, found *there',
        '2:14 description: expected text of at most 4096 characters, found nothing',
      ],
    ],
    [named('<<: 3'), ['2:1 ["<<"]: expected a mapping or a list of mappings, found 3']],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

describe('params and triggers', () => {
  test.each<[string, readonly string[]]>([
    [
      named('params: {PATH: x, LD_PRELOAD: y, a-b: 1, SYS_INCREMENT: 3}'),
      [
        '2:10 params.PATH: this name is reserved: as an environment variable it would change how programs run, found "PATH"',
        '2:19 params.LD_PRELOAD: names that begin with LD_ are reserved, found "LD_PRELOAD"',
        '2:34 params.a-b: expected a name of letters, digits and _ that begins with no digit, at most 64 characters, found "a-b"',
        '2:42 params.SYS_INCREMENT: names that begin with SYS_ are reserved, found "SYS_INCREMENT"',
      ],
    ],
    [named('params: {v: 1.10}'), ['2:13 params.v: expected text in quotes, or a `type`: 1.10 as a number is 1.1']],
    [named('params: {v: 0x10}'), ['2:13 params.v: expected text in quotes, or a `type`: 0x10 as a number is 16']],
    [
      named('params: {v: [1]}'),
      [
        '2:13 params.v: expected a default value, or a mapping with type, description, required, default and options, found a list',
      ],
    ],
    [
      named('params: {v: {type: strnig}}'),
      [
        '2:20 params.v.type: expected one of string, number, boolean, choice or json, found "strnig" (did you mean "string"?)',
      ],
    ],
    [named('params: {v: {type: number, default: x}}'), ['2:37 params.v.default: expected a number, found "x"']],
    [named('params: {v: {type: boolean, default: 1}}'), ['2:38 params.v.default: expected true or false, found 1']],
    [named('params: {v: {options: [a, b], default: c}}'), ['2:40 params.v.default: expected one of a, b, found "c"']],
    [named('params: {v: {type: choice}}'), ['2:13 params.v.options: expected `options` for a choice, found nothing']],
    [
      named('params: {v: {type: string, options: [a]}}'),
      ['2:37 params.v.options: expected options only for a choice, found them for type string'],
    ],
    [
      named('params: {v: {options: [a, a]}}'),
      ['2:27 params.v.options[1]: expected every option once, found "a" again'],
    ],
    [
      named('triggers: [{webhook: push, params: {ref: brunch}}, {webhook: push}, {}]'),
      [
        '2:42 triggers[0].params.ref: expected the name of a param, found "brunch"',
        '2:62 triggers[1].webhook: expected a name of its own for every trigger, found "push" again',
        '2:69 triggers[2]: expected one of webhook, schedule, channel, upstream or forge in a trigger, found none',
      ],
    ],
    [
      named('triggers: {operator: xor, list: []}'),
      [
        '2:22 triggers.operator: expected and or or, found "xor" (did you mean "or"?)',
        '2:33 triggers.list: expected 1 to 20 items, found 0',
      ],
    ],
    [
      named("triggers: [{schedule: '61 * * * *'}, {schedule: '* * * *'}, {schedule: '@every 10ms'}]"),
      [
        '2:23 triggers[0].schedule: expected a schedule (Invalid value for minute: 61), found "61 * * * *"',
        '2:49 triggers[1].schedule: expected five fields, six with seconds, @daily or its like, @every 15s, or @at and a time, found "* * * *"',
        '2:72 triggers[2].schedule: expected @every and a duration of at least 1s and at most 366d, found "@every 10ms"',
      ],
    ],
    [
      named("triggers: [{schedule: '0 0 30 2 *'}, {schedule: '0 0 * * *', timezone: Mars/Base, params: {a: b}}]"),
      [
        '2:23 triggers[0].schedule: expected a schedule that comes due, found "0 0 30 2 *"',
        '2:72 triggers[1].timezone: expected a time zone such as UTC or Europe/Berlin, found "Mars/Base"',
        '2:95 triggers[1].params.a: expected the name of a param, found "a"',
      ],
    ],
    [
      named(
        'triggers: [{channel: a, webhook: b}, {scheduel: x}, {upstream: a, statuses: green}, {channel: c, missed: x}]',
      ),
      [
        '2:12 triggers[0]: expected one of webhook, schedule, channel, upstream or forge in a trigger, found webhook and channel',
        '2:38 triggers[1]: expected one of webhook, schedule, channel, upstream or forge in a trigger, found none (did you mean "schedule"?)',
        '2:77 triggers[2].statuses: expected one of succeeded, failed, errored, timed_out, cancelled, rolled_back, rollback_failed or rollback_errored, found "green"',
        '2:98 triggers[3].missed: unknown key: expected one of channel, name, params, found "missed"',
      ],
    ],
    [
      named('triggers: [{channel: a}, {upstream: a}]'),
      ['2:37 triggers[1].upstream: expected a name of its own for every trigger, found "a" again: give it a `name`'],
    ],
    [named('concurrency: 0'), ['2:14 concurrency: expected a whole number from 1 to 1000, found 0']],
    [
      named('concurrency: {limit: 1001, when_full: wait}'),
      [
        '2:22 concurrency.limit: expected a whole number from 1 to 1000, found 1001',
        '2:39 concurrency.when_full: expected one of queue, abort or supersede, found "wait"',
      ],
    ],
    [
      named("triggers: [{forge: bitbucket}, {forge: github, name: b, branches: '{a', params: {brunch: x}}]"),
      [
        '2:20 triggers[0].forge: expected one of github, gitlab, gitea, gitee or generic, found "bitbucket"',
        '2:67 triggers[1].branches: expected a } for every {, found "{a"',
        '2:82 triggers[1].params.brunch: expected one of forge, kind, action, repository, ref, branch, tag, source_branch, sha, before, author, message, url, number, title or fork, found "brunch"',
        '2:90 triggers[1].params.brunch: expected the name of a param, found "x"',
      ],
    ],
    [
      named('triggers: push'),
      ['2:11 triggers: expected a list of triggers, or a mapping with operator and list, found "push"'],
    ],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

describe('tasks', () => {
  const all = stepSpecs.map(({ type }) => type)
  const types = `one of ${all.slice(0, -1).join(', ')} or ${all.at(-1)}`
  test.each<[string, readonly string[]]>([
    [
      'name: x\ntasks:\n  - make',
      ['3:5 tasks[0]: expected a task: a mapping with one of name, key or description, found "make"'],
    ],
    ['name: x\ntasks:\n  - uses: noop', ['3:5 tasks[0].name: expected `name` or `key` in a task, found neither']],
    [
      'name: x\nstages:\n  - tasks: [{key: a, uses: noop}]',
      ['3:5 stages[0].name: expected `name` or `key` in a stage, found neither'],
    ],
    [
      'name: x\nstages:\n  - name: s',
      ['3:5 stages[0].tasks: expected either `tasks` or `flow` in a stage, found neither'],
    ],
    [task(), [`3:5 tasks[0].uses: expected \`uses\` or ${types} in a task, found key`]],
    [task('uses: scirpt'), [`4:11 tasks[0].uses: expected ${types}, found "scirpt" (did you mean "script"?)`]],
    [task('uses: [script]'), [`4:11 tasks[0].uses: expected ${types}, found a list`]],
    [task('script: a', 'sleep: 3'), ['5:5 tasks[0].sleep: expected one kind of work, found script and sleep']],
    [task('uses: noop', 'sleep: 3'), ['5:5 tasks[0].sleep: expected `sleep` only without `uses`, found both']],
    [task('script: a', 'with: {script: b}'), ['4:5 tasks[0].script: expected script once, found it in `with` too']],
    [
      task('git: {url: /a}', 'with: {ref: b}'),
      ['5:5 tasks[0].with: expected the fields of git in one place, found `git` and `with`'],
    ],
    [
      task('uses: script', 'with: make'),
      ['5:11 tasks[0].with: expected a mapping of the fields of script, found "make"'],
    ],
    [task('noop: 3'), ['4:11 tasks[0].noop: expected a mapping of the fields of noop, found 3']],
    [
      task('sleep:'),
      ['3:5 tasks[0].sleep: expected a duration such as 30s, 5m or 1h30m, or an instant, found nothing'],
    ],
    [
      task('sleep: forever'),
      ['4:12 tasks[0].sleep: expected a duration such as 30s, 5m or 1h30m, or an instant, found "forever"'],
    ],
    [task('uses: git'), ['3:5 tasks[0].url: expected text, found nothing']],
    [task('uses: git', 'with: {}'), ['5:11 tasks[0].with.url: expected text, found nothing']],
    [
      task('git: {ulr: /a, url: /b}'),
      [
        '4:11 tasks[0].git.ulr: unknown field of git (did you mean "url"?): expected one of url, ref, depth, path, token, key, known_hosts, host_check, submodules, lfs, sparse or user, found "ulr"',
      ],
    ],
    [
      task('script: make', 'with: {shell: zsh}'),
      ['5:19 tasks[0].with.shell: expected one of sh, bash, node or python, found "zsh"'],
    ],
    [task('script: 3'), ['4:13 tasks[0].script: expected text in quotes, found 3']],
    [
      task('approval: {required: 3, reviewers: [a, b]}'),
      ['4:26 tasks[0].approval.required: expected at most 2, as many as there are reviewers, found 3'],
    ],
    [
      task('approval: {required: all}'),
      ['4:26 tasks[0].approval.required: all needs a list of reviewers, found "all"'],
    ],
    [
      task('approval: {reviewers: [a, a]}'),
      ['4:27 tasks[0].approval.reviewers: expected every reviewer once, found a list'],
    ],
    [
      task('http: {url: "http://a", headers: {"a b": c}, expect: [2xx, 999]}'),
      [
        '4:39 tasks[0].http.headers["a b"]: expected the name of a header, found "a b"',
        '4:64 tasks[0].http.expect[1]: expected at most 599, found 999',
      ],
    ],
    [
      task('uses: noop', 'role: builder'),
      [
        '5:11 tasks[0].role: expected one of build, deploy, test, distribute, check, review, source, image or other, found "builder" (did you mean "build"?)',
      ],
    ],
    [task('uses: noop', 'retry: lots'), ['5:12 tasks[0].retry: expected a whole number from 0 to 100, found "lots"']],
    [
      task('uses: noop', 'retry: {max: 101, delay: 0, jitter: 2}'),
      [
        '5:18 tasks[0].retry.max: expected a whole number from 0 to 100, found 101',
        '5:30 tasks[0].retry.delay: expected a duration of more than 0, found 0',
        '5:41 tasks[0].retry.jitter: expected a number from 0 to 1, found 2',
      ],
    ],
    [
      task('uses: noop', 'retry: {max: 1, delay: 10s, max_delay: 1s}'),
      ['5:12 tasks[0].retry.max_delay: expected a max_delay that is not shorter than delay'],
    ],
    [task('uses: noop', 'on_lost: retry'), ['5:14 tasks[0].on_lost: expected error or rerun, found "retry"']],
    [
      task('uses: noop', 'runs_on: [linux, "a b"]'),
      [
        '5:22 tasks[0].runs_on[1]: expected a label of letters, digits and _ . : / = -, at most 64 characters, found "a b"',
      ],
    ],
    [
      'name: x\ntasks: [{key: a b, uses: noop}]',
      ['2:15 tasks[0].key: expected a key of letters, digits, _ and -, at most 64 characters, found "a b"'],
    ],
    [
      'name: x\ntasks: [{key: toString, uses: noop}]',
      ['2:15 tasks[0].key: expected a key of letters, digits, _ and -, at most 64 characters, found "toString"'],
    ],
    [
      'name: x\ntasks:\n- {name: Unit test, uses: noop}\n- {name: unit-test, uses: noop}\n- {key: unit-test, uses: noop}',
      [
        '4:10 tasks[1].name: expected a key of its own, found "unit-test" made from its name; give it a `key`: tasks[0] has it already',
        '5:9 tasks[2].key: expected a key of its own, found "unit-test": tasks[0] has it already',
      ],
    ],
    [
      'name: x\nstages:\n- {key: s, tasks: [{key: a, uses: noop}]}\n- {key: s, tasks: [{key: b, uses: noop}]}',
      ['4:9 stages[1].key: expected a key of its own, found "s": stages[0] has it already'],
    ],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

describe('needs', () => {
  const tasks = (...list: string[]): string =>
    `name: x\ntasks:\n${list.map((fields) => `- {uses: noop, ${fields}}`).join('\n')}\n`
  test.each<[string, readonly string[]]>([
    [tasks('key: a, needs: [b]'), ['3:32 tasks[0].needs[0]: expected the key of a task of the same stage, found "b"']],
    [
      tasks('key: build', 'key: b, needs: biuld'),
      ['4:31 tasks[1].needs: expected the key of a task of the same stage, found "biuld" (did you mean "build"?)'],
    ],
    [
      tasks('key: a, needs: [a]'),
      ['3:32 tasks[0].needs[0]: expected another task, found "a": a task cannot need itself'],
    ],
    [tasks('key: a', 'key: b, needs: [a, a]'), ['4:35 tasks[1].needs[1]: expected every task once, found "a" again']],
    [
      tasks('key: a, needs: b', 'key: b, needs: a'),
      ['3:31 tasks[0].needs: expected no task to need itself in the end, found a -> b -> a'],
    ],
    [
      tasks(
        'key: a, needs: b',
        'key: b, needs: c',
        'key: c, needs: [b]',
        'key: d, needs: [a]',
        'key: e, needs: f',
        'key: f, needs: e',
      ),
      [
        '4:31 tasks[1].needs: expected no task to need itself in the end, found b -> c -> b',
        '7:31 tasks[4].needs: expected no task to need itself in the end, found e -> f -> e',
      ],
    ],
    [
      'name: x\nstages:\n- {name: one, tasks: [{key: a, uses: noop, needs: b}]}\n- {name: two, tasks: [{key: b, uses: noop, needs: a}]}',
      [
        '3:51 stages[0].tasks[0].needs: expected the key of a task of the same stage, found "b" of stage "two", which begins after this stage',
        '4:51 stages[1].tasks[0].needs: expected the key of a task of the same stage, found "a" of stage "one", which is over before this stage begins',
      ],
    ],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })

  test('a long cycle is named by its beginning', () => {
    const ring = Array.from({ length: 500 }, (_, at) => `key: t${at}, needs: t${(at + 1) % 500}`)
    expect(errorsOf(tasks(...ring))).toEqual([
      '3:32 tasks[0].needs: expected no task to need itself in the end, found t0 -> t1 -> t2 -> t3 -> t4 -> t5 -> t6 -> t7 -> t8 -> t9 -> t10 -> t11 -> … -> t0',
    ])
  })
})

describe('expressions and templates', () => {
  const staged = (when: string): string =>
    `name: x\nparams: {branch: main}\nstages:\n- {key: s1, tasks: [{key: a, uses: noop}, {key: b, uses: noop}]}\n- key: s2\n  tasks: [{key: c, uses: noop}, {key: d, uses: noop, needs: c}]\n  when: ${when}\n`
  test.each<[string, readonly string[]]>([
    [staged("params.branch = 'main'"), ['7:23 stages[1].when: expected `==`, found `=`']],
    [
      staged('"params.branch == \'main\' adn true"'),
      ['7:34 stages[1].when: expected an operator or the end, found `adn`'],
    ],
    [staged("'params.branch == ''x'' and )'"), ['7:37 stages[1].when: expected a value, found `)`']],
    [
      staged('"\\"x\\" == params.branhc"'),
      ['7:19 stages[1].when: expected the name of a param, found "branhc" (did you mean "branch"?)'],
    ],
    [staged('|\n    true and\n      params.branch =\n'), ['9:21 stages[1].when: expected `==`, found `=`']],
    [staged('>\n    true and\n    params.branch =\n'), ['7:9 stages[1].when: expected `==`, found `=`']],
    [staged('${{ params.branch }}'), ['7:9 stages[1].when: an expression stands here without `${{ }}`']],
    [staged('[a]'), ["7:9 stages[1].when: expected a condition such as params.branch == 'main', found a list"]],
    [
      staged('params.brunch'),
      ['7:9 stages[1].when: expected the name of a param, found "brunch" (did you mean "branch"?)'],
    ],
    [
      staged('true and branch'),
      [
        '7:18 stages[1].when: expected a name that begins with params., vars., tasks., run. or trigger., or text in quotes, found "branch"',
      ],
    ],
    [
      staged('param.branch'),
      [
        '7:9 stages[1].when: expected a name that begins with params., vars., tasks., run. or trigger., found "param.branch" (did you mean "params"?)',
      ],
    ],
    [staged('params'), ['7:9 stages[1].when: expected params.NAME, found "params"']],
    [
      staged('params.branch.name'),
      [
        '7:9 stages[1].when: expected params.NAME, found "params.branch.name": only a param of the type json has something inside',
      ],
    ],
    [staged('vars'), ['7:9 stages[1].when: expected vars.NAME, found "vars"']],
    [staged('vars.hosts.0'), ['7:9 stages[1].when: expected the name of a variable, found "hosts"']],
    [staged('tasks.a.outputs.report.high == 0'), []],
    [
      staged('run.name'),
      [
        '7:9 stages[1].when: expected one of run.number, run.cause, run.by, run.attempt, run.timestamp, run.id or run.pipeline, found "run.name"',
      ],
    ],
    [
      staged('tasks.a.state'),
      ['7:9 stages[1].when: expected tasks.KEY.status or tasks.KEY.outputs.NAME, found "tasks.a.state"'],
    ],
    [staged('tasks.z.status'), ['7:9 stages[1].when: expected the key of a task, found "z"']],
    [staged('tasks.c.status'), ['7:9 stages[1].when: expected a task of an earlier stage, found "c"']],
    [staged("tasks.a.status == 'failed' and tasks.b.outputs.x and params.SYS_INCREMENT and run.attempt"), []],
    [
      task('script: make ${{ params.a }}'),
      [
        '4:13 tasks[0].script: expected no ${{ }} in text that goes to an interpreter: put the value in `env` and read the variable',
      ],
    ],
    [
      task('env: {A: "x ${{ params.a }} ${{ 1 + }}"}', 'uses: noop'),
      [
        '4:21 tasks[0].env.A: expected the name of a param, found "a"',
        '4:39 tasks[0].env.A: expected a value or an operator, found "+"',
      ],
    ],
    [
      task('git: {url: "/srv/${{ tasks.t.status }}"}'),
      ['4:26 tasks[0].git.url: expected a task that is over by then, found "t", the task itself'],
    ],
    [task("approval: '${{ run.number'"), ['4:16 tasks[0].approval: expected }} after ${{']],
    [
      named('env: {A: "${{ tasks.t.status }}"}'),
      ['2:15 env.A: expected params or run here, which holds for every task, found the name of a task'],
    ],
    [
      'name: x\ntasks:\n- {key: a, uses: noop}\n- {key: b, uses: noop, when: tasks.a.status == "failed"}\n- {key: c, uses: noop, when: tasks.a.status == "failed", needs: a}',
      ['4:30 tasks[1].when: expected a task that is over by then, found "a": name it in `needs`'],
    ],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })
})

test('all errors are shown at once, in the order of the text', () => {
  const text = `name: ''
params: {1a: x}
timeout: soon
stages:
  - name: Build
    when: params.x
    tasks:
      - key: a
        script: make
        needs: [b]
        retry: 1000
  - tasks: 3
`
  expect(errorsOf(text).map((line) => line.split(': ')[0])).toEqual([
    '1:7 name',
    '2:10 params["1a"]',
    '3:10 timeout',
    '6:11 stages[0].when',
    '10:17 stages[0].tasks[0].needs[0]',
    '11:16 stages[0].tasks[0].retry',
    '12:5 stages[1].name',
    '12:12 stages[1].tasks',
  ])
})

test('what is wrong in itself does not make errors elsewhere', () => {
  const text = `name: x
params: {PATH: x, good: {type: nope}}
tasks:
  - {key: a, script: '', needs: b}
  - {key: b, uses: nope, when: params.good == params.PATH}
`
  expect(errorsOf(text).map((line) => line.split(': ')[0])).toEqual([
    '2:10 params.PATH',
    '2:32 params.good.type',
    '4:22 tasks[0].script',
    '5:20 tasks[1].uses',
  ])
})
