import { expect, test } from 'vitest'
import { asId, type PipelineId } from '../../model/id.ts'
import { Reserves } from './reserves.ts'

const [one, other, gone] = ['a', 'b', 'c'].map((digit) => asId<PipelineId>(digit.repeat(32)))

test('what is wanted of a pipeline in one turn is taken with one statement, and given in the order of the calls', async () => {
  const taken: (readonly unknown[])[] = []
  let serial = 100
  const session = {
    rows: <Row>(_sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
      taken.push(values)
      const [pipeline, count] = values as [PipelineId, number]
      serial += count
      return Promise.resolve((pipeline === gone ? [] : [{ number: 10 + count, serial }]) as Row[])
    },
  }
  const reserves = new Reserves()
  const wanted = [one!, other!, one!, one!].map((id) => reserves.reserve(session, id))
  const refused = expect(reserves.reserve(session, gone!)).rejects.toMatchObject({ code: 'missing' })
  expect(await Promise.all(wanted)).toEqual([
    { number: 11, serial: 101 },
    { number: 11, serial: 104 },
    { number: 12, serial: 102 },
    { number: 13, serial: 103 },
  ])
  await refused
  expect(taken).toEqual([
    [one, 3],
    [other, 1],
    [gone, 1],
  ])
  expect(await reserves.reserve(session, one!)).toEqual({ number: 11, serial: 106 })
})
