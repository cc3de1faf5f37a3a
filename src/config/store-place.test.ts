import { expect, test } from 'vitest'
import { parseStorePlace } from './store-place.ts'

test.each([
  ['sqlite:data', { kind: 'sqlite', directory: 'data' }],
  ['sqlite:/var/lib/millrace', { kind: 'sqlite', directory: '/var/lib/millrace' }],
  ['sqlite:///var/lib/millrace', { kind: 'sqlite', directory: '/var/lib/millrace' }],
  ['sqlite:data/millrace.db', { kind: 'sqlite', directory: 'data/' }],
  ['sqlite:millrace.db', { kind: 'sqlite', directory: '.' }],
  ['postgres://a:b@c/d', { kind: 'postgres', url: 'postgres://a:b@c/d' }],
  ['postgresql://c/d', { kind: 'postgres', url: 'postgresql://c/d' }],
])('%s is the place of a store', (text, place) => {
  expect(parseStorePlace(text)).toEqual(place)
})

test.each(['', 'data', 'sqlite:', 'mysql://a/b', 'postgres:a', 'sqlite:a\0b'])('%j is none', (text) => {
  expect(parseStorePlace(text)).toBeUndefined()
})
