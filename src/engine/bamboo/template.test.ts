import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
import { BAMBOO_TEXT_MAX } from './parse.ts'
import { BAMBOO_RENDERED_MAX, bambooBudget, type BambooContext, referencedNames, renderBamboo } from './template.ts'

/** The answers were watched on Mako with the template rules of bamboo-engine 2.x (2026-11-22). */

const given: Readonly<Record<string, Json>> = {
  a: 2,
  b: '3',
  f: 1.5,
  s: 'Hello',
  l: [1, '2', 3.5, null, true],
  d: { k: 1, 'x y': [1] },
  n: null,
  t: true,
  e: '',
  int: 'cover',
  brace: '{}-{0}',
  tricky: '${a}',
  _system: { task_id: 7, operator: 'admin' },
  _env_REGION: 'eu',
}
const context: BambooContext = {
  get: (name) => (Object.hasOwn(given, name) ? given[name] : undefined),
  at: 1_795_307_405_678, // 2026-11-22T00:30:05.678Z
  zoneOffsetMinutes: 480,
}
const render = (value: Json): Json => renderBamboo(value, context)

test.each(['pass', 'if', 'lambda', 'None', 'context', 'loop', 'self', 'str', 'STOP_RENDERING', 'UNDEFINED'])(
  'a variable named %s is a text of its own, and no part of one',
  (name) => {
    const get = (asked: string): Json | undefined => (asked === name ? 'V' : undefined)
    const rendered = (text: string): Json => renderBamboo(text, { ...context, get })
    expect(rendered(`\${${name}}`)).toBe('V')
    const beside = name === 'None' ? 'a None' : `a \${${name}}`
    expect(rendered(`a \${${name}}`)).toBe(beside)
  },
)

test('what a text is translated to is paid for', () => {
  const table = JSON.stringify({ a: 'x'.repeat(1_000) })
  const text = "${('a' * 10000).translate(str.maketrans(table))}"
  const get = (name: string): Json | undefined => (name === 'table' ? (JSON.parse(table) as Json) : undefined)
  expect(renderBamboo(text, { ...context, get })).toBe(text)
})

describe('what a text becomes', () => {
  test.each<[string, Json]>([
    ['plain', 'plain'],
    ['', ''],
    ['${a}', 2],
    ['${l}', [1, '2', 3.5, null, true]],
    ['${n}', null],
    ['${int}', 'cover'],
    ['${a }', '2'],
    // its safety check reads a piece as lines of Python
    ['${ a }', '${ a }'],
    ['${\n a}', '${\n a}'],
    ['${\na}', '2'],
    ['${a} ', '2 '],
    ['${a}${b}', '23'],
    ['x${a}y${unknown}z', 'x2y${unknown}z'],
    ['${unknown}', '${unknown}'],
    ['${tricky}', '${a}'],
    ['${tricky}!', '${a}!'],
    ['$${a}', '$2'],
    ['$ {a} ${} ${', '$ {a} ${} ${'],
    ['${{ a }}', '${{ a }}'],
    ['${a#b}', '${a#b}'],
    ['${_system.task_id}', '7'],
    ['by ${_system.operator} in ${_env_REGION}', 'by admin in eu'],
    // how values look in a text
    ['${l}!', "[1, '2', 3.5, None, True]!"],
    ['${d}!', "{'k': 1, 'x y': [1]}!"],
    ['${n} ${t} ${f}', 'None True 1.5'],
    ['${["it\'s"]} ${[1.0]}', '["it\'s"] [1.0]'],
    ["${['\\n\u00e9\u3000']}", "['\\né\\u3000']"],
    ['${(1,)} ${()} ${(1, 2)}', '(1,) () (1, 2)'],
    // filters
    ["${'<b>' | h}", '&lt;b&gt;'],
    ["${' x ' | trim, h}", 'x'],
    ["${'a b/c?' | u}", 'a+b%2Fc%3F'],
    ['${a | nothing}', '${a | nothing}'],
  ])('%j is %j', (text, value) => {
    expect(render(text)).toEqual(value)
  })

  test('dicts and lists are rendered by their values, to any depth; keys stay', () => {
    const value = JSON.parse('{"${a}": ["${a}", {"x": "${a+1}"}], "__proto__": "${b}", "n": [null, true, 1]}') as Json
    expect(JSON.stringify(render(value))).toBe('{"${a}":[2,{"x":"3"}],"__proto__":"3","n":[null,true,1]}')
  })
})

describe('expressions', () => {
  test.each<[string, string]>([
    ['a+int_of', 'verbatim'],
    ["a + len('12')", '4'],
    ['1 == 1.0', 'True'],
    ['1/2', '0.5'],
    ['-7//2', '-4'],
    ['-7%3', '2'],
    ['7.5 % -2', '-0.5'],
    ['2**100', '1267650600228229401496703205376'],
    ['2**-1', '0.5'],
    ['-2 ** 2', '-4'],
    ['2 ** 3 ** 2', '512'],
    ['0.1+0.2', '0.30000000000000004'],
    ['1e16', '1e+16'],
    ['1e-5', '1e-05'],
    ['123456789012345678.0', '1.2345678901234568e+17'],
    ['0x1f + 0b11 + 0o7 + 1_000', '1041'],
    ['a << 3', '16'],
    ['~a', '-3'],
    ['(a | 3)', '3'],
    ['True + True', '2'],
    ['True & False', 'False'],
    ["s * 2 + '!'", 'HelloHello!'],
    ['[1,2] + [3] * 2', '[1, 2, 3, 3]'],
    ["'1' + 1", 'verbatim'],
    ['1 // 0', 'verbatim'],
    // logic
    ["a if a > 1 else 'x'", '2'],
    ['1 < 2 < 3', 'True'],
    ["'H' in s and 'z' not in s", 'True'],
    ['n is None', 'True'],
    ["e or 'x'", 'x'],
    ["unknown or 'x'", 'x'],
    ["'1' if unknown else '2'", '2'],
    ['not not a', 'True'],
    ["1 < 'a'", 'verbatim'],
    // indexes
    ['s[-1] + s[1:3] + s[::-1]', 'oelolleH'],
    ["d['x y'][0]", '1'],
    ['l[1:][0]', '2'],
    ['l[10]', 'verbatim'],
    ["'a😀b'[1] + 'a😀b'[::-1]", '😀b😀a'],
    // functions
    ["int('12') + int(3.9) + int(True)", 'verbatim'], // `int` is given here: it is a text
    ["float('1.50')", '1.5'],
    ['round(2.5)', '2'],
    ['round(2.675, 2)', '2.67'],
    ['max(1, 3) + min([4, 2])', '5'],
    ['sum([1, 2.5])', '3.5'],
    ['sorted([3, 1, 2], reverse=True)', '[3, 2, 1]'],
    ["sorted(['bb', 'a'], key=len)", "['a', 'bb']"],
    ['list(range(10, 0, -3))', '[10, 7, 4, 1]'],
    ["list(zip([1, 2], 'ab'))", "[(1, 'a'), (2, 'b')]"],
    // bk-sops shields these words
    ["','.join(map(str, [1, 2.5, True]))", 'verbatim'],
    ["filter(None, [0, 1, '', 'a'])", 'verbatim'],
    ['isinstance([], list)', 'verbatim'],
    ['chr(0x41)', 'verbatim'],
    ['dict(a=1)', "{'a': 1}"],
    ['str(None)', 'None'],
    ['len(s)', '5'],
    ["any([0, '']) or all([1, 2])", 'True'],
    // comprehensions and lambdas
    ["', '.join([str(i) for i in l])", '1, 2, 3.5, None, True'],
    ['sum(i * 2 for i in [1, 2, 3] if i != 2)', '8'],
    ["[k + '=' + str(v) for k, v in d.items()]", "['k=1', 'x y=[1]']"],
    ['(lambda x, y: x * y)(2, 3)', '6'],
    // methods
    ['s.upper()', 'HELLO'],
    ["'a,b'.split(',')", "['a', 'b']"],
    ["' a  b '.split()", "['a', 'b']"],
    ["s.replace('l', 'L', 1)", 'HeLlo'],
    ["s.startswith(('x', 'He'))", 'True'],
    ["s.find('l')", '2'],
    ["d.get('z', 'none')", 'none'],
    ['d.k', 'verbatim'], // a dict is no object
    ["brace.format('x', 1)", 'verbatim'],
    ["'%s-%05.2f-%d' % (s, f, a)", 'Hello-01.50-2'],
    ["format(1234567.891, ',.1f')", '1,234,567.9'],
    ['l.append(1)', 'None'],
    // modules
    ['json.dumps(d)', '{"k": 1, "x y": [1]}'],
    ["json.dumps('é', ensure_ascii=False)", '"é"'],
    ["json.dumps('é')", '"\\u00e9"'],
    ["json.loads('[1, 2]')[1]", '2'],
    ["os.path.join('a', 'b', 'c.txt')", 'a/b/c.txt'],
    ["os.path.splitext(os.path.basename('/x/y.tar.gz'))", "('y.tar', '.gz')"],
    ["datetime.datetime.now().strftime('%Y-%m-%d %H:%M:%S')", '2026-11-22 08:30:05'],
    ['datetime.datetime.now()', '2026-11-22 08:30:05.678000'],
    ['datetime.datetime.utcnow().hour', '0'],
    ['datetime.date.today() + datetime.timedelta(days=-22)', '2026-10-31'],
    ["time.strftime('%Y%m%d')", '20261122'],
    ['time.time()', '1795307405.678'],
    ["datetime.datetime.strptime('2020-02-29', '%Y-%m-%d').strftime('%j %a %b')", '060 Sat Feb'],
    ['(datetime.datetime(2020, 3, 1) - datetime.datetime(2020, 2, 1)).days', '29'],
    ['datetime.timedelta(hours=25)', '1 day, 1:00:00'],
    ['datetime.date(2021, 2, 29)', 'verbatim'],
  ])('%s: %s', (expression, text) => {
    const piece = `\${${expression}}`
    expect(render(piece)).toBe(text === 'verbatim' ? piece : text)
  })
})

describe('what is refused stays as it is written', () => {
  test.each([
    "${__import__('os').system('id')}",
    "${''.__class__.__mro__}",
    "${d['__class__']}",
    "${getattr(s, 'upper')}",
    "${open('/etc/passwd')}",
    "${eval('1')}",
    "${exec(print(''))}",
    '${import os}',
    '${while True: pass}',
    '${os.environ}',
    "${os.path.os.popen('id')}",
    "${json.codecs.builtins.exec('1')}",
    '${datetime.sys.modules}',
    '${self.module.cache}',
    '${random.randint(1, 6)}',
    '${hashlib.md5(s).hexdigest()}',
    "${f'{a}'}",
    "${b'abc'}",
    '${lambda: 1}',
    '${a; b}',
    '${a:b}',
    '${*l}',
    '${constructor}',
    '${s.constructor}',
    '${d.constructor}',
    '${d.__proto__}',
    '${l.length}',
    '${brace.format.__func__}',
    '${int.from_bytes}',
  ])('%s', (text) => {
    expect(render(text)).toBe(text)
  })

  test('a field of a format reaches no attribute', () => {
    const hostile = '{0.__class__}'
    const text = '${hostile.format(1)}'
    expect(renderBamboo(text, { ...context, get: (name) => (name === 'hostile' ? hostile : undefined) })).toBe(text)
  })
})

describe('bombs cost little and stay as they are written', () => {
  const chain = (before: string, after: string, times: number): string =>
    `\${${before.repeat(times)}1${after.repeat(times)}}`
  const big: Readonly<Record<string, Json>> = {
    big: 'x'.repeat(100_000),
    many: Array.from({ length: 20_000 }, (_, at) => at),
  }

  test.each([
    "${'a' * 10**9}",
    '${[0] * 10**9}',
    '${9**9**9}',
    '${1 << 10**9}',
    '${[2**16000] * 100000}',
    '${sum([2**8000 * 2**8000 for i in range(100000)])}',
    "${re.match('(a+)+b', 'a' * 60)}",
    "${re.sub('(.*)*y', '', big)}",
    "${re.findall('((a?)+)+b', 'a' * 5000)}",
    chain('(', ')', 1_000),
    chain('[', ']', 1_000),
    chain('not ', '', 1_000),
    chain('-', '', 4_000),
    chain('1+', '', 2_000),
    chain('1**', '', 1_000),
    '${(lambda f: f(f))(lambda f: f(f))}',
    '${(lambda f: [f(f), f(f)])(lambda f: [f(f), f(f)])}',
    '${[1 for a in range(1000) for b in range(1000) for c in range(1000)]}',
    chain('(lambda a: [a, a])(', ')', 40),
    `\${dict([(${'(lambda a: (a, a))('.repeat(40)}1${')'.repeat(40)}, 1)])}`,
    '${list(range(10**30))}',
    "${'1'.zfill(10**9)}",
    "${'1'.center(10**12)}",
    "${'%999999999d' % 1}",
    "${format(1, '99999')}",
    "${big.replace('x', big)}",
    '${big.join([str(i) for i in many])}',
    '${json.dumps([many] * 1000)}',
    "${json.loads('[' * 100000 + ']' * 100000)}",
    "${int('1' * 100000)}",
    `\${${' '.repeat(BAMBOO_TEXT_MAX)}1}`,
    `\${${"'".repeat(4_001)}}`,
  ])('%.60s', (text) => {
    const get = (name: string): Json | undefined => (Object.hasOwn(big, name) ? big[name] : undefined)
    expect(renderBamboo(text, { ...context, get })).toBe(text)
  })

  test('one value has one budget: what comes after it was spent stays as it is written', () => {
    const bomb = '${[1 for a in range(1000) for b in range(1000)]}'
    expect(render(['${a + 1}', bomb, '${a + 2}', '${a}'])).toEqual(['3', bomb, '${a + 2}', 2])
  })

  test('several renderings can share a budget: variables that need each other cost no more than one', () => {
    const variables: Readonly<Record<string, string>> = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`v${at}`, `\${v${at + 1}}\${v${at + 1}}`]),
    )
    const budget = bambooBudget()
    const get = (name: string): Json | undefined => {
      const value = Object.hasOwn(variables, name) ? variables[name] : name === 'v60' ? 'x' : undefined
      return value === undefined ? undefined : renderBamboo(value, { ...context, get, budget })
    }
    const rendered = renderBamboo('${v0} ${a}', { ...context, get, budget }) as string
    expect(rendered.length).toBeLessThanOrEqual(BAMBOO_RENDERED_MAX)
    expect(rendered).toContain('${')
  })

  test('a text grows to 1,048,576 characters at the most', () => {
    const big = 'x'.repeat(100_000)
    const rendered = renderBamboo('${big[:90000]}'.repeat(20), { ...context, get: () => big }) as string
    expect(rendered.length).toBeLessThanOrEqual(BAMBOO_RENDERED_MAX)
    expect(rendered.endsWith('${big[:90000]}')).toBe(true)
  })

  test('a great many pieces that come to nothing are not all tried', () => {
    const text = Array.from({ length: 50_000 }, (_, at) => `\${x${at}}`).join('')
    expect(render(text)).toBe(text)
    expect(referencedNames(text).length).toBeLessThan(5_000)
  })
})

describe('names that a value asks for', () => {
  test.each<[Json, readonly string[]]>([
    ['plain', []],
    ['${a} ${b}', ['a', 'b']],
    [{ x: ['${a}', '${a + len(b)}'], '${key}': 1 }, ['a', 'b']],
    ["${a['c']} ${'%s' % a}", ['a']],
    ['${_system.task_id}', ['_system']],
    ['${[x + y for x in list_]}', ['y', 'list_']],
    ['${(lambda x: x + z)(1)}', ['z']],
    ["${datetime.datetime.now().strftime('%Y')}", []],
    ['${a +} ${b', []],
    ['${a | h}', ['a']],
    ['${x if y else d[k:1]}', ['x', 'y', 'd', 'k']],
  ])('%j: %j', (value, names) => {
    expect(referencedNames(value)).toEqual(names)
  })
})

const operand = fc.constantFrom(
  'a',
  'b',
  's',
  'l',
  'd',
  'f',
  'n',
  't',
  'e',
  'unknown',
  '1',
  '2.5',
  "'x'",
  '[1, 2]',
  '(1,)',
  'None',
  "'%s'",
)
const operator = fc.constantFrom(
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  '**',
  '<<',
  '>>',
  '&',
  '^',
  '==',
  '<',
  ' in ',
  ' and ',
  ' or ',
  ' if 1 else ',
  '|',
)
const call = fc.constantFrom(
  'int',
  'str',
  'len',
  'sorted',
  'json.dumps',
  'json.loads',
  'sum',
  'round',
  'dict',
  'list',
  'os.path.join',
  'format',
  'map',
  'filter',
  'isinstance',
  'chr',
)
const ending = fc.constantFrom(
  '',
  '[0]',
  '[::-1]',
  '.upper()',
  '.split()',
  '.items()',
  '.format(1)',
  '.k',
  '(1)',
  '[',
  ')',
  '.',
)
const expression = fc.oneof(
  fc.tuple(operand, operator, operand, operator, operand).map((pieces) => pieces.join('')),
  fc.tuple(call, operand, ending).map(([name, inside, end]) => `${name}(${inside})${end}`),
  fc.tuple(operand, ending, operator, operand, ending).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

test('rendering never throws, whatever the text and whatever the names stand for', () => {
  let changed = 0
  fc.assert(
    fc.property(expression, fc.jsonValue({ maxDepth: 3 }), (inside, value) => {
      const text = `x\${${inside}}`
      const rendered = renderBamboo(text, {
        ...context,
        get: (name) => (name === 'a' ? (value as Json) : context.get(name)),
      })
      expect(typeof rendered).toBe('string')
      if (rendered !== text) changed += 1
      referencedNames(text)
    }),
    { numRuns: 500 },
  )
  expect(changed).toBeGreaterThan(20)
})

test('a text without pieces is itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/\$\{[^${}#]+\}/.test(text))
      expect(render(text)).toBe(text)
    }),
    { numRuns: 200 },
  )
})

test('a number that is a float in Python looks as Python prints it, and gives itself back', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (float) => {
      fc.pre(!Object.is(float, -0)) // JavaScript writes it without its sign
      const text = renderBamboo('${float(x)}', {
        ...context,
        get: (name) => (name === 'x' ? String(float) : undefined),
      })
      expect(Number(text)).toBe(float)
    }),
    { numRuns: 200 },
  )
})
