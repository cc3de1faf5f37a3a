import { expect, test } from 'vitest'
import { type Message, readMessages } from './sse.ts'

async function read(...chunks: readonly Uint8Array[]): Promise<(Message | undefined)[]> {
  const messages: (Message | undefined)[] = []
  for await (const message of readMessages(pieces(chunks))) messages.push(message)
  return messages
}
async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
const bytes = (text: string): Buffer => Buffer.from(text)

test('messages, comments and what else the format allows are read', async () => {
  const stream =
    'retry: 1000\n: hello\n\nid: 1\ndata: {"a":1}\n\nevent: x\ndata:two\ndata: lines\nid\n\n: \n\ndata: cut off'
  expect(await read(bytes(stream))).toEqual([
    undefined,
    { id: '1', data: '{"a":1}' },
    { id: '', data: 'two\nlines' },
    undefined,
  ])
})

test('a message that has only an id says where the stream is', async () => {
  expect(await read(bytes('retry: 1000\nid: 41\n: hello\n\nid: 42\ndata: x\n\ndata: y\n\n'))).toEqual([
    undefined,
    { id: '41', data: '' },
    { id: '42', data: 'x' },
    { id: '42', data: 'y' },
  ])
})

test('it does not matter where the stream is cut into chunks, nor how lines end', async () => {
  const stream = bytes('id: 1\ndata: 流水线\n\nid: 2\r\ndata: two\r\n\r\n')
  const whole = await read(stream)
  expect(whole).toEqual([
    { id: '1', data: '流水线' },
    { id: '2', data: 'two' },
  ])
  for (let at = 0; at <= stream.length; at += 1) {
    expect(await read(stream.subarray(0, at), stream.subarray(at))).toEqual(whole)
  }
  expect(await read(...Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(whole)
})

test('a line without an end is not collected for ever', async () => {
  const chunk = new Uint8Array(1_048_576).fill(0x61)
  await expect(read(...Array.from({ length: 10 }, () => chunk))).rejects.toThrow('longer than')
})
