import { Command } from 'commander'
import { expect, test } from 'vitest'
import { verbFirst } from './verb-first.ts'

const program = new Command('millrace').version('1')
program.command('runs').option('--url <url>').option('--json').option('--limit <n>')
program.command('store').option('--url <url>').option('--limit')
program.command('users').command('list').option('--url <url>')

test.each([
  ['--url http://a runs --limit 3', 'runs --limit 3 --url http://a'],
  ['--json --url=http://a runs', 'runs --json --url=http://a'],
  // A value may be called as a command is.
  ['--url store runs', 'runs --url store'],
  ['--url http://a users list', 'users list --url http://a'],
  ['--json runs -- --url', 'runs --json -- --url'],
  // As they were: nothing is before the command, nobody has it, it has two forms, it is the program's, no command comes.
  ['runs --url http://a', 'runs --url http://a'],
  ['--bogus runs', '--bogus runs'],
  ['--limit 3 runs', '--limit 3 runs'],
  ['--version', '--version'],
  ['--url http://a', '--url http://a'],
  ['--url', '--url'],
  ['', ''],
])('%s', (given, expected) => {
  expect(verbFirst(given.split(' '), program)).toEqual(expected.split(' '))
})
