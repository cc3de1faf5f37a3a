import { describe, expect, test } from 'vitest'
import { masked, maskedJson, sealLogin, sealQuery, withKeptTexts } from './credentials.ts'

/** As the app's: of letters that nothing has to escape. */
const seal = (value: string): string => `sealed.v1.${Buffer.from(value.padEnd(30, '-')).toString('base64url')}.`
const STARS = '***'

describe('an address', () => {
  test.each([
    ['https://me:s3cret@git.example/team', 'https://me:***@git.example/team'],
    ['https://t0ken@git.example/team', 'https://***@git.example/team'],
    ['ssh://git@git.example/team', 'ssh://git@git.example/team'],
    ['ssh://me:pw@git.example/team', 'ssh://me:***@git.example/team'],
    ['https://me:@git.example', 'https://me:@git.example'],
    ['https://git.example/a@b', 'https://git.example/a@b'],
    ['https://git.example?mail=a@b', 'https://git.example?mail=a@b'],
    ['git@git.example:team/a.git', 'git@git.example:team/a.git'],
    ['team', 'team'],
  ])('%s is shown as %s', (address, shown) => expect(masked(sealLogin(address, seal), STARS)).toBe(shown))
})

describe('the query of an address', () => {
  test.each([
    ['https://x.example/robot?access_token=s3&at=1', 'https://x.example/robot?access_token=***&at=1'],
    [
      'http://x?KEY=a%20b&key=&key&X-Amz-Signature=0#?token=f',
      'http://x?KEY=***&key=&key&X-Amz-Signature=***#?token=f',
    ],
    ['https://x/?token=a=b?c&privateToken=d', 'https://x/?token=***&privateToken=***'],
    ['https://x/?token=${t}&keys=1&tokenize=2&=3', 'https://x/?token=${t}&keys=1&tokenize=2&=3'],
    ['https://x/token=1', 'https://x/token=1'],
    ['https://x/#/a?token=1', 'https://x/#/a?token=1'],
    ['git@x:team/a.git?token=1', 'git@x:team/a.git?token=1'],
    ['', ''],
  ])('%s is shown as %s', (address, shown) => expect(masked(sealQuery(address, seal), STARS)).toBe(shown))
})

test('nothing sealed is in JSON that is shown', () => {
  expect(maskedJson({ a: [seal('x')], b: `"${seal('y')}"` }, STARS)).toBe(String.raw`{"a":["***"],"b":"\"***\""}`)
})

describe('what comes back as it was shown', () => {
  const before = { repos: [{ url: sealLogin('https://a:one@x', seal) }, { url: sealLogin('https://b:two@x', seal) }] }

  test('is what it was, also in another order', () => {
    const now = { repos: [{ url: 'https://b:***@x' }, { url: 'https://a:***@x' }, { url: 'https://c:***@x' }] }
    const kept = withKeptTexts(now, before, STARS)
    expect(kept).toEqual({ repos: [before.repos[1], before.repos[0], { url: 'https://c:***@x' }] })
  })

  test('under another name is something else', () => {
    expect(withKeptTexts({ note: 'https://b:***@x' }, before, STARS)).toEqual({ note: 'https://b:***@x' })
  })
})
